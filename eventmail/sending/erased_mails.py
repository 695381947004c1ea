"""The end of an erasure: files that name the guest are deleted, and the write-ahead log is emptied.

It follows the commit that erased the rows. When something interrupts it, the next sweep does the rest.
"""

from datetime import datetime
from email import message_from_bytes, policy
from email.utils import getaddresses
from pathlib import Path

from sqlalchemy import select, update

from eventmail import addresses, erased
from eventmail.db import db, fresh, sqlite, transaction
from eventmail.domain.imports import uploads
from eventmail.models import Erasure
from eventmail.settings import Settings

_HEAD = 64 * 1024  # bytes, more than any head of our mails


def finish(settings: Settings, now: datetime) -> int:
    """Finish open erasures; returns how many are finished now. Cheap when there is none."""
    asked = select(Erasure.id, Erasure.event_id, Erasure.keys, Erasure.addresses)
    open_ = fresh().execute(asked.where(Erasure.finished_at.is_(None))).all()
    if not open_:
        return 0
    keys = {key for erasure in open_ for key in erasure.keys}
    pseudonyms = {pseudonym for erasure in open_ for pseudonym in erasure.addresses}
    for path in settings.outbox.glob("[0-9]*.eml*"):  # mails, and what a crash left of one
        if _is_theirs(path, keys, pseudonyms, settings.secret):
            path.unlink(missing_ok=True)
    discarded = [uploads.discard_waiting(settings.imports, event) for event in {each.event_id for each in open_}]
    fresh().rollback()  # an open read of this session would keep the log
    if not all(discarded) or not sqlite.emptied_log(db.engine):
        return 0  # an import or a reader is in the way; the next sweep tries again
    with transaction() as tx:
        tx.execute(update(Erasure).where(Erasure.id.in_([each.id for each in open_])).values(finished_at=now, keys=[]))
    return len(open_)


def _is_theirs(path: Path, keys: set[str], pseudonyms: set[str], secret: bytes) -> bool:
    """Whether a mail is theirs, by the key in its name, else by its recipient: a test, or an earlier address."""
    key = path.name.split(".")[1]
    if key in keys or key.rpartition("-")[0] in keys:
        return True
    if not pseudonyms:
        return False
    try:
        with path.open("rb") as file:
            head = message_from_bytes(file.read(_HEAD).partition(b"\r\n\r\n")[0] + b"\r\n\r\n", policy=policy.default)
    except FileNotFoundError:
        return False
    to = [str(value) for value in head.get_all("To", [])]
    return any(erased.pseudonym(secret, addresses.normalized(address)) in pseudonyms for _, address in getaddresses(to))
