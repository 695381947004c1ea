"""The rows of a draft, for saving and for sending it: find them, guard them, turn them into a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import move
from eventmail.domain.mailings import query
from eventmail.errors import AlreadySent, DomainError, NotFound, PastEditWindow, StaleRevision
from eventmail.models import DraftText, Event, Mailing, User
from eventmail.records import Acting, Keyed
from eventmail.states import MailingState

_MOMENT = timedelta(minutes=2)


@dataclass(frozen=True)
class DraftVersion:
    """A draft at the revision somebody has read. By `page`, an opened page knows its own saves, answered or not."""

    mailing_id: int | None = None
    revision: int = 0
    page: str = ""


def scope(event_id: int, by: Acting) -> str:
    """The scope of idempotency keys: one person and the messages of one event."""
    return f"user:{by.user_id}:mailings:{event_id}"


def unchanged(read: DraftVersion) -> ColumnElement[bool]:
    """The guard of every save (D5): nobody but this very page has saved since."""
    own = and_(DraftText.saved_from == read.page, DraftText.saved_from != "")
    return or_(DraftText.revision == read.revision, own)


def id_of(tx: Session, event_id: int, read: DraftVersion, by: Acting) -> int | None:
    """The mailing that `read` is about, even when the page never got the answer to its first save."""
    if read.mailing_id is not None or not read.page:
        return read.mailing_id
    known = records.replayable(tx, _keyed(event_id, read, by))
    return known.mailing_id if known else None


def remember(tx: Session, event_id: int, read: DraftVersion, mailing_id: int, by: Acting) -> None:
    """Tie the page of `read` to this mailing, so that a late save of the page makes no second draft."""
    records.remember(tx, _keyed(event_id, read, by), mailing_id, {}, by, status=200)


def find(session: Session, event_id: int, mailing_id: int) -> DraftText | None:
    """The text of a draft of this event; None for a message that is no draft any more. Raises NotFound."""
    state = session.scalar(select(Mailing.state).where(Mailing.id == mailing_id, *query.of_event(event_id)))
    if state is None:
        raise NotFound
    return session.scalars(select(DraftText).where(DraftText.mailing_id == mailing_id)).one_or_none()


def leave(
    tx: Session, event_id: int, read: DraftVersion | None, values: Mapping[str, Any], by: Acting, *,
    to_state: MailingState,
) -> Mailing | None:  # fmt: skip
    """Turn the row of a draft into a message in `to_state` with `values`, without its text; None without a draft.

    Of two people who send one draft, one wins. Raises AlreadySent, StaleRevision.
    """
    mailing_id = id_of(tx, event_id, read, by) if read else None
    if read is None or mailing_id is None:
        return None
    if find(tx, event_id, mailing_id) is None:
        raise sent(tx, mailing_id, by, AlreadySent, "It was not sent a second time.")
    guarded = delete(DraftText).where(DraftText.mailing_id == mailing_id, unchanged(read)).returning(DraftText.id)
    if tx.scalar(guarded, execution_options={"synchronize_session": False}) is None:
        raise stale(tx, mailing_id, by, "Nothing was sent.", read=read)
    if not move(tx, Mailing, [Mailing.id == mailing_id], MailingState.DRAFT, to_state, **values):
        raise sent(tx, mailing_id, by, AlreadySent, "It was not sent a second time.")
    return tx.get_one(Mailing, mailing_id)


def stale(
    session: Session, mailing_id: int, by: Acting, consequence: str, *, read: DraftVersion | None = None
) -> StaleRevision:
    """The refusal of a save or a send of a draft that somebody has changed since; `read` is for a program."""
    row = session.execute(
        select(DraftText.saved_at, DraftText.saved_by, DraftText.revision, User.name, Event)
        .join(Mailing, Mailing.id == DraftText.mailing_id)
        .join(Event, Event.id == Mailing.event_id)
        .outerjoin(User, User.id == DraftText.saved_by)
        .where(DraftText.mailing_id == mailing_id)
    ).one()
    at = f"{row.saved_at.astimezone(row.Event.zone):%H:%M}"
    if read and not read.page:
        who = "You" if row.saved_by == by.user_id else row.name or "Somebody"
        said = f"{who} saved this draft at {at}: it was at revision {row.revision} then, not at {read.revision}."
        return StaleRevision(f"{said} {consequence} Read it again first.", conflict="changed")
    said = f"{row.name or 'Somebody'} saved this draft at {at}, after you opened it."
    if row.saved_by == by.user_id:
        said = f"You saved this draft from somewhere else at {at}, after this page was opened."
    return StaleRevision(f"{said} {consequence} Both texts are still there.", conflict="changed")


def sent(
    session: Session, mailing_id: int, by: Acting, error: type[PastEditWindow | AlreadySent], consequence: str
) -> DomainError:
    """The refusal of a change to a draft that somebody has sent meanwhile."""
    row = session.execute(
        select(Mailing.created_at, Mailing.created_by, Mailing.state, User.name, Event)
        .join(Event, Event.id == Mailing.event_id)
        .outerjoin(User, User.id == Mailing.created_by)
        .where(Mailing.id == mailing_id)
    ).one()
    who = "You" if row.created_by == by.user_id else row.name or "Somebody"
    local = row.created_at.astimezone(row.Event.zone)
    when = "a moment ago" if by.now - row.created_at < _MOMENT else f"at {local:%H:%M}"
    did = "scheduled" if row.state == MailingState.SCHEDULED else "sent"
    return error(f"{who} {did} this {when}. {consequence}", conflict="sent", mailing_id=mailing_id)


_PAGE = records.body_hash({"page": True})  # the same for every text, since a page's key covers all its saves


def _keyed(event_id: int, read: DraftVersion, by: Acting) -> Keyed:
    return Keyed(scope(event_id, by), f"page:{read.page}", _PAGE)
