"""Reading the log: who did what, when, in which request. `records.audit` writes it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import ColumnElement, Select, String, bindparam, cast, func, or_, select

from eventmail import ids, value_parsing
from eventmail.db import Rows, fresh
from eventmail.models import AuditEntry, Content, Design, DraftText, Event, Guest, Mailing, Segment, User

_FULL_NAME = func.trim(Guest.first_name + " " + Guest.last_name)


@dataclass(frozen=True)
class Wanted:
    """The filters of the log. `since` and `until` are days in `zone`, both included."""

    actor: str = ""
    action: str = ""
    q: str = ""
    since: date | None = None
    until: date | None = None
    zone: tzinfo = UTC

    @property
    def narrowed(self) -> bool:
        return bool(self.actor or self.action or self.q or self.since or self.until)


def entries(event_id: int | None, wanted: Wanted) -> Select[AuditEntry]:
    """The statement for the log of one event, or of the whole installation (None), the newest first."""
    statement = select(AuditEntry).where(*_here(event_id)).order_by(AuditEntry.id.desc())
    if wanted.actor:
        statement = statement.where(AuditEntry.actor == wanted.actor)
    if wanted.action:
        statement = statement.where(AuditEntry.action == wanted.action)
    if wanted.since:
        statement = statement.where(AuditEntry.at >= _midnight(wanted.since, wanted.zone))
    if wanted.until:
        statement = statement.where(AuditEntry.at < _midnight(wanted.until + timedelta(days=1), wanted.zone))
    if wanted.q:
        forms = value_parsing.spellings(wanted.q)
        statement = statement.where(or_(AuditEntry.request_id == wanted.q, *(_holds(form) for form in forms)))
    return statement


def _holds(words: str) -> ColumnElement[bool]:
    written = json.dumps(words)[1:-1]  # the JSON column keeps it escaped
    return or_(
        cast(AuditEntry.detail, String).icontains(written, autoescape=True),
        AuditEntry.subject.icontains(words, autoescape=True),
        AuditEntry.actor.icontains(words, autoescape=True),
    )


# built once: a page that follows a mailing asks often
_OF_MAILING = (
    select(AuditEntry)
    .where(AuditEntry.subject == bindparam("subject"), AuditEntry.event_id == bindparam("event"))
    .order_by(AuditEntry.id)
)


def of_mailing(event_id: int, mailing_id: int) -> Sequence[AuditEntry]:
    """The entries about one mailing, the oldest first."""
    return fresh().scalars(_OF_MAILING, {"subject": f"mailing:{mailing_id}", "event": event_id}).all()


def counted_as_sent(event_id: int, mailing_id: int) -> Mapping[str, int]:
    """By name of the person, how many doubtful mails of a mailing they decided to count as sent (S5)."""
    counted: Counter[str] = Counter()
    for entry in of_mailing(event_id, mailing_id):
        if entry.action == "mailing.counted_as_sent":
            counted[entry.actor] += entry.detail["recipients"]
    return counted


def actors(event_id: int | None) -> Sequence[str]:
    """The names of everybody who appears in the log."""
    return fresh().scalars(select(AuditEntry.actor).where(*_here(event_id)).distinct().order_by(AuditEntry.actor)).all()


def actions(event_id: int | None) -> Sequence[str]:
    """Every action that appears in the log."""
    return (
        fresh().scalars(select(AuditEntry.action).where(*_here(event_id)).distinct().order_by(AuditEntry.action)).all()
    )


def names(shown: Sequence[AuditEntry]) -> Mapping[str, str]:
    """By subject, the names that the subjects of these entries have today. Deleted subjects are left out.

    Takes 1 query for each kind of subject.
    """
    by_kind: dict[str, set[int]] = {}
    for entry in shown:
        kind, _, number = entry.subject.partition(":")
        if row := ids.row_id(number):
            by_kind.setdefault(kind, set()).add(row)
    statements: dict[str, Rows] = {
        "event": select(Event.id, Event.title),
        "guest": select(Guest.id, func.coalesce(func.nullif(_FULL_NAME, ""), Guest.email)),
        "mailing": (
            select(Mailing.id, func.coalesce(Content.subject, DraftText.subject))
            .outerjoin(Content, Content.id == Mailing.content_id)
            .outerjoin(DraftText, DraftText.mailing_id == Mailing.id)
        ),
        "design": select(Design.id, Design.name),
        "segment": select(Segment.id, Segment.name),
        "user": select(User.id, User.name),
    }
    return {
        f"{kind}:{row[0]}": row[1] or ""
        for kind, row_ids in by_kind.items()
        if kind in statements
        for row in fresh().execute(statements[kind].where(statements[kind].selected_columns[0].in_(row_ids)))
    }


def _here(event_id: int | None) -> Sequence[ColumnElement[bool]]:
    return () if event_id is None else (AuditEntry.event_id == event_id,)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
