"""Sending: everything of one message in one transaction, once a key."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from eventmail import clock
from eventmail.content.compiled import Compiled
from eventmail.db import Base, fresh, transaction
from eventmail.domain import contents, events, guests, mailings
from eventmail.domain.contents import Text
from eventmail.domain.mailings import Message, Sent
from eventmail.domain.merge import Place
from eventmail.errors import (
    DomainError,
    IdempotencyKeyReused,
    InvalidAudience,
    InvalidInput,
    NoRecipients,
    NotFound,
    UnresolvedToken,
)
from eventmail.models import (
    AuditEntry,
    Content,
    Exclusion,
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

PLACE = Place("https://mail.organizers.example", b"s" * 32, outside=False)
TEXT = Text("Hi {guest.firstName}", "See you", "Come to {event.title}.")
WRITTEN: tuple[type[Base], ...] = (
    Content, Mailing, Recipient, Exclusion, Job, Reservation, IdempotencyRecord, AuditEntry,
)  # fmt: skip


def message(text: Text = TEXT, **audience: list[str]) -> Message:
    return Message(text, audience or {"statuses": ["confirmed"]})


@pytest.fixture
def send(event_id: int, organizer: Person) -> Callable[..., Sent]:
    """send(message=…, key="k", event=…, by=…): the real command."""

    def call(what: Message | None = None, key: str = "k", where: int = event_id, by: Person = organizer) -> Sent:
        fresh().rollback()
        return mailings.send(where, what or message(), key=key, place=PLACE, by=acting(by, request_id="req_1"))

    return call


def numbers() -> dict[str, int]:
    """How many rows each table holds that a send writes."""
    fresh().rollback()
    return {model.__tablename__: fresh().scalar(select(func.count()).select_from(model)) or 0 for model in WRITTEN}


@pytest.fixture
def party(add_guest: Any) -> list[int]:
    """Two who get it, and one each without an address, bounced, and sharing the first one's address."""
    with transaction() as tx:
        tx.add(Suppression(address="gone@guests.example.net", scope="all", reason="hard_bounce", source="test",
                           created_at=clock.now()))  # fmt: skip
    return [add_guest(email) for email in
            ("Ada@Guests.example.net", "ben@guests.example.net", None, "gone@guests.example.net",
             "ada@guests.example.net")]  # fmt: skip


# Everything at once


def test_a_send_writes_all_of_it_in_one_transaction_s1(
    event_id: int, organizer: Person, party: list[int], send: Any, row: Any, rows: Any, count_queries: Any
) -> None:
    before = numbers()
    with count_queries() as queries:
        sent = send()
    written = {name: number - before[name] for name, number in numbers().items()}
    assert written == {
        "content": 1, "mailing": 1, "recipient": 2, "exclusion": 3, "job": 1, "reservation": 1,
        "idempotency_record": 1, "audit_entry": 1,
    }  # fmt: skip
    assert [query for query in queries if query.startswith("SAVEPOINT")] == []

    mailing, job = row(Mailing), row(Job)
    assert (mailing.event_id, mailing.kind, mailing.state, mailing.recipient_count) == (
        event_id,
        "one_time",
        "sending",
        2,
    )
    assert {str(state): n for state, n in mailing.counts.items() if n} == {"queued": 2}
    assert mailing.excluded == {"no_address": 1, "bounced": 1, "duplicate_address": 1}
    assert (mailing.audience["statuses"], mailing.created_by) == (["confirmed"], organizer.id)
    assert [(r.mailing_id, r.guest_id, r.address, r.email, r.state, r.attempts) for r in rows(Recipient)] == [
        (mailing.id, party[0], "ada@guests.example.net", "Ada@Guests.example.net", "queued", 0),
        (mailing.id, party[1], "ben@guests.example.net", "ben@guests.example.net", "queued", 0),
    ]
    left_out = [(e.mailing_id, e.guest_id, e.reason, e.email, e.shares_with) for e in rows(Exclusion)]
    assert sorted(left_out, key=lambda found: found[1]) == [
        (mailing.id, party[2], "no_address", None, None),
        (mailing.id, party[3], "bounced", "gone@guests.example.net", None),
        (mailing.id, party[4], "duplicate_address", "ada@guests.example.net", party[0]),
    ]
    assert (job.mailing_id, job.run, job.state, job.request_id) == (mailing.id, 1, "running", "req_1")
    reservation = row(Reservation)
    assert (reservation.job_id, reservation.reserved, reservation.consumed, reservation.refunded) == (job.id, 2, 0, 0)
    entry = row(AuditEntry, AuditEntry.action == "mailing.sent")
    assert (entry.actor, entry.user_id, entry.event_id, entry.subject, entry.request_id, entry.detail) == (
        organizer.name, organizer.id, event_id, f"mailing:{mailing.id}", "req_1",
        {"recipients": 2, "excluded": {"no_address": 1, "bounced": 1, "duplicate_address": 1}},
    )  # fmt: skip
    record = row(IdempotencyRecord)
    assert (record.key, record.mailing_id, record.status, record.answer) == ("k", mailing.id, 202, sent.answer)
    assert (sent.mailing_id, sent.status, sent.job_id) == (mailing.id, 202, job.id)


