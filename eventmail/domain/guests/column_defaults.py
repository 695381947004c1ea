"""The imported columns of an event, and the default that stands in for a missing value (C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.content.tokens import NOT_STATED
from eventmail.db import fresh, transaction
from eventmail.errors import FieldError, InvalidInput
from eventmail.models import GuestField
from eventmail.value_parsing import clean_value

LONGEST_DEFAULT = 200
FIELD = "default:"  # a form's field is this and the id of a column


@dataclass(frozen=True)
class Column:
    """One column. A `default_text` of "" reads as `NOT_STATED`."""

    id: int
    name: str
    default_text: str

    @property
    def reads(self) -> str:
        """The text in the mail of a guest without a value."""
        return self.default_text or NOT_STATED


def columns(event_id: int) -> Sequence[Column]:
    """The event's columns by name, in 1 query."""
    rows = select(GuestField.id, GuestField.name, GuestField.default_text).where(GuestField.event_id == event_id)
    return [Column(*row) for row in fresh().execute(rows.order_by(func.lower(GuestField.name), GuestField.id))]


def set_defaults(event_id: int, defaults: Mapping[int, str], by: records.Acting) -> None:
    """Set the defaults of the given columns, by id. "" makes one `NOT_STATED` again.

    A message that was sent off keeps its defaults. Raises InvalidInput for a text that is too long and for a column
    that is not of this event.
    """
    clean = {column_id: clean_value(text) for column_id, text in defaults.items()}
    wrong = [
        FieldError(f"{FIELD}{column_id}", "TOO_LONG", f"Please keep this to {LONGEST_DEFAULT} characters.")
        for column_id, text in clean.items()
        if len(text) > LONGEST_DEFAULT
    ]
    with transaction() as tx:
        here = {field.id: field for field in tx.scalars(select(GuestField).where(GuestField.event_id == event_id))}
        wrong += [
            FieldError(f"{FIELD}{column_id}", "UNKNOWN_COLUMN", "This column is not there any more. Reload the page.")
            for column_id in clean
            if column_id not in here
        ]
        if wrong:
            raise InvalidInput(" ".join(dict.fromkeys(error.message for error in wrong)), fields=wrong)
        changed = {here[column_id]: text for column_id, text in clean.items() if here[column_id].default_text != text}
        if not changed:
            return
        before = {field.name: field.default_text for field in changed}
        after = {field.name: text for field, text in changed.items()}
        for field, text in changed.items():
            field.default_text = text
        records.audit(
            tx, by, "columns.defaults_set", f"event:{event_id}", event_id=event_id, before=before, after=after
        )


def copy(tx: Session, from_: int, to: int) -> int:
    """Copy the columns and their defaults to another event. Returns their number. Runs in the caller's transaction."""
    theirs = select(GuestField.name, GuestField.default_text).where(GuestField.event_id == from_)
    if rows := tx.execute(theirs.order_by(GuestField.id)).all():
        tx.execute(insert(GuestField), [{"event_id": to, "name": row[0], "default_text": row[1]} for row in rows])
    return len(rows)
