"""One guest's history: every message they were part of, what mail services reported, what was changed about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from eventmail.db import Page, Rows, fresh
from eventmail.domain import stories
from eventmail.domain.guest_list import Detailed
from eventmail.domain.stories import News, Story, Whose
from eventmail.models import AuditEntry, EmailEvent, Exclusion, GuestBefore, GuestChange, Mailing, Recipient
from eventmail.states import MailingKind


@dataclass(frozen=True, slots=True)
class Changed:
    """The guest's part in a change of many: `had` is the status, or the tag that was removed; `change` says the rest."""

    change: GuestChange
    had: str | None
    restored: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, at `at`: a message, a report of a mail service, an entry of the log, or a change."""

    at: datetime
    what: Story | News | AuditEntry | Changed


def history(event_id: int, guest: Detailed, *, page: int = 1, size: int = 50) -> Page[Moment]:
    """Newest first; the same number of queries however much there is."""
    session, whose = fresh(), Whose((guest.id,), None)
    everything = union_all(*_parts(event_id, guest)).subquery()
    total = session.scalar(select(func.count()).select_from(everything)) or 0
    number = min(max(page, 1), max(1, -(-total // size)))
    newest = select(everything).order_by(everything.c.at.desc(), everything.c.kind, everything.c.id.desc())
    rows = session.execute(newest.limit(size).offset((number - 1) * size)).all()
    ids: dict[str, list[int]] = {kind: [row.id for row in rows if row.kind == kind] for kind in _KINDS}
    found: dict[tuple[str, int], Any] = {}
    for kind, read in _KINDS.items():
        found |= {(kind, row_id): what for row_id, what in read(session, ids[kind])}
    told = _messages(session, event_id, ids["message"], whose)
    found |= {("message", story.mailing_id): story for story in told}
    return Page([Moment(row.at, found[row.kind, row.id]) for row in rows], number, size, total)


def _parts(event_id: int, guest: Detailed) -> Sequence[Rows]:
    """(kind, id, at) of everything there is, each part along an index."""
    here = (Mailing.event_id == event_id, Mailing.kind != MailingKind.TEST)
    mine = (
        table.mailing_id == Mailing.id for table in (Recipient, Exclusion)
    )
    got, left_out = (
        select(literal("message").label("kind"), Mailing.id.label("id"), Mailing.created_at.label("at"))
        .join(table, joined)
        .where(table.guest_id == guest.id, *here)
        for table, joined in zip((Recipient, Exclusion), mine, strict=True)
    )
    return (
        union_all(got, left_out),
    )
