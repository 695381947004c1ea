"""The do-not-mail list: getting on it by the link of a mail."""

from typing import Any

import pytest

from eventmail import signing
from eventmail.db import fresh, transaction
from eventmail.domain import audience, mailings, merge, suppressions
from eventmail.domain.audience import Audience
from eventmail.domain.contents import Text
from eventmail.domain.mailings import Message
from eventmail.domain.merge import Place
from eventmail.domain.suppressions import Listing
from eventmail.errors import BadSignature
from eventmail.models import AuditEntry, Recipient, Suppression
from eventmail.states import GuestStatus
from tests.support.seeding import Person, acting

SECRET = b"s" * 32
PLACE = Place("https://mail.organizers.example", SECRET, outside=False)


@pytest.fixture
def tokens(event_id: int, organizer: Person, add_guests: Any, rows: Any) -> list[str]:
    """The tokens of two guests who were mailed, the first as Ada@…"""
    add_guests([{"email": "Ada@guests.example.net"}, {"email": "ben@guests.example.net"}])
    message = Message(Text("Hi", "", "Text"), {"statuses": ["confirmed"]})
    mailings.send(event_id, message, key="k", place=PLACE, by=acting(organizer))
    return [merge.unsubscribe_url(recipient.id, PLACE).rpartition("/")[2] for recipient in rows(Recipient)]


def test_a_look_changes_nothing_f2(tokens: list[str], count: Any) -> None:
    assert suppressions.by_token(tokens[0], SECRET) == Listing(
        "Ada@guests.example.net", "Fixture Gala", "Gala Team", here=False, everywhere=False, own=False
    )
    assert count(Suppression) == 0


def test_unsubscribing_twice_is_one_entry_for_this_event_f1(
    event_id: int, tokens: list[str], row: Any, count: Any
) -> None:
    listings = [suppressions.unsubscribe(tokens[0], SECRET, acting()) for _ in range(2)]
    assert (
        listings
        == [Listing("Ada@guests.example.net", "Fixture Gala", "Gala Team", here=True, everywhere=False, own=True)] * 2
    )
    entry = row(Suppression)
    assert (entry.address, entry.scope, entry.reason, entry.created_by) == (
        "ada@guests.example.net", str(event_id), "unsubscribed", None,
    )  # fmt: skip
    assert count(AuditEntry, AuditEntry.action == "suppression.unsubscribed") == 1
    assert suppressions.by_token(tokens[0], SECRET).listed is True
    assert suppressions.by_token(tokens[1], SECRET).listed is False


def test_the_next_audience_says_unsubscribed_a2(event_id: int, tokens: list[str]) -> None:
    suppressions.unsubscribe(tokens[0], SECRET, acting())
    found = audience.resolve(fresh(), Audience(event_id, (GuestStatus.CONFIRMED,), ()))
    assert (found.count, dict(found.excluded)) == (1, {"unsubscribed": 1})


def test_who_is_on_the_list_of_the_installation_is_off_already_f1(tokens: list[str], count: Any) -> None:
    with transaction() as tx:
        tx.add(Suppression(address="ada@guests.example.net", scope="all", reason="manual", source="test",
                           created_at=acting().now))  # fmt: skip
    assert suppressions.by_token(tokens[0], SECRET).listed is True
    suppressions.unsubscribe(tokens[0], SECRET, acting())  # and may still say so for this event
    assert count(Suppression) == 2


def test_a_link_that_was_changed_is_refused_and_changes_nothing_f2(tokens: list[str], count: Any) -> None:
    number, _, signature = tokens[0].partition("-")
    other = tokens[1].partition("-")[2]
    calendar = signing.sign(SECRET, merge.CALENDAR, number)
    forged = [
        *("", "-", number, f"{number}-", "x" * 5000, f"{number}-\ud800", f"{'9' * 30}-{signature}"),
        *(f"{number}-{other}", f"{number}-{signature}x", f"{number}-{signature[:-1]}", f"{number}-{calendar}"),
        *(f"0{number}-{signature}", f"-{number}-{signature}", f"{number}-{signature.swapcase()}"),
        f"999-{signing.sign(SECRET, merge.UNSUBSCRIBE, 999)}",
    ]
    for token in forged:
        with pytest.raises(BadSignature):
            suppressions.by_token(token, SECRET)
        with pytest.raises(BadSignature):
            suppressions.unsubscribe(token, SECRET, acting())
    with pytest.raises(BadSignature):
        suppressions.unsubscribe(tokens[0], b"o" * 32, acting())
    assert count(Suppression) == 0
