"""People, events and guests for tests, written through the product's own commands where there is one.

Each function needs an app context.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update

from eventmail import addresses, clock, ids
from eventmail.db import fresh, transaction
from eventmail.domain.events import edit
from eventmail.domain.people import api_tokens, passwords, sessions, sign_in_links, users
from eventmail.models import ApiToken, Event, EventMember, Guest, GuestTag, Suppression, User
from eventmail.models.account import Role
from eventmail.records import Acting

PASSWORD = "correct horse battery staple"  # the password of everybody in the tests
GALA = {
    "title": "Fixture Gala",
    "timezone": "Europe/Berlin",
    "location": "Old Town Hall, Berlin",
    "starts_wall": datetime(2027, 6, 19, 18, 0),  # noqa: DTZ001  a wall time
    "ends_wall": datetime(2027, 6, 19, 23, 0),  # noqa: DTZ001
    "sender_name": "Gala Team",
}


@dataclass(frozen=True)
class Person:
    """A colleague and what lets them in."""

    id: int
    name: str
    email: str
    role: Role
    password: str = PASSWORD


def acting(user: Person | None = None, *, request_id: str = "") -> Acting:
    """`user` acting now, for commands; without one the console."""
    return Acting(user.id if user else None, user.name if user else "cli", request_id or ids.request_id(), clock.now())


def add_person(name: str, email: str, role: Role = Role.ORGANIZER) -> Person:
    """A colleague with PASSWORD."""
    hashed = passwords.hashed(PASSWORD)
    with transaction() as tx:
        user = users.add(tx, name=name, email=email, role=role, password_hash=hashed, by=acting())
    return Person(user.id, name, email, role)


def add_event(by: Person | None = None, *, restricted: bool = False, **values: Any) -> int:
    """An event, the Fixture Gala unless `values` say otherwise: its id."""
    with transaction() as tx:
        return edit.add(tx, {**GALA, **values}, acting(by), restricted=restricted).id


def add_member(event_id: int, person: Person) -> None:
    """Let `person` see a restricted event."""
    with transaction() as tx:
        tx.add(EventMember(event_id=event_id, user_id=person.id))


def add_api_token(person: Person) -> str:
    """A bearer token of `person`."""
    with transaction() as tx:
        _, token = api_tokens.add(tx, person.id, "tests", acting(person))
        tx.flush()
        # as if used a moment ago: its first request writes no more than the next one
        tx.execute(update(ApiToken).where(ApiToken.used_at.is_(None)).values(used_at=clock.now()))
        return token


def by_link(person: Person) -> int:
    """A session of `person` that began with a link just now: nothing in it asks for the password."""
    token = sign_in_links.open_(sign_in_links.issue(person.email, acting()), acting(person))
    found = sessions.find(token, clock.now())
    assert found
    return found.session_id


def add_guest(
    event_id: int, email: str | None = "ada@example.com", *, tags: tuple[str, ...] = (), **values: Any
) -> int:
    """One guest, confirmed unless `values` say otherwise: the id.

    `values`: first_name, last_name, status, attributes, or any other column.
    """
    return add_guests(event_id, [{"email": email, "tags": tags, **values}])[0]


def add_guests(event_id: int, people: int | list[dict[str, Any]], **common: Any) -> list[int]:
    """Guests in one transaction: their ids. A number makes Guest 001 …, at guest-001@guests.example.net …"""
    if isinstance(people, int):
        people = [
            {"email": f"guest-{n:03}@guests.example.net", "first_name": "Guest", "last_name": f"{n:03}"}
            for n in range(1, people + 1)
        ]
    with transaction() as tx:
        rows = [_guest(event_id, {**common, **person}) for person in people]
        tx.add_all(rows)
        tx.flush()
        return [row.id for row in rows]


def _guest(event_id: int, values: dict[str, Any]) -> Guest:
    values = {"first_name": "Ada", "last_name": "Lovelace", "status": "confirmed", "attributes": {}, **values}
    email: str | None = values.pop("email")
    tags = values.pop("tags", ())
    address = addresses.normalized(email) if email else None
    return Guest(
        event_id=event_id,
        email=email,
        address=address,
        reserved=values.pop("reserved", bool(address and addresses.is_reserved(address))),
        search_key=values.pop("search_key", _search_key(values, email)),
        created_at=clock.now(),
        updated_at=clock.now(),
        tags=[GuestTag(tag=tag) for tag in tags],
        **values,
    )


def _search_key(values: dict[str, Any], email: str | None) -> str:
    return " ".join(filter(None, (values["last_name"], values["first_name"], email))).casefold()


def suppress(address: str, scope: object = "all", reason: str = "manual") -> None:
    """An entry on the do-not-mail list; `scope` is "all" or an event's id."""
    with transaction() as tx:
        row = Suppression(address=address, scope=str(scope), reason=reason, source="test", created_at=clock.now())
        tx.add(row)


def user(person: Person) -> User:
    """The row behind `person`."""
    return fresh().get_one(User, person.id)


def event(event_id: int) -> Event:
    return fresh().get_one(Event, event_id)
