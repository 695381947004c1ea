"""A test: everything of it in one transaction, once a key, read as one guest."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError

from eventmail import clock
from eventmail.db import fresh, transaction
from eventmail.domain.guests import edit
from eventmail.domain.mailings import contents, control, send, test_sends
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message, Sent
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.errors import AlreadyCancelled, IdempotencyKeyReused, NotFound
from eventmail.models import (
    Guest,
    IdempotencyRecord,
    Job,
    Mailing,
    Recipient,
    Reservation,
    Suppression,
)
from tests.support import seeding
from tests.support.seeding import Person, acting
from tests.support.written import PLACE, TEXT, WRITTEN, numbers


@pytest.fixture
def test_send(event_id: int, organizer: Person) -> Callable[..., Sent]:
    """test_send(text=…, to=…, guest=…, key="k", by=…): the real command."""

    def call(what: Text = TEXT, key: str = "k", by: Person = organizer, **wanted: Any) -> Sent:
        fresh().rollback()
        return test_sends.send(event_id, Wanted(what, **wanted), key=key, terms=PLACE, by=acting(by))

    return call


def test_S1_a_test_is_written_in_one_transaction_and_begins_at_once(test_send: Any, row: Any) -> None:
    with transaction() as tx:
        tx.add(Suppression(address="gone@x.org", scope="all", reason="hard_bounce", source="test",
                           created_at=clock.now()))  # fmt: skip
    before = numbers()
    sent = test_send(to=["a@x.org", "b@x.org", "gone@x.org"])
    assert {name: number - before[name] for name, number in numbers().items()} == {
        "content": 1, "mailing": 1, "recipient": 2, "exclusion": 1, "job": 1, "reservation": 1,
        "idempotency_record": 1, "audit_entry": 1,
    }  # fmt: skip
    mailing, job, ledger = row(Mailing), row(Job), row(Reservation)
    assert (mailing.id, mailing.kind, mailing.counts["queued"]) == (sent.mailing_id, "test", 2)
    assert (job.id, job.starts_at) == (sent.job_id, job.created_at)  # nothing to undo (S7)
    assert (ledger.reserved, ledger.consumed, ledger.refunded) == (2, 0, 0)


@pytest.mark.parametrize("table", [model.__tablename__ for model in WRITTEN])
def test_S1_when_any_part_of_a_test_fails_nothing_remains(test_send: Any, table: str) -> None:
    with transaction() as tx:
        tx.add(Suppression(address="gone@x.org", scope="all", reason="manual", source="test", created_at=clock.now()))
        tx.execute(text(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END"))
    before = numbers()
    with pytest.raises(IntegrityError, match="refused"):
        test_send(to=["a@x.org", "gone@x.org"])
    assert numbers() == before
    with transaction() as tx:
        tx.execute(text("DROP TRIGGER refuse"))
    assert test_send(to=["a@x.org", "gone@x.org"]).job_id is not None  # and the key is still free


def test_C5_a_test_has_the_very_text_that_was_previewed_and_that_is_sent(
    event_id: int, organizer: Person, add_guest: Any, test_send: Any, rows: Any
) -> None:
    add_guest()
    shown = contents.preview(event_id, TEXT, acting())
    test_send()
    message = Message(TEXT, {"statuses": ["confirmed"]})
    send.send(event_id, message, key="k", terms=PLACE, by=acting(organizer))
    assert [mailing.content_id for mailing in rows(Mailing)] == [shown.content_id] * 2


def test_E1_without_a_named_guest_it_is_the_first_by_name(add_guests: Any, test_send: Any, row: Any) -> None:
    _, first = add_guests([{"email": "z@x.org", "last_name": "Zed"}, {"email": None, "last_name": "Abel"}])
    test_send()
    assert row(Mailing).as_guest_id == first


def test_E1_a_named_guest_may_have_no_address(add_guests: Any, test_send: Any, row: Any) -> None:
    nora, _ = add_guests([{"email": None, "last_name": "Zed"}, {"email": "a@x.org", "last_name": "Abel"}])
    test_send(guest=str(nora))
    assert row(Mailing).as_guest_id == nora


def test_E1_each_person_has_keys_of_their_own(test_send: Any, owner: Person, organizer: Person, rows: Any) -> None:
    assert test_send(by=owner).job_id != test_send(by=organizer).job_id
    assert [recipient.email for recipient in rows(Recipient)] == [owner.email, organizer.email]


def test_E3_a_key_stands_for_text_addresses_and_guest(add_guest: Any, test_send: Any) -> None:
    guest = str(add_guest())
    test_send(to=["a@x.org"])
    assert test_send(to=["A@X.org"], criteria={"statuses": ["confirmed"]}).job_id is None  # the audience is no part
    for other in ({"to": ["b@x.org"]}, {"to": ["a@x.org"], "guest": guest}, {"to": ["a@x.org", "b@x.org"]}):
        with pytest.raises(IdempotencyKeyReused):
            test_send(**other)
    with pytest.raises(IdempotencyKeyReused):
        test_send(Text("Hi", "", "Other"), to=["a@x.org"])


def test_S7_the_key_of_a_cancelled_test_says_so_and_sends_nothing(
    event_id: int, organizer: Person, test_send: Any, count: Any
) -> None:
    sent = test_send()
    control.cancel(event_id, sent.mailing_id, acting(organizer))
    with pytest.raises(AlreadyCancelled):
        test_send()
    assert count(Mailing) == 1


def test_E1_a_message_to_guests_is_no_test(event_id: int, organizer: Person, add_guest: Any) -> None:
    add_guest()
    message = Message(TEXT, {"statuses": ["confirmed"]})
    sent = send.send(event_id, message, key="k", terms=PLACE, by=acting(organizer))
    with pytest.raises(NotFound):
        test_sends.find(event_id, sent.mailing_id)


def test_E1_the_guest_of_a_test_can_be_removed(
    event_id: int, organizer: Person, add_guest: Any, test_send: Any, row: Any
) -> None:
    guest = add_guest(first_name="Ada")
    test_send()
    assert test_sends.read_as(row(Mailing)) == contents.guest_values(fresh().get(Guest, guest))
    edit.delete(event_id, guest, acting(organizer))
    assert (row(Mailing).as_guest_id, row(Recipient).state) == (None, "queued")
    assert test_sends.read_as(row(Mailing)) == {}


def test_E1_a_kind_that_is_not_known_cannot_be_stored(test_send: Any) -> None:
    test_send()
    with pytest.raises(IntegrityError), transaction() as tx:
        tx.execute(text("UPDATE mailing SET kind = 'rehearsal'"))


def test_an_event_takes_its_tests_along(event_id: int, test_send: Any, count: Any) -> None:
    test_send()
    with transaction() as tx:
        tx.execute(delete(Mailing).where(Mailing.event_id == event_id))
    assert (count(Recipient), count(Job), count(IdempotencyRecord)) == (0, 0, 0)
    assert seeding.event(event_id).id == event_id
