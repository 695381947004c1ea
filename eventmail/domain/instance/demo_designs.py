"""The demo's designs: 25 over all types, three of them published, one of those with later changes."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.domain.designs import edit, revisions
from eventmail.domain.instance.demo_design_texts import DESIGNS, Sketch
from eventmail.models import AuditEntry, Design, Event
from eventmail.records import Acting

_DAY = timedelta(days=1)


def add(tx: Session, event: Event, by: Acting) -> None:
    """Add each design of the demo once, written by the event's organizer. Runs in the caller's transaction.

    The log tells which were added before, since one may be renamed or deleted.
    """
    made = select(AuditEntry.detail).where(AuditEntry.action == "design.created", AuditEntry.event_id == event.id)
    known = {detail.get("name") for detail in tx.scalars(made)}
    for sketch in DESIGNS:
        if sketch.name not in known:
            _add(tx, event.id, sketch, replace(by, user_id=event.created_by, now=by.now - sketch.days * _DAY))


def _add(tx: Session, event_id: int, sketch: Sketch, by: Acting) -> None:
    first = sketch.published or sketch.text
    named = {"name": sketch.name, "message_type": sketch.message_type}
    made = edit.add(tx, event_id, {**named, **edit.columns_of(event_id, sketch.name, first)}, by)
    design = tx.get_one(Design, made)
    if sketch.published is None:
        return
    design.published = 1
    revisions.add(tx, design.id, 1, design, by, is_published=True)
    records.audit(tx, by, "design.published", f"design:{design.id}", event_id=event_id, revision=1)
    if sketch.text != first:
        for column, value in edit.columns_of(event_id, sketch.name, sketch.text).items():
            setattr(design, column, value)
        design.revision += 1
