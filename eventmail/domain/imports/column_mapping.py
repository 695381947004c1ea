"""The meaning of each column of a guest list: guessed from its heading, corrected by people. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventmail.domain.guests import fields as guest_fields
from eventmail.errors import FieldError, InvalidInput
from eventmail.value_parsing import name_key

MOST_HEADINGS = 300
_WIDEST = 16_384  # cells of a line in a spreadsheet, blank ones included
LEFT_OUT = "left_out"
UNNAMED = "unnamed"  # a column without a heading; a row with a value there is refused, since its cells may be shifted
OWN = "own:"  # prefix of the name of an imported column
EXPORTED = "column:"  # prefix in an export of an imported column whose name would be taken for something else

# headings of each field, from the surest to the vaguest: beside an "Email" column, "Address" is a postal one
_HEADINGS: Mapping[str, Sequence[str]] = {
    "id": ("id", "guestid", "gastid"),
    "email": (
        "email", "emailaddress", "mailaddress", "emailadresse", "mailadresse", "mail", "emails", "emailaddresses",
        "email1value", "primaryemail", "guestemail", "emailprivat", "emailgeschaftlich", "adresseemail", "adressemail",
        "courriel", "correoelectronico", "indirizzoemail", "emailadres", "address", "adresse",
    ),
    "first_name": (
        "firstname", "vorname", "givenname", "forename", "rufname", "prenom", "voornaam", "fname", "guestfirstname",
    ),
    "last_name": (
        "lastname", "surname", "nachname", "familyname", "familienname", "zuname", "nomdefamille", "achternaam",
        "apellido", "apellidos", "cognome", "lname", "guestlastname",
    ),
    "full_name": ("fullname", "name", "guestname", "guest", "gast", "displayname", "vollername", "vorundnachname"),
    "status": ("status", "rsvp", "rsvpstatus", "gueststatus", "zusage", "attending", "attendance", "teilnahme"),
    "tags": ("tags", "tag", "schlagworte", "schlagworter", "keywords", "labels"),
}  # fmt: skip
FIELDS = tuple(_HEADINGS)


@dataclass(frozen=True)
class Layout:
    """The column of each field, (column, name) of imported ones, and the columns that must be blank."""

    width: int
    places: Mapping[str, int]
    attributes: Sequence[tuple[int, str]]
    unnamed: Sequence[int]


def names(header: Sequence[str]) -> tuple[str, ...]:
    """The headings, cleaned, without blank ones at the end. Raises InvalidInput beyond MOST_HEADINGS."""
    if len(header) > _WIDEST:
        raise InvalidInput(
            f"The first line has {len(header):,} cells; an import can have at most {MOST_HEADINGS} columns."
        )
    found = [guest_fields.column_name(cell) for cell in header]
    while found and not found[-1]:
        found.pop()
    if len(found) > MOST_HEADINGS:
        raise InvalidInput(f"The file has {len(found):,} columns; an import can have at most {MOST_HEADINGS}.")
    return tuple(found)


def guessed(headings: Sequence[str]) -> tuple[str, ...]:
    """The meaning of each heading: a word of `FIELDS`, UNNAMED, or OWN and the name."""
    keys = [_key(heading) for heading in headings]
    found = {field: [keys.index(word) for word in words if word in keys] for field, words in _HEADINGS.items()}
    places = {field: columns[0] for field, columns in found.items() if columns}
    if "email" not in places:  # "Email (private)", "Gast-Mail", if only one column looks like that
        alike = [n for n, key in enumerate(keys) if n not in places.values() and ("email" in key or key[-4:] == "mail")]
        if len(alike) == 1:
            places["email"] = alike[0]
    _settle_names(places, keys)
    fields = {column: field for field, column in places.items()}
    return tuple(fields.get(n) or _own(heading) for n, heading in enumerate(headings))


def layout(headings: Sequence[str], taken: Sequence[str] | None = None) -> Layout:
    """The layout of a file with these headings. `taken` are their meanings, guessed unless given.

    Raises InvalidInput for a missing address column, two columns of one meaning, and a bad name.
    """
    if taken is None:
        _check_for_twins(headings)
        taken = guessed(headings)
    wrong: list[FieldError] = []
    places: dict[str, int] = {}
    attributes: dict[str, tuple[int, str]] = {}
    for n, word in enumerate(taken):
        name = guest_fields.column_name(word.removeprefix(OWN))
        known = places if word in FIELDS else attributes if word.startswith(OWN) else None
        if known is None:
            continue
        key = word if word in FIELDS else name_key(name)
        complaint = _name_complaint(name) if known is attributes else ""
        if key in known:
            complaint = (
                f"Two columns are taken for “{_label(word)}”. Change one of them, so that nothing gets mixed up."
            )
        if complaint:
            wrong.append(FieldError(f"column-{n}", "INVALID_COLUMN", complaint))
        elif known is places:
            places[key] = n
        else:
            attributes[key] = (n, name)
    wrong += _set_complaints(headings, places, len(attributes))
    if wrong:
        raise InvalidInput(" ".join(dict.fromkeys(error.message for error in wrong)), fields=wrong)
    unnamed = [n for n, word in enumerate(taken) if word == UNNAMED]
    return Layout(len(headings), places, list(attributes.values()), unnamed)


def exported(own: Sequence[str]) -> list[str]:
    """The headings of an export: id, email, first name, last name, status, tags and the `own` columns.

    `guessed` reads each as the same column again, whatever its name.
    """
    fixed = ["id", "email", "first name", "last name", "status", "tags"]
    keys = [_key(heading) for heading in (*fixed, *own)]
    plain = guessed([*fixed, *own])[len(fixed) :]
    marked = [
        taken != OWN + name or keys.count(_key(name)) > 1 or name.casefold().startswith(EXPORTED)
        for name, taken in zip(own, plain, strict=True)
    ]
    return [*fixed, *(f"{EXPORTED} {name}" if mark else name for name, mark in zip(own, marked, strict=True))]


def _key(heading: str) -> str:
    """The letters and digits of a heading, without case and accents, for comparison. EXPORTED ones stay whole."""
    if (key := name_key(heading)).startswith(EXPORTED):
        return key
    return "".join(char for char in guest_fields.unaccented(heading) if char.isalnum()) or key


def _own(heading: str) -> str:
    name = heading[len(EXPORTED) :].strip() if heading.casefold().startswith(EXPORTED) else heading
    return OWN + name if name else UNNAMED


def _settle_names(places: dict[str, int], keys: Sequence[str]) -> None:
    """Decide what "Name" means: the last name beside "Vorname", the first beside "Surname", neither beside both.

    "First" and "Last" are names if both are there and no other column holds a name.
    """
    if not {"first_name", "last_name", "full_name"} & set(places) and {"first", "last"} <= set(keys):
        places |= {"first_name": keys.index("first"), "last_name": keys.index("last")}
    missing = [name for name in ("first_name", "last_name") if name not in places]
    if "full_name" in places and len(missing) < 2:
        column = places.pop("full_name")
        places |= dict.fromkeys(missing, column)


def _check_for_twins(headings: Sequence[str]) -> None:
    keys = [_key(heading) for heading in headings]
    for n, heading in enumerate(headings):
        if heading and keys[n] in keys[:n]:
            message = f"Two columns are named “{heading[:40]}”. Rename one of them, so that nothing gets mixed up."
            raise InvalidInput.at(f"column-{n}", "TWICE", message)


def _name_complaint(name: str) -> str:
    if not name:
        return "A column of your own needs a name."
    if len(name) > (most := guest_fields.LONGEST_COLUMN):
        return f"The column name “{name[:40]}…” is longer than {most} characters. Please shorten it."
    return ""


def _set_complaints(headings: Sequence[str], places: Mapping[str, int], further: int) -> list[FieldError]:
    """Complaints about the columns as a whole."""
    wrong = []
    if "email" not in places:
        found = ", ".join(f"“{name[:40]}”" for name in headings[:10] if name)
        message = f"No column holds email addresses. Name one “email” in the first line, which reads {found}."
        wrong.append(FieldError("columns", "NO_ADDRESS_COLUMN", message))
    if "full_name" in places and ("first_name" in places or "last_name" in places):
        message = "One column holds the full name and another a part of it. Keep either."
        wrong.append(FieldError(f"column-{places['full_name']}", "INVALID_COLUMN", message))
    if further > (most := guest_fields.MOST_COLUMNS):
        message = f"The file has {further} further columns; an event can have at most {most}."
        wrong.append(FieldError("columns", "TOO_MANY_COLUMNS", message))
    return wrong


def _label(word: str) -> str:
    return word.replace("_", " ") if word in FIELDS else word.removeprefix(OWN)[:40]
