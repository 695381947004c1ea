"""The do-not-mail list: getting on it by the link of a mail."""

from typing import Any

import pytest

from eventmail import signing
from eventmail.db import fresh, transaction
from eventmail.domain.audience import resolve
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.suppressions import entries, unsubscribe
from eventmail.domain.suppressions.unsubscribe import Listing
from eventmail.domain.terms import UNSUBSCRIBE, SendingTerms, unsubscribe_url
from eventmail.errors import BadSignature
from eventmail.models import AuditEntry, Recipient, Suppression
from eventmail.providers.webhook import Kind, ServiceReport
from eventmail.sending import feedback
from eventmail.states import GuestStatus
from tests.support import seeding
from tests.support.seeding import Person, acting

SECRET = b"s" * 32
PLACE = SendingTerms("https://mail.organizers.example", SECRET, outside=False)


@pytest.fixture
def tokens(event_id: int, organizer: Person, add_guests: Any, rows: Any) -> list[str]:
    """The tokens of two guests who were mailed, the first as Ada@…"""
    add_guests([{"email": "Ada@guests.example.net"}, {"email": "ben@guests.example.net"}])
    message = Message(Text("Hi", "", "Text"), {"statuses": ["confirmed"]})
    send.send(event_id, message, key="k", terms=PLACE, by=acting(organizer))
    return [unsubscribe_url(recipient.id, PLACE).rpartition("/")[2] for recipient in rows(Recipient)]


def test_a_look_changes_nothing_f2(tokens: list[str], count: Any) -> None:
    assert unsubscribe.by_token(tokens[0], SECRET) == Listing(
        "Ada@guests.example.net", "Fixture Gala", "Gala Team", here=False, everywhere=False, own=False
    )
    assert count(Suppression) == 0


def test_unsubscribing_twice_is_one_entry_for_this_event_f1(
    event_id: int, tokens: list[str], row: Any, count: Any
) -> None:
    listings = [unsubscribe.unsubscribe(tokens[0], SECRET, acting()) for _ in range(2)]
    assert (
        listings
        == [Listing("Ada@guests.example.net", "Fixture Gala", "Gala Team", here=True, everywhere=False, own=True)] * 2
    )
    entry = row(Suppression)
    assert (entry.address, entry.scope, entry.reason, entry.created_by) == (
        "ada@guests.example.net", str(event_id), "unsubscribed", None,
    )  # fmt: skip
    assert count(AuditEntry, AuditEntry.action == "suppression.unsubscribed") == 1
    assert unsubscribe.by_token(tokens[0], SECRET).listed is True
    assert unsubscribe.by_token(tokens[1], SECRET).listed is False


def test_the_next_audience_says_unsubscribed_a2(event_id: int, tokens: list[str]) -> None:
    unsubscribe.unsubscribe(tokens[0], SECRET, acting())
    found = resolve.resolve(fresh(), Audience(event_id, (GuestStatus.CONFIRMED,), ()))
    assert (found.count, dict(found.excluded)) == (1, {"unsubscribed": 1})


def test_who_is_on_the_list_of_the_installation_is_off_already_f1(tokens: list[str], count: Any) -> None:
    with transaction() as tx:
        tx.add(Suppression(address="ada@guests.example.net", scope="all", reason="manual", source="test",
                           created_at=acting().now))  # fmt: skip
    assert unsubscribe.by_token(tokens[0], SECRET).listed is True
    unsubscribe.unsubscribe(tokens[0], SECRET, acting())  # and may still say so for this event
    assert count(Suppression) == 2