@pytest.mark.parametrize("table", [model.__tablename__ for model in WRITTEN])
def test_when_any_part_fails_nothing_remains_s1(party: list[int], send: Any, table: str) -> None:
    before = numbers()
    with transaction() as tx:
        tx.execute(text(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END"))
    with pytest.raises(IntegrityError, match="refused"):
        send()
    assert numbers() == before
    with transaction() as tx:
        tx.execute(text("DROP TRIGGER refuse"))
    assert send().job_id is not None  # and the key is still free


def test_the_answer_describes_the_mailing(party: list[int], send: Any) -> None:
    answer = send().answer
    assert answer == {
        "id": answer["id"],
        "kind": "one_time",
        "state": "sending",
        "counts": {"queued": 2, "sending": 0, "sent": 0, "failed": 0, "unknown": 0, "suppressed": 0, "cancelled": 0},
        "recipient_count": 2,
        "excluded": [
            {"reason": "no_address", "count": 1}, {"reason": "bounced", "count": 1},
            {"reason": "duplicate_address", "count": 1},
        ],
        "send_at": None,
        "timezone": None,
        "edit_cutoff_at": None,
        "content": {
            "subject": TEXT.subject, "preheader": TEXT.preheader, "body": TEXT.body, "design": None, "revision": None,
        },
        "job": {**answer["job"], "state": "running", "started_at": None, "finished_at": None},
        "last_error": None,
    }  # fmt: skip


def test_what_is_sent_is_what_was_previewed_c5(event_id: int, party: list[int], send: Any, row: Any) -> None:
    shown = contents.preview(event_id, TEXT, acting())
    send()
    assert row(Mailing).content_id == shown.content_id
    assert Compiled.load(row(Content).compiled) == shown.compiled


# Refusals


REFUSED: list[tuple[Message, type[DomainError]]] = [
    (message(replace(TEXT, body="{guest.nickname}")), UnresolvedToken),
    (message(replace(TEXT, subject=" ")), InvalidInput),
    (message(replace(TEXT, body="x" * 200_000)), InvalidInput),
    (message(statuses=[]), InvalidAudience),
    (message(guests=["999"]), InvalidAudience),
    (message(statuses=["declined"]), NoRecipients),
]


@pytest.mark.parametrize(("wrong", "refusal"), REFUSED)
def test_a_refused_send_stores_nothing_and_leaves_its_key_free_s1(
    party: list[int], send: Any, wrong: Message, refusal: type[DomainError]
) -> None:
    before = numbers()
    with pytest.raises(refusal):
        send(wrong)
    assert numbers() == before
    assert send().job_id is not None


@pytest.mark.parametrize(("wrong", "refusal"), REFUSED)
def test_a_dry_run_makes_the_same_checks_and_stores_nothing(
    event_id: int, party: list[int], wrong: Message, refusal: type[DomainError]
) -> None:
    before = numbers()
    with pytest.raises(refusal):
        mailings.check(event_id, wrong, PLACE)
    assert mailings.check(event_id, message(), PLACE)[2].count == 2
    assert numbers() == before


def test_an_audience_that_becomes_empty_before_the_transaction_is_refused_a5(
    app: Flask, party: list[int], send: Any
) -> None:
    before = numbers()
    with at_first_write(app, empty_the_party), pytest.raises(NoRecipients, match="No recipients match"):
        send()
    after = numbers()
    assert {name: after[name] - before[name] for name in after} == dict.fromkeys(after, 0)


# Keys


def test_the_same_key_and_message_is_one_mailing_s1(party: list[int], send: Any, count: Any) -> None:
    first, second = send(), send()
    assert (second.mailing_id, second.status, second.answer) == (first.mailing_id, 202, first.answer)
    assert (first.job_id is None, second.job_id) == (False, None)
    assert (count(Mailing), count(Job), count(Recipient)) == (1, 1, 2)


def test_the_order_of_what_was_picked_makes_no_other_message(party: list[int], send: Any, count: Any) -> None:
    guests_ = [str(guest) for guest in party[:2]]
    send(message(guests=guests_, statuses=["invited", "confirmed"]))
    send(message(statuses=["confirmed", "invited"], guests=guests_[::-1], segments=[]))
    assert count(Mailing) == 1


@pytest.mark.parametrize("change", ["empty", "grown", "deleted"])
def test_a_replay_answers_the_same_whatever_became_of_the_audience_s1(
    event_id: int, party: list[int], send: Any, add_guest: Any, change: str, count: Any
) -> None:
    first = send()
    if change == "grown":
        add_guest("new@guests.example.net")
    elif change == "empty":
        empty_the_party()
    else:
        guests.delete(event_id, party[0], acting())
    second = send()
    assert (second.answer, second.status, count(Mailing)) == (first.answer, 202, 1)


def test_a_replay_answers_even_when_the_text_would_be_refused_now_s1(
    event_id: int, party: list[int], send: Any, add_guest: Any
) -> None:
    guests.edit(event_id, party[0], {"attributes": {"Table": "7"}}, acting())
    with_column = message(replace(TEXT, body="{guest.Table}"))
    first = send(with_column)
    with transaction() as tx:
        tx.execute(text("DELETE FROM guest_field"))
    assert send(with_column).answer == first.answer


@pytest.mark.parametrize(
    "other",
    [
        message(replace(TEXT, subject="Other")),
        message(replace(TEXT, preheader="")),
        message(replace(TEXT, body="Other")),
        message(statuses=["confirmed", "invited"]),
    ],
)
def test_a_key_that_comes_with_another_message_is_refused_s1(
    party: list[int], send: Any, other: Message, count: Any
) -> None:
    send()
    with pytest.raises(IdempotencyKeyReused) as refused:
        send(other)
    assert (refused.value.status, count(Mailing)) == (422, 1)


def test_people_and_events_have_keys_of_their_own(
    event_id: int, party: list[int], send: Any, owner: Person, add_event: Any, count: Any
) -> None:
    other = add_event()
    seeding.add_guest(other)
    sent = [send(), send(by=owner), send(where=other)]
    assert len({one.mailing_id for one in sent}) == 3
    assert [one.job_id is None for one in sent] == [False] * 3


class at_first_write:  # noqa: N801  reads as a sentence where it is used
    """Let `meanwhile` happen, in a thread of its own and to its end, just before the next transaction begins.

    Nothing is replaced: the engine tells of each statement before it runs.
    """

    def __init__(self, app: Flask, meanwhile: Callable[[], object]) -> None:
        self.app, self.meanwhile, self.done = app, meanwhile, False

    def __enter__(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._begin)

    def __exit__(self, *_error: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._begin)
        assert self.done

    def _begin(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if self.done or statement != "BEGIN IMMEDIATE":
            return
        self.done = True
        other = threading.Thread(target=self._run)
        other.start()
        other.join()

    def _run(self) -> None:
        with self.app.app_context():
            self.meanwhile()


def empty_the_party() -> None:
    with transaction() as tx:
        tx.execute(update(Guest).values(status="declined"))


def test_of_two_clicks_at_once_the_second_lands_on_the_first_s1(
    app: Flask, party: list[int], send: Any, count: Any
) -> None:
    faster: list[Sent] = []
    with at_first_write(app, lambda: faster.append(send())):
        slower = send()
    assert (slower.mailing_id, slower.answer) == (faster[0].mailing_id, faster[0].answer)
    assert (slower.job_id, count(Mailing), count(Recipient)) == (None, 1, 2)


def test_a_key_under_a_form_stays_until_another_message_needs_one(
    event_id: int, organizer: Person, party: list[int], send: Any
) -> None:
    def laid(what: Message, key: str | None) -> str:
        return mailings.key_for(event_id, what, key, acting(organizer))

    assert len({laid(message(), None), laid(message(), None)}) == 2
    assert laid(message(), "k") == "k"
    send()
    assert laid(message(), "k") == "k"
    assert laid(message(statuses=["invited"]), "k") != "k"


# What is frozen


def test_the_constants_are_those_of_the_moment_it_was_sent(
    event_id: int, party: list[int], send: Any, row: Any
) -> None:
    send()
    events.edit(event_id, {"title": "Renamed", "sender_name": "Others", "reply_to": "o@organizers.org"}, acting())
    mailing = row(Mailing)
    assert [mailing.constants[name] for name in ("event.title", "organizer.name")] == ["Fixture Gala", "Gala Team"]
    assert mailing.reply_to == ""


def test_S6_a_guest_who_is_deleted_leaves_their_row_of_the_mailing(
    event_id: int, party: list[int], send: Any, rows: Any, row: Any
) -> None:
    send()
    for guest in (party[1], party[3]):
        guests.delete(event_id, guest, acting())
    assert [(r.guest_id, r.email, r.state) for r in rows(Recipient)] == [
        (party[0], "Ada@Guests.example.net", "queued"), (None, "ben@guests.example.net", "cancelled"),
    ]  # fmt: skip
    assert sorted((e.guest_id or 0, e.reason) for e in rows(Exclusion)) == [
        (0, "bounced"), (party[2], "no_address"), (party[4], "duplicate_address"),
    ]  # fmt: skip
    mailing, reservation = row(Mailing), row(Reservation)
    assert (mailing.n_queued, mailing.n_cancelled, mailing.recipient_count, reservation.refunded) == (1, 1, 2, 1)


def test_A7_who_shares_the_address_of_a_deleted_guest_takes_the_waiting_mail_over(
    event_id: int, party: list[int], send: Any, rows: Any, row: Any
) -> None:
    send()

    assert guests.delete(event_id, party[0], acting()) == 0

    assert [(r.guest_id, r.email, r.state) for r in rows(Recipient)] == [
        (party[4], "Ada@Guests.example.net", "queued"), (party[1], "ben@guests.example.net", "queued"),
    ]  # fmt: skip
    assert sorted((e.guest_id, e.reason) for e in rows(Exclusion)) == [
        (party[2], "no_address"), (party[3], "bounced"),
    ]  # fmt: skip
    assert row(Mailing).excluded == {"no_address": 1, "bounced": 1}


def test_an_address_that_is_corrected_later_does_not_move_a_mail(
    event_id: int, party: list[int], send: Any, rows: Any
) -> None:
    send()
    guests.edit(event_id, party[1], {"email": "other@guests.example.net"}, acting())
    assert [r.email for r in rows(Recipient)] == ["Ada@Guests.example.net", "ben@guests.example.net"]


@pytest.mark.parametrize(
    "values",
    [{"n_queued": 1}, {"n_sent": 1}, {"recipient_count": 3}, {"n_queued": 3, "n_sent": -1}, {"state": "paused"},
     {"kind": "letter"}],
)  # fmt: skip
def test_the_database_keeps_counters_and_states_inside_the_rules_s2(
    party: list[int], send: Any, values: dict[str, Any]
) -> None:
    send()
    with pytest.raises(IntegrityError, match="CHECK constraint failed"), transaction() as tx:
        tx.execute(update(Mailing).values(**values))


def test_an_address_can_not_be_twice_in_a_mailing_s1(party: list[int], send: Any) -> None:
    send()
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed"), transaction() as tx:
        tx.execute(update(Recipient).values(address="ada@guests.example.net"))


# Texts and events


def test_the_same_text_is_one_row_in_its_event_and_never_shared_with_another(
    event_id: int, party: list[int], send: Any, add_event: Any, rows: Any
) -> None:
    other = add_event()
    seeding.add_guest(other)
    send(key="1"), send(key="2"), send(key="3", where=other)
    mailings_ = rows(Mailing)
    assert len({mailing.content_id for mailing in mailings_}) == 2
    assert [content.event_id for content in rows(Content)] == [event_id, other]
    assert [mailing.content_id == mailings_[0].content_id for mailing in mailings_] == [True, True, False]


def test_a_mailing_of_another_event_is_not_found(party: list[int], send: Any, add_event: Any, event_id: int) -> None:
    mailing_id, other = send().mailing_id, add_event()
    assert mailings.find(event_id, mailing_id).id == mailing_id
    for event_, mailing in ((other, mailing_id), (event_id, 999)):
        with pytest.raises(NotFound):
            mailings.find(event_, mailing)
    assert fresh().execute(mailings.newest_first(other)).all() == []


def test_the_list_begins_with_the_newest(event_id: int, party: list[int], send: Any) -> None:
    for n in range(3):
        send(message(replace(TEXT, subject=f"No {n}")), key=str(n))
    assert [row.subject for row in fresh().execute(mailings.newest_first(event_id))] == ["No 2", "No 1", "No 0"]


def test_only_guests_of_the_event_are_ever_recipients(
    event_id: int, party: list[int], send: Any, add_event: Any, rows: Any
) -> None:
    seeding.add_guest(add_event(), "foreign@guests.example.net")
    send()
    assert {r.guest_id for r in rows(Recipient)} | {e.guest_id for e in rows(Exclusion)} == set(party)
