"""Finding the guest of a row: by id, else by address and name, else by an address that one guest alone has (A7)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from eventmail.domain.guests import fields
from eventmail.domain.imports.csv_rows import Sheet
from eventmail.domain.imports.row import Entry, Rejected, unknown_id
from eventmail.models import Guest
from eventmail.models.guest import full_name


class Known(NamedTuple):
    """A guest before the import. `attributes` is JSON text, decoded only for the rows that need it."""

    id: int
    email: str | None
    address: str | None
    first_name: str
    last_name: str
    status: str
    attributes: str


def known(session: Session, event_id: int) -> list[Known]:
    """The guests of an event, the oldest first."""
    columns = (Guest.id, Guest.email, Guest.address, Guest.first_name, Guest.last_name, Guest.status)
    chosen: Any = select(*columns, cast(Guest.attributes, String)).where(Guest.event_id == event_id).order_by(Guest.id)
    return list(map(Known._make, session.connection().execute(chosen)))


class Matcher:
    """Finds the guest of each row. A guest belongs to one row only."""

    def __init__(self, guests: Iterable[Known], sheet: Sheet) -> None:
        self.by_id: dict[int, Known] = {}
        self.by_address: dict[str, list[Known]] = {}
        self.by_name: dict[tuple[str, str], Known] = {}  # the oldest guest of an address and a name
        for known in guests:
            self.by_id[known.id] = known
            if known.address:
                self.by_address.setdefault(known.address, []).append(known)
            self.by_name.setdefault((known.address or "", _name(known)), known)
        self.rows_of = sheet.addresses
        self.taken: dict[int | tuple[str, str], int] = {}

    def find(self, entry: Entry) -> Known | Rejected | None:
        """The guest, None for a new one, or the reason why the row is rejected."""
        person = (entry.address, _name(entry))
        found = self._by_id(entry) if entry.id else self._by_address(person)
        if isinstance(found, Rejected):
            return found
        line = self.taken.setdefault(found.id if found else person, entry.line)
        if line != entry.line:
            return Rejected(entry.line, "DUPLICATE_ROW", f"The same guest stands in line {line}; only that row counts.")
        return found

    def _by_id(self, entry: Entry) -> Known | Rejected:
        found = self.by_id.get(int(entry.id))
        if found is None:
            return Rejected(entry.line, "UNKNOWN_ID", unknown_id(entry.id))
        other_address = entry.address and found.address and entry.address != found.address
        if other_address and _name(entry) and _name(found) and _name(entry) != _name(found):
            # ids of another program look like ours and would turn one guest into another
            message = f"The guest with the id {entry.id} has another name and another address. Is it our id?"
            return Rejected(entry.line, "OTHER_GUEST", message)
        return found

    def _by_address(self, person: tuple[str, str]) -> Known | None:
        # a name alone does not identify a guest, unless neither has an address
        exact = self.by_name.get(person)
        candidates = self.by_address.get(person[0])
        if exact or not candidates:
            return exact
        return candidates[0] if len(candidates) == 1 and self.rows_of[person[0]] == 1 else None


def _name(person: Entry | Known) -> str:
    return fields.unaccented(full_name(person.first_name, person.last_name))
