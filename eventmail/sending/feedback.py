"""What mail services report about an address: `email_event`, and the do-not-mail list for a dead one (F1)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail.errors import Permanent
from eventmail.models import EVERYWHERE, EmailEvent, Suppression
from eventmail.sending.handover import Result
from eventmail.states import SuppressionReason


def record_hard_bounces(tx: Session, event_id: int, provider: str, results: Sequence[Result], now: datetime) -> None:
    """An address that the answer to a hand-over called dead gets no more mail, in the whole installation."""
    dead = [(c, m, o) for c, m, o in results if isinstance(o, Permanent) and o.hard and m is not None]
    if not dead:
        return
    addresses = {claimed.address for claimed, _, _ in dead}
    listed = set(
        tx.scalars(
            select(Suppression.address).where(Suppression.address.in_(addresses), Suppression.scope == EVERYWHERE)
        )
    )
    tx.add_all(
        Suppression(address=address, scope=EVERYWHERE, reason=SuppressionReason.HARD_BOUNCE, source=provider,
                    created_by=None, created_at=now)
        for address in sorted(addresses - listed)
    )  # fmt: skip
    tx.add_all(
        EmailEvent(provider=provider, provider_event_id=f"answer:{mail.request_id}", kind="bounce",
                   address=claimed.address, event_id=event_id, recipient_id=claimed.id, code=error.code,
                   detail=error.detail, at=now)
        for claimed, mail, error in dead
    )  # fmt: skip
