"""Reading the outbox: the mails of an event, one of them, and what a list shows of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from sqlalchemy import select

from eventmail.db import fresh, sql
from eventmail.errors import NotFound
from eventmail.models import AccountMail, Mailing
from eventmail.providers.outbox import Kept, kept


@dataclass(frozen=True)
class Summary:
    """One mail of the outbox in a list."""

    name: str
    to: str
    subject: str
    mailing_id: int | None
    at: datetime


def of_event(folder: Path, event_id: int) -> list[Kept]:
    """The mails of one event, newest first. The file names tell, so no mail is opened."""
    keys = _mailings(event_id)
    return [mail for mail in reversed(kept(folder)) if mail.root in keys]


def find(folder: Path, event_id: int, name: str) -> Kept:
    """One mail of this event by file name. Raises NotFound, also for a mail of another event."""
    mail = next((mail for mail in kept(folder) if mail.path.name == name), None)
    if mail is None or mail.root not in _mailings(event_id):
        raise NotFound
    return mail


def named(folder: Path, key: str) -> str | None:
    """The file name of the mail that was handed over under this key; None without one."""
    return next((path.name for path in folder.glob(f"[0-9]*.{key}.*.eml")), None)


def everything(folder: Path) -> list[Summary]:
    """Every mail on this box, oldest first."""
    return summaries(kept(folder))


def summaries(mails: Sequence[Kept]) -> list[Summary]:
    """What a list shows of each mail; a query for each 500 messages, and the header of each file."""
    mailings: dict[str, int] = {}
    for roots in sql.chunks(sorted({mail.root for mail in mails}), 500):
        mailings.update(fresh().execute(select(Mailing.key, Mailing.id).where(Mailing.key.in_(roots))).all())
    return [_summary(mail, mailings.get(mail.root)) for mail in mails]


def _summary(mail: Kept, mailing_id: int | None) -> Summary:
    with mail.path.open("rb") as file:
        header = message_from_bytes(file.read(64 * 1024).partition(b"\r\n\r\n")[0] + b"\r\n\r\n", policy=policy.default)
    at = datetime.fromtimestamp(int(mail.path.name.split(".")[0]) / 1e9, UTC)
    return Summary(mail.path.name, str(header["To"]), str(header["Subject"]), mailing_id, at)


def _mailings(event_id: int) -> set[str]:
    """The roots of this event's keys: of its mailings, and of the mails that told their authors how they went."""
    here = Mailing.event_id == event_id
    told = fresh().scalars(select(AccountMail).join(Mailing, Mailing.id == AccountMail.mailing_id).where(here))
    return {*fresh().scalars(select(Mailing.key).where(here)), *(mail.root for mail in told)}
