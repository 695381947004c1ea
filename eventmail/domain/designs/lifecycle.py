"""Designs come and go: archive and bring back, copy, delete. What messages hold never changes with them (D3)."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete as delete_
from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, transaction
from eventmail.domain.designs import edit, revisions
from eventmail.errors import DesignInUse
from eventmail.models import Design, DesignRevision, Mailing
from eventmail.records import Acting, Keyed


@dataclass(frozen=True)
class CopiedDesigns:
    """How many designs come along, how many of them with something published, and how many stay in the archive."""

    number: int
    published: int
    archived: int


_NO_DESIGN = {"design_id": None, "design_number": None, "design_digest": None}


def archive(event_id: int, design_id: int, by: Acting) -> None:
    """Take a design out of the list; messages that hold its text keep it. Repeating changes nothing. NotFound."""
    with transaction() as tx:
        held = edit.held_in(tx, event_id, design_id, archived=True)
        if held.archived_at is None:
            held.archived_at = by.now
            records.audit(tx, by, "design.archived", f"design:{design_id}", event_id=event_id)


def bring_back(event_id: int, design_id: int, by: Acting) -> None:
    """Take a design out of the archive. Repeating changes nothing. Raises NotFound."""
    with transaction() as tx:
        held = edit.held_in(tx, event_id, design_id, archived=True)
        if held.archived_at is not None:
            held.archived_at = None
            records.audit(tx, by, "design.brought_back", f"design:{design_id}", event_id=event_id)


def delete(event_id: int, design_id: int, by: Acting) -> None:
    """Delete a design that no message names. Its tests stay, without naming it. Raises DesignInUse, NotFound."""
    with transaction() as tx:
        held = edit.held_in(tx, event_id, design_id, archived=True)
        before = {"name": held.name, **asdict(edit.text_of(held))}
        tx.execute(update(Mailing).where(Mailing.design_id == design_id, Mailing.is_test).values(**_NO_DESIGN))
        named = exists().where(Mailing.design_id == design_id)
        gone = delete_(Design).where(Design.id == design_id, ~named).returning(Design.id)
        if tx.scalar(gone, execution_options={"synchronize_session": False}) is None:
            raise DesignInUse(in_use(tx, design_id))
        records.audit(tx, by, "design.deleted", f"design:{design_id}", event_id=event_id, before=before)


def uses(session: Session, design_id: int) -> int:
    """How many messages and drafts of messages name a design."""
    named = select(func.count()).select_from(Mailing).where(Mailing.design_id == design_id, ~Mailing.is_test)
    return session.scalar(named) or 0


def in_use(session: Session, design_id: int) -> str:
    """Why a design that messages name is not deleted, in words."""
    number = uses(session, design_id)
    named = "1 message names" if number == 1 else f"{number:,} messages name"
    return f"{named} this design, so it was not deleted. Archive it: then it is out of the list, and nothing is lost."


def copy(event_id: int, design_id: int, to: int, by: Acting, *, key: str = "") -> tuple[int, bool]:
    """Copy the draft of a design within its event, or to another one; once per `key` and person, if any.

    Returns the id of the copy, and whether an earlier request under the key made it. Raises NotFound,
    IdempotencyKeyReused.
    """
    shown = edit.find(event_id, design_id)
    name = shown.name if to != event_id else f"Copy of {shown.name}"[: edit.LONGEST_NAME]
    keyed = Keyed(
        f"user:{by.user_id}:design-copies:{event_id}", key, records.body_hash({"design": design_id, "to": to})
    )
    with transaction() as tx:
        if key and (replay := records.replayable(tx, keyed)):
            return int(replay.answer["design"]), True
        held = edit.held_in(tx, event_id, design_id, archived=True)
        renamed = {"name": name, "search_key": edit.search_key(name, held.subject)}
        made = edit.add(tx, to, {**_columns(held), **renamed}, by)
        if key:
            records.remember(tx, keyed, None, {"design": made}, by, status=201)
    return made, False


def copy_all(tx: Session, from_: int, to: int, by: Acting) -> int:
    """Copy the designs of an event to another one, with what is published of each; returns how many.

    Archived ones stay behind. Runs in the caller's transaction.
    """
    newest = (DesignRevision.design_id == Design.id) & (DesignRevision.number == Design.published)
    found = (
        select(Design, DesignRevision)
        .outerjoin(DesignRevision, newest)
        .where(Design.event_id == from_, Design.archived_at.is_(None))
        .order_by(Design.id)
    )
    copied = tx.execute(found).all()
    for held, published in copied:
        made = tx.get_one(Design, edit.add(tx, to, _columns(held), by))
        if published is not None:
            made.published = 1
            revisions.add(tx, made.id, 1, published, by, is_published=True)
    return len(copied)


def copied(event_id: int) -> CopiedDesigns:
    """What a copy of the event gets of its designs (`copy_all`)."""
    here = Design.archived_at.is_(None)
    number, published = func.count().filter(here), func.count(Design.published).filter(here)
    numbers = select(number, published, func.count().filter(~here)).where(Design.event_id == event_id)
    found = fresh().execute(numbers).one()
    return CopiedDesigns(found[0], found[1], found[2])


def _columns(held: Design) -> dict[str, Any]:
    kept = ("name", "message_type", *edit.TEXT, "dialect", "digest", "excerpt", "search_key")
    return {name: getattr(held, name) for name in kept}
