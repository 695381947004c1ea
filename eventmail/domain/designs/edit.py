"""One design: find it, make it, save its draft (D5)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session, aliased

from eventmail import records
from eventmail.content.excerpt import excerpt
from eventmail.content.markdown import DIALECT
from eventmail.db import Rows, fresh, transaction
from eventmail.domain.mailings import merge_values
from eventmail.domain.mailings.contents import Text
from eventmail.errors import DesignArchived, InvalidInput, InvalidMessageType, NotFound, StaleRevision
from eventmail.models import Design, DesignRevision, Event, User
from eventmail.records import Acting, Keyed
from eventmail.states import MessageType
from eventmail.value_parsing import clean_value, folded

LONGEST_NAME = 100
TEXT = ("subject", "preheader", "body")


@dataclass(frozen=True)
class DesignVersion:
    """A design at the revision somebody has read. By `page`, an opened page knows its own saves, answered or not."""

    revision: int = 0
    page: str = ""


@dataclass(frozen=True)
class Published:
    """The newest published revision of a design."""

    number: int
    text: Text
    digest: str
    dialect: int
    made_at: datetime
    by: str | None


@dataclass(frozen=True)
class Shown:
    """A design: its draft and what is published. `saver` saved it last, None when the account is gone."""

    id: int
    event_id: int
    name: str
    message_type: MessageType
    text: Text
    digest: str
    excerpt: str
    dialect: int
    revision: int
    saved_at: datetime
    saver: str | None
    created_at: datetime
    archived_at: datetime | None
    published: Published | None

    @property
    def diverged(self) -> bool:
        """Whether the draft reads otherwise than what is published."""
        return self.published is not None and self.published.digest != self.digest


def find(event_id: int, design_id: int) -> Shown:
    """One design of the event. Raises NotFound."""
    found = fresh().execute(_ONE, {"event": event_id, "design": design_id}).one_or_none()
    if found is None:
        raise NotFound
    return shown(found)


def rows() -> Rows:
    """What `shown` needs of each design."""
    saver, publisher = aliased(User), aliased(User)
    newest = and_(DesignRevision.design_id == Design.id, DesignRevision.number == Design.published)
    return (
        select(Design, DesignRevision, saver.name.label("saver"), publisher.name.label("publisher"))
        .outerjoin(DesignRevision, newest)
        .outerjoin(saver, saver.id == Design.saved_by)
        .outerjoin(publisher, publisher.id == DesignRevision.made_by)
    )


_ONE = rows().where(Design.event_id == bindparam("event"), Design.id == bindparam("design"))


def shown(row: Any) -> Shown:
    """A row of `rows`."""
    held: Design = row.Design
    newest: DesignRevision | None = row.DesignRevision
    published = None
    if newest is not None:
        made = (newest.made_at, row.publisher)
        published = Published(newest.number, text_of(newest), newest.digest, newest.dialect, *made)
    return Shown(
        held.id, held.event_id, held.name, MessageType(held.message_type), text_of(held), held.digest, held.excerpt,
        held.dialect, held.revision, held.saved_at, row.saver, held.created_at, held.archived_at, published,
    )  # fmt: skip


def text_of(held: Design | DesignRevision) -> Text:
    """The text of a design's draft, or of one of its revisions."""
    return Text(held.subject, held.preheader, held.body)


def create(event_id: int, values: Mapping[str, str], by: Acting, *, key: str = "") -> tuple[int, bool]:
    """Make a design of `values` (`name`, `message_type`, and parts of the text); once per `key` and person, if any.

    Returns its id, and whether an earlier request under the key made it. Raises InvalidInput, InvalidMessageType,
    IdempotencyKeyReused.
    """
    made = _checked({name: values.get(name, "") for name in ("name", "message_type")})
    text = Text(*(values.get(part, "") for part in TEXT)).in_lf
    kept = columns_of(event_id, made["name"], text)
    keyed = Keyed(f"user:{by.user_id}:designs:{event_id}", key, records.body_hash({**made, **asdict(text)}))
    with transaction() as tx:
        if key and (replay := records.replayable(tx, keyed)):
            return int(replay.answer["design"]), True
        design_id = add(tx, event_id, {**made, **kept}, by)
        if key:
            records.remember(tx, keyed, None, {"design": design_id}, by, status=201)
    return design_id, False


def keep_apart(event_id: int, design_id: int, page: str, values: Mapping[str, str], by: Acting) -> int:
    """Make a design of what `page` of another one holds, once for the same text; returns its id. Errors of `create`."""
    made, _ = create(event_id, values, by, key=f"copy:{page}:{design_id}:{records.body_hash(values)}")
    return made