def test_a_link_that_was_changed_is_refused_and_changes_nothing_f2(tokens: list[str], count: Any) -> None:
    number, _, signature = tokens[0].partition("-")
    other = tokens[1].partition("-")[2]
    calendar = signing.sign(SECRET, "calendar", number)
    forged = [
        *("", "-", number, f"{number}-", "x" * 5000, f"{number}-\ud800", f"{'9' * 30}-{signature}"),
        *(f"{number}-{other}", f"{number}-{signature}x", f"{number}-{signature[:-1]}", f"{number}-{calendar}"),
        *(f"0{number}-{signature}", f"-{number}-{signature}", f"{number}-{signature.swapcase()}"),
        f"999-{signing.sign(SECRET, UNSUBSCRIBE, 999)}",
    ]
    for token in forged:
        with pytest.raises(BadSignature):
            unsubscribe.by_token(token, SECRET)
        with pytest.raises(BadSignature):
            unsubscribe.unsubscribe(token, SECRET, acting())
    with pytest.raises(BadSignature):
        unsubscribe.unsubscribe(tokens[0], b"o" * 32, acting())
    assert count(Suppression) == 0


def _wish(tokens: list[str], *, everywhere: bool) -> None:
    unsubscribe.unsubscribe(tokens[0], SECRET, acting(), everywhere=everywhere)


def _report(kind: Kind) -> Any:
    return lambda: feedback.take("generic", [ServiceReport(f"r-{kind}", kind, "", "ada@guests.example.net", "", "")],
                                 acting().now)  # fmt: skip


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("first", ["manual", "import", "hard_bounce"])
def test_who_is_listed_already_and_asks_for_no_mail_is_listed_for_that_and_may_take_it_back_f1(
    event_id: int, tokens: list[str], row: Any, rows: Any, first: str, everywhere: bool
) -> None:
    scope = "all" if everywhere else str(event_id)
    seeding.suppress("ada@guests.example.net", scope, first)
    before = row(Suppression)
    for _ in range(2):
        _wish(tokens, everywhere=everywhere)
    now = row(Suppression)
    assert (now.id, now.reason, now.created_at, now.created_by) == (
        before.id, "unsubscribed", before.created_at, before.created_by,
    )  # fmt: skip
    entry = row(AuditEntry, AuditEntry.action == "suppression.unsubscribed")
    assert entry.detail["before"] == {"reason": first, "source": before.source}
    assert unsubscribe.by_token(tokens[0], SECRET).own
    after = unsubscribe.take_back(tokens[0], SECRET, acting())
    assert (after.own, after.listed) == (False, True)  # what stood there before does so again
    assert (row(Suppression).reason, row(Suppression).source) == (first, before.source)
    _wish(tokens, everywhere=everywhere)
    assert row(Suppression).reason == "unsubscribed"


def test_a_complaint_outweighs_a_wish_a_wish_a_dead_mailbox_and_that_a_colleague_f1(
    tokens: list[str], row: Any, rows: Any
) -> None:
    seeding.suppress("ada@guests.example.net", "all", "import")
    bounce, complain = _report(Kind.BOUNCE), _report(Kind.COMPLAINT)
    told = []
    for news in (bounce, lambda: _wish(tokens, everywhere=True), bounce, complain,
                 lambda: _wish(tokens, everywhere=True), complain):  # fmt: skip
        news()
        told.append(row(Suppression).reason)
    assert told == ["hard_bounce", "unsubscribed", "unsubscribed", "complaint", "complaint", "complaint"]
    assert [
        (entry.actor, entry.detail["before"]["reason"], entry.detail["after"]["reason"])
        for entry in rows(AuditEntry, AuditEntry.action == "suppression.reported")
    ] == [("generic", "import", "hard_bounce"), ("generic", "unsubscribed", "complaint")]
    unsubscribe.take_back(tokens[0], SECRET, acting())
    assert row(Suppression).reason == "hard_bounce", "what the person said ends; that the mailbox was dead stands"


def test_taking_back_a_new_wish_leaves_nothing_of_an_entry_that_was_lifted_f1(
    event_id: int, owner: Person, tokens: list[str], row: Any, count: Any
) -> None:
    seeding.suppress("ada@guests.example.net", str(event_id), "manual")
    _wish(tokens, everywhere=False)
    entries.lift(event_id, row(Suppression).id, "asked", seeding.user(owner), acting(owner))
    _wish(tokens, everywhere=False)
    unsubscribe.take_back(tokens[0], SECRET, acting())
    assert count(Suppression) == 0
