"""The log of who did what to what."""

from sqlalchemy.orm import Session

from eventmail.models import AuditEntry
from eventmail.records.acting import Acting


def audit(tx: Session, by: Acting, action: str, subject: str, *, event_id: int | None = None, **detail: object) -> None:
    """Write one log entry, e.g. `audit(tx, by, "guest.deleted", "guest:17", event_id=3, before={…})`."""
    acting = {"at": by.now, "actor": by.name, "user_id": by.user_id, "request_id": by.request_id}
    tx.add(AuditEntry(event_id=event_id, action=action, subject=subject, detail=detail, **acting))