def add(tx: Session, event_id: int, columns: Mapping[str, Any], by: Acting) -> int:
    """Add a design with these columns, and return its id. Runs in the caller's transaction."""
    made = Design(
        event_id=event_id, revision=1, saved_by=by.user_id, saved_at=by.now, saved_from="", published=None,
        created_by=by.user_id, created_at=by.now, **{"dialect": DIALECT, **columns},
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    records.audit(tx, by, "design.created", f"design:{made.id}", event_id=event_id, name=made.name)
    return made.id


def save(event_id: int, design_id: int, read: DesignVersion, changes: Mapping[str, str], by: Acting) -> int:
    """Save the given parts of a draft: `name`, `message_type`, `subject`, `preheader`, `body`; returns the revision.

    What changes nothing keeps the revision. Raises StaleRevision when somebody else saved since `read`; InvalidInput,
    InvalidMessageType, DesignArchived, NotFound.
    """
    checked = _checked({name: value for name, value in changes.items() if name not in TEXT})
    before = find(event_id, design_id)
    text = Text(*(changes.get(part, getattr(before.text, part)) for part in TEXT)).in_lf
    after = {**checked, **columns_of(event_id, checked.get("name", before.name), text)}
    with transaction() as tx:
        held = held_in(tx, event_id, design_id)
        if all(getattr(held, column) == value for column, value in after.items()):
            if not read.page and read.revision != held.revision:  # a program would go on with what it has not read
                raise stale(tx, design_id, by, read, "Nothing was changed.")
            return held.revision
        old = {name: getattr(held, name) for name in ("name", "message_type", *TEXT) if name in after}
        new = {name: after[name] for name, value in old.items() if after[name] != value}
        saver = held.saved_by
        revision = _save(tx, design_id, read, after, by)
        if saver != by.user_id:  # the log names each writer once in a row, not each save
            records.audit(tx, by, "design.edited", f"design:{design_id}", event_id=event_id,
                          before={name: old[name] for name in new}, after=new)  # fmt: skip
    return revision


def _save(tx: Session, design_id: int, read: DesignVersion, columns: Mapping[str, Any], by: Acting) -> int:
    """The guarded save. Raises StaleRevision."""
    revision: int | None = tx.scalar(
        update(Design)
        .where(Design.id == design_id, unchanged(read))
        .values(**columns, dialect=DIALECT, revision=Design.revision + 1, saved_by=by.user_id, saved_at=by.now,
                saved_from=read.page)
        .returning(Design.revision),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    if revision is None:
        raise stale(tx, design_id, by, read, "What you wrote since was not saved." if read.page else "Nothing changed.")
    return revision


def unchanged(read: DesignVersion) -> ColumnElement[bool]:
    """The guard of every save (D5): nobody but this very page has saved since."""
    own = and_(Design.saved_from == read.page, Design.saved_from != "")
    return or_(Design.revision == read.revision, own)


def is_unchanged(session: Session, design_id: int, read: DesignVersion) -> bool:
    """Whether nobody but the page of `read` has saved the design since."""
    return session.scalar(select(Design.id).where(Design.id == design_id, unchanged(read))) is not None


def held_in(tx: Session, event_id: int, design_id: int, *, archived: bool = False) -> Design:
    """The row of a design, for a command. Raises NotFound, and DesignArchived unless an archived one will do."""
    held = tx.scalars(select(Design).where(Design.id == design_id, Design.event_id == event_id)).one_or_none()
    if held is None:
        raise NotFound
    if held.archived_at and not archived:
        raise DesignArchived
    return held


def stale(session: Session, design_id: int, by: Acting, read: DesignVersion, consequence: str) -> StaleRevision:
    """The refusal of a save or a publication of a design that was saved since it was read."""
    row = session.execute(
        select(Design.saved_at, Design.saved_by, Design.revision, User.name, Event)
        .join(Event, Event.id == Design.event_id)
        .outerjoin(User, User.id == Design.saved_by)
        .where(Design.id == design_id)
    ).one()
    at = f"{row.saved_at.astimezone(row.Event.zone):%H:%M}"
    mine = row.saved_by == by.user_id
    if not read.page:
        who = "You" if mine else row.name or "Somebody"
        said = f"{who} saved this design at {at}: it is at revision {row.revision} now, not at {read.revision}."
        return StaleRevision(f"{said} {consequence} Read it again first.", conflict="changed")
    said = f"{row.name or 'Somebody'} saved this design at {at}, after you opened it."
    if mine:
        said = f"You saved this design from somewhere else at {at}, after this page was opened."
    return StaleRevision(f"{said} {consequence} Both texts are still there.", conflict="changed")


def name_of(raw: str, field: str = "name") -> str:
    """A name as it is kept: one line. Raises InvalidInput for a blank or a long one."""
    name = clean_value(raw)
    if not name:
        raise InvalidInput.at(field, "REQUIRED", "Give it a name.")
    if len(name) > LONGEST_NAME:
        raise InvalidInput.at(field, "TOO_LONG", f"The name has {len(name)} characters; {LONGEST_NAME} are allowed.")
    return name


def type_of(raw: str) -> MessageType:
    """The type of a message. Raises InvalidMessageType."""
    try:
        return MessageType(raw)
    except ValueError:
        named = f"“{raw[:40]}” is no type of message" if raw else "Choose the type of message"
        raise InvalidMessageType.at(
            "message_type", InvalidMessageType.code, f"{named}: there are {', '.join(MessageType)}."
        ) from None


def _checked(values: Mapping[str, str]) -> dict[str, Any]:
    return {name: name_of(value) if name == "name" else type_of(value) for name, value in values.items()}


def columns_of(event_id: int, name: str, text: Text) -> dict[str, Any]:
    """The columns of a text under a name, and those made of them."""
    words = excerpt(text.body, merge_values.fields(event_id))
    return {**asdict(text), "digest": text.digest, "excerpt": words, "search_key": search_key(name, text.subject)}


def search_key(name: str, subject: str) -> str:
    """What a search of the list looks into; designs are listed in its order."""
    return folded(f"{name} {subject}") or ""
