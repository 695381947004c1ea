"""The revisions of a design: publish the draft, keep it under a name, take one back into the draft (D3)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.content.excerpt import excerpt
from eventmail.db import fresh, transaction
from eventmail.domain.designs import edit
from eventmail.domain.designs.edit import DesignVersion, Shown, text_of
from eventmail.domain.mailings import contents, merge_values
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.origin import Origin
from eventmail.errors import DesignArchived, NotFound, NotPublished
from eventmail.models import Content, Design, DesignRevision, Mailing, User
from eventmail.records import Acting
from eventmail.states import ON_ITS_WAY, MailingState

Snapshot = Literal["published", "draft"]


@dataclass(frozen=True)
class Listed:
    """A revision as lists show it; `author` made it, None when the account is gone. `name` is that of a checkpoint."""

    number: int
    name: str
    is_published: bool
    text: Text
    digest: str
    dialect: int
    author: str | None
    made_at: datetime


@dataclass(frozen=True)
class Holder:
    """A message whose text came from a revision, and that has not ended."""

    mailing_id: int
    subject: str
    state: MailingState
    send_at: datetime | None


def snapshot(shown: Shown, wanted: Snapshot, number: int | None = None) -> tuple[Text, Origin]:
    """The text of a design that a message takes, and where it came from (D3).

    `number` names a published revision that may not be the newest any more. Raises NotPublished, DesignArchived,
    NotFound.
    """
    if shown.archived_at:
        raise DesignArchived
    if number is not None:
        named = find(shown.id, number)
        if not named.is_published:
            raise NotPublished
        return named.text, Origin(shown.id, named.number, named.digest)
    if wanted == "draft":
        return shown.text, Origin(shown.id, None, shown.digest)
    if shown.published is None:
        raise NotPublished
    return shown.published.text, Origin(shown.id, shown.published.number, shown.published.digest)


def listing(design_id: int) -> Sequence[Listed]:
    """The revisions of a design, the newest first."""
    found = (
        select(DesignRevision, User.name)
        .outerjoin(User, User.id == DesignRevision.made_by)
        .where(DesignRevision.design_id == design_id)
        .order_by(DesignRevision.number.desc())
    )
    return [_listed(held, author) for held, author in fresh().execute(found)]


def find(design_id: int, number: int) -> Listed:
    """One revision of a design. Raises NotFound."""
    found = (
        select(DesignRevision, User.name)
        .outerjoin(User, User.id == DesignRevision.made_by)
        .where(DesignRevision.design_id == design_id, DesignRevision.number == number)
    )
    row = fresh().execute(found).one_or_none()
    if row is None:
        raise NotFound
    return _listed(row[0], row[1])


def _listed(held: DesignRevision, author: str | None) -> Listed:
    return Listed(held.number, held.name, held.is_published, text_of(held), held.digest, held.dialect, author,
                  held.made_at)  # fmt: skip


def holders(design_id: int) -> Mapping[int | None, Sequence[Holder]]:
    """By number of the revision, None for the draft, the messages that wait or are on their way with its text."""
    found = (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(Mailing.design_id == design_id, Mailing.state.in_(ON_ITS_WAY), ~Mailing.is_test)
        .order_by(Mailing.send_at, Mailing.id)
    )
    held: dict[int | None, list[Holder]] = {}
    for mailing, subject in fresh().execute(found):
        holder = Holder(mailing.id, subject, MailingState(mailing.state), mailing.send_at)
        held.setdefault(mailing.design_number, []).append(holder)
    return held


def publish(event_id: int, design_id: int, by: Acting, *, read: DesignVersion | None = None) -> tuple[Listed, bool]:
    """Publish the draft as the next revision; returns it, and False when this text is published already.

    It publishes the draft that was looked at: with `read`, one that was saved since is refused. Raises StaleRevision,
    DesignArchived, NotFound; UnresolvedToken and InvalidInput for a text that may not be sent (D4).
    """
    shown = edit.find(event_id, design_id)
    contents.checked(event_id, shown.text)
    asked = read or DesignVersion(shown.revision)
    with transaction() as tx:
        held = edit.held_in(tx, event_id, design_id)
        guard = (Design.id == design_id, edit.unchanged(asked), Design.revision == shown.revision)
        published = tx.scalars(_numbered(design_id, held.published)).one_or_none() if held.published else None
        same = published is not None and published.digest == held.digest
        number = published.number if published and same else _next(tx, design_id)
        moved = update(Design).where(*guard).values(published=number).returning(Design.id)
        if tx.scalar(moved, execution_options={"synchronize_session": False}) is None:
            raise edit.stale(tx, design_id, by, asked, "Nothing was published.")
        if not same:
            add(tx, design_id, number, held, by, is_published=True)
            records.audit(tx, by, "design.published", f"design:{design_id}", event_id=event_id, revision=number)
    return find(design_id, number), not same


def keep(event_id: int, design_id: int, name: str, by: Acting, *, read: DesignVersion | None = None) -> Listed:
    """Keep the draft under a name: as a revision of its own, or by naming the newest one when it has the same text.

    Raises StaleRevision, DesignArchived, NotFound, and InvalidInput for the name.
    """
    name = edit.name_of(name)
    with transaction() as tx:
        held = edit.held_in(tx, event_id, design_id)
        if read and not edit.is_unchanged(tx, design_id, read):
            raise edit.stale(tx, design_id, by, read, "Nothing was kept.")
        newest = tx.scalars(_newest_first(design_id).limit(1)).one_or_none()
        if newest is not None and newest.digest == held.digest:
            newest.name, number = name, newest.number
        else:
            number = _next(tx, design_id)
            add(tx, design_id, number, held, by, name=name)
        records.audit(tx, by, "design.kept", f"design:{design_id}", event_id=event_id, revision=number, name=name)
    return find(design_id, number)


def restore(event_id: int, design_id: int, number: int, by: Acting, *, read: DesignVersion | None = None) -> None:
    """Put the text of a revision into the draft. A draft that no revision holds is kept as one first.

    Raises StaleRevision, DesignArchived, NotFound.
    """
    edit.find(event_id, design_id)
    wanted = find(design_id, number)
    words = excerpt(wanted.text.body, merge_values.fields(event_id))
    with transaction() as tx:
        held = edit.held_in(tx, event_id, design_id)
        if read and not edit.is_unchanged(tx, design_id, read):
            raise edit.stale(tx, design_id, by, read, "Nothing was restored.")
        if held.digest == wanted.digest:
            return
        kept = tx.scalar(select(DesignRevision.id).where(
            DesignRevision.design_id == design_id, DesignRevision.digest == held.digest).limit(1))  # fmt: skip
        if kept is None and any(part.strip() for part in asdict(text_of(held)).values()):
            add(tx, design_id, _next(tx, design_id), held, by, name=f"Before version {number} was restored")
        for column, value in asdict(wanted.text).items():
            setattr(held, column, value)
        held.digest, held.dialect, held.excerpt = wanted.digest, wanted.dialect, words
        held.search_key = edit.search_key(held.name, wanted.text.subject)
        held.revision += 1
        held.saved_by, held.saved_at, held.saved_from = by.user_id, by.now, ""
        records.audit(tx, by, "design.restored", f"design:{design_id}", event_id=event_id, revision=number)


def _numbered(design_id: int, number: int | None) -> Select[DesignRevision]:
    return select(DesignRevision).where(DesignRevision.design_id == design_id, DesignRevision.number == number)


def _newest_first(design_id: int) -> Select[DesignRevision]:
    return select(DesignRevision).where(DesignRevision.design_id == design_id).order_by(DesignRevision.number.desc())


def _next(tx: Session, design_id: int) -> int:
    newest = select(func.max(DesignRevision.number)).where(DesignRevision.design_id == design_id)
    return 1 + (tx.scalar(newest) or 0)


def add(
    tx: Session, design_id: int, number: int, held: Design | DesignRevision, by: Acting, *, name: str = "",
    is_published: bool = False,
) -> None:  # fmt: skip
    """Add a revision with the text of a draft, or of another revision. Runs in the caller's transaction."""
    tx.add(
        DesignRevision(
            design_id=design_id, number=number, name=name, is_published=is_published, **asdict(text_of(held)),
            dialect=held.dialect, digest=held.digest, made_by=by.user_id, made_at=by.now,
        )
    )  # fmt: skip
    tx.flush()
