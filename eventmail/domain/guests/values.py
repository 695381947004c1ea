"""Putting values on a guest's row, and making the event's columns. All run in the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from eventmail import addresses, value_parsing
from eventmail.domain.guests import fields as guest_fields
from eventmail.errors import FieldError, InvalidInput
from eventmail.models import Guest, GuestField, GuestTag
from eventmail.states import GuestStatus


def record_columns(tx: Session, event_id: int, names: Sequence[str]) -> dict[str, str]:
    """Make each cleaned name a column of the event. Returns the column of each name.

    Names that differ in case or Unicode form only mean one column. Raises InvalidInput beyond `MOST_COLUMNS`.
    """
    placed, new = placed_columns(columns(tx, event_id), names)
    if new:
        tx.execute(insert(GuestField), [{"event_id": event_id, "name": name} for name in new])
    return placed


def placed_columns(known: Sequence[str], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """(the column of each name, the new columns among them) beside the `known` ones. Raises as `record_columns`."""
    by_key, there = _by_key(known), frozenset(known)
    ours = len(by_key)
    placed = {
        name: name if name in there else by_key.setdefault(value_parsing.name_key(name), value_parsing.composed(name))
        for name in names
    }
    new = list(by_key.values())[ours:]
    if new and (total := len(known) + len(new)) > guest_fields.MOST_COLUMNS:
        message = f"An event can have at most {guest_fields.MOST_COLUMNS} further columns; this would make {total}."
        raise InvalidInput.at("attributes", "TOO_MANY_COLUMNS", message)
    return placed, new


def twins(known: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups of columns whose names differ in case or Unicode form only, the oldest first in each.

    Imports made such twins before Unicode forms counted as one name. The settings report them, and nothing joins them:
    a guest may have a value in each, and a waiting message names the one it was written with.
    """
    alike: dict[str, list[str]] = {}
    for name in known:
        alike.setdefault(value_parsing.name_key(name), []).append(name)
    return [tuple(names) for names in alike.values() if len(names) > 1]


def _by_key(known: Sequence[str]) -> dict[str, str]:
    """The names by their key; of twins, the oldest."""
    return {value_parsing.name_key(name): name for name in reversed(known)}


def columns(session: Session, event_id: int) -> list[str]:
    """The event's column names, the oldest first."""
    return list(session.scalars(select(GuestField.name).where(GuestField.event_id == event_id).order_by(GuestField.id)))


def state(guest: Guest) -> dict[str, Any]:
    """The guest as the log keeps it."""
    return {
        "email": guest.email,
        "first_name": guest.first_name,
        "last_name": guest.last_name,
        "status": str(guest.status),
        "tags": sorted(tag.tag for tag in guest.tags),
        "attributes": dict(guest.attributes),
    }


def texts(state: Mapping[str, Any]) -> dict[str, str]:
    """A guest's state as the fields of the form show it; attributes as “attribute:NAME”."""
    fields = {name: state[name] or "" for name in ("first_name", "last_name", "email", "status")}
    attributes = {f"attribute:{name}": text for name, text in state["attributes"].items()}
    return {**fields, "tags": ", ".join(state["tags"]), **attributes}


def apply(tx: Session, guest: Guest, values: Mapping[str, Any]) -> None:
    """Set the given fields as in `guests.edit`. Raises InvalidInput with every complaint; then roll back."""
    wrong: list[FieldError] = []
    for name in ("first_name", "last_name"):
        if name in values:
            text = guest_fields.one_line(values[name] or "")
            setattr(guest, name, text)
            if len(text) > guest_fields.LONGEST_NAME:
                wrong.append(_too_long(name, guest_fields.LONGEST_NAME))
    if "email" in values:
        wrong += _set_email(guest, values["email"])
    if "status" in values:
        wrong += _set_status(guest, values["status"])
    if "tags" in values:
        wrong += _set_tags(guest, values["tags"] or [])
    attributes = _checked_attributes(tx, guest, values, wrong)
    if not wrong and not (guest.email or guest.full_name):
        wrong.append(FieldError("email", "REQUIRED", "A guest needs an email address or a name."))
    if wrong:
        raise InvalidInput(fields=wrong)
    if "attributes" in values:
        if values["attributes"] is None:
            guest.attributes = {}
        else:
            _set_attributes(tx, guest, attributes)
    guest.search_key = guest_fields.search_key(guest.first_name, guest.last_name, guest.email)


def _too_long(field: str, longest: int) -> FieldError:
    return FieldError(field, "TOO_LONG", f"Please keep this to {longest} characters; nothing was cut off.")


def _set_email(guest: Guest, email: str | None) -> Sequence[FieldError]:
    guest.email = (email or "").strip() or None
    if guest.email:
        try:
            guest.email = addresses.checked(guest.email)
        except InvalidInput as error:
            return error.fields
    guest.address = addresses.normalized(guest.email) if guest.email else None
    guest.reserved = addresses.is_reserved(guest.address) if guest.address else False
    return ()


def _set_status(guest: Guest, word: str | None) -> Sequence[FieldError]:
    if word is not None and word not in tuple(GuestStatus):
        return [FieldError("status", "INVALID_STATUS", f"“{word[:40]}” {guest_fields.STATUS_COMPLAINT}")]
    guest.status = word or GuestStatus.INVITED
    return ()


def _set_tags(guest: Guest, given: Sequence[str]) -> Sequence[FieldError]:
    tags = guest_fields.distinct_tags(guest_fields.one_line(tag) for tag in given)
    if complaint := guest_fields.tags_complaint(tags):
        return [FieldError("tags", "INVALID_TAGS", complaint)]
    kept = {tag.tag: tag for tag in guest.tags}
    guest.tags = [kept.get(tag) or GuestTag(tag=tag) for tag in tags]
    return ()


def _checked_attributes(
    tx: Session, guest: Guest, values: Mapping[str, Any], wrong: list[FieldError]
) -> dict[str, str]:
    """The given attributes, cleaned. Complaints go to `wrong`."""
    clean: dict[str, str] = {}
    first: dict[str, str] = {}
    for given, value in (values.get("attributes") or {}).items():
        name, text = guest_fields.column_name(given), guest_fields.lines(value or "")
        field, other = f"attribute:{given}", first.setdefault(value_parsing.name_key(name), name)
        if not name or len(name) > guest_fields.LONGEST_COLUMN:
            message = f"A column needs a name of 1 to {guest_fields.LONGEST_COLUMN} characters."
            wrong.append(FieldError(field, "INVALID_NAME", message))
        elif name in clean or (other != name and not {name, other} <= set(columns(tx, guest.event_id))):
            wrong.append(FieldError(field, "TWICE", f"The column “{name}” is given twice."))
        if len(text) > guest_fields.LONGEST_VALUE:
            wrong.append(_too_long(field, guest_fields.LONGEST_VALUE))
        clean[name] = text
    return clean


def _set_attributes(tx: Session, guest: Guest, given: Mapping[str, str]) -> None:
    placed = record_columns(tx, guest.event_id, [name for name, text in given.items() if text])
    there = dict.fromkeys([*columns(tx, guest.event_id), *guest.attributes])
    known = _by_key(list(there))
    merged = dict(guest.attributes)
    for name, text in given.items():
        place = placed.get(name) or (name if name in there else known.get(value_parsing.name_key(name), name))
        if text:
            merged[place] = text
        else:
            merged.pop(place, None)
    if merged != guest.attributes:
        guest.attributes = merged
