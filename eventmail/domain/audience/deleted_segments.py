"""Segments that somebody picked and that are deleted by now. The log still knows their names."""

from collections.abc import Sequence

from sqlalchemy import select

from eventmail import ids
from eventmail.db import fresh
from eventmail.models import AuditEntry


def segment_sentences(event_id: int, given: Sequence[str]) -> list[str]:
    """A sentence for each of these ids, which name no segment of this event; in at most 1 query."""
    subjects = {segment: f"segment:{row}" for segment in given if (row := ids.row_id(segment))}
    removal = (AuditEntry.action == "segment.deleted", AuditEntry.event_id == event_id)
    removed = select(AuditEntry.subject, AuditEntry.detail).where(AuditEntry.subject.in_(subjects.values()), *removal)
    names = {subject: detail["before"]["name"] for subject, detail in fresh().execute(removed)} if subjects else {}
    return [
        f"The segment “{name}” was removed. Untick it, or choose another."
        if (name := names.get(subjects.get(segment, "")))
        else f"There is no segment “{segment}” in this event."
        for segment in given
    ]
