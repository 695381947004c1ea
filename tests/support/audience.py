"""An audience, and who of it gets mail. Each function needs an app context."""

from eventmail.db import fresh
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.exclusions import excluded
from eventmail.domain.audience.resolve import Audience
from eventmail.states import GuestStatus

EVERYONE = tuple(GuestStatus)
CONFIRMED = (GuestStatus.CONFIRMED,)


def resolved(audience: Audience) -> tuple[int, dict[str, int]]:
    """How many get it, and how many do not for which reason."""
    found = audiences.resolve(fresh(), audience)
    return found.count, {str(reason): number for reason, number in found.excluded.items()}


def getting(audience: Audience) -> list[int]:
    """The guests who get it."""
    return sorted(row.guest_id for row in fresh().execute(audiences.recipients(audience)))


def left_out(audience: Audience) -> dict[int, tuple[str, int | None]]:
    """Guest to (reason, whose mail goes to the same address)."""
    return {row.id: (row.reason, row.shares_with) for row in fresh().execute(excluded(audience))}
