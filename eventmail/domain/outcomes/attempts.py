"""The request ids of the attempts to hand over a mail."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from eventmail.db import fresh
from eventmail.models import Attempt

_REQUEST_IDS = (  # built once
    select(Attempt.recipient_id, Attempt.request_id)
    .where(Attempt.recipient_id.in_(bindparam("recipients", expanding=True)))
    .order_by(Attempt.recipient_id, Attempt.number)
)


def request_ids(recipient_ids: Sequence[int]) -> dict[int, list[str]]:
    """The request ids of every attempt, by recipient, oldest first; one query for a page."""
    found: dict[int, list[str]] = {}
    for recipient_id, request_id in fresh().connection().execute(_REQUEST_IDS, {"recipients": recipient_ids}):
        found.setdefault(recipient_id, []).append(request_id)
    return found
