"""Cancel, try again, decide: what an organizer does with a message under way."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from eventmail import clock as clock_
from eventmail.domain import guests, mailings, runs
from eventmail.domain.contents import Text
from eventmail.domain.mailings import Message
from eventmail.domain.merge import Place
from eventmail.domain.runs import Decision
from eventmail.errors import (
    AlreadyCancelled,
    AlreadySent,
    NotFound,
    NothingToDo,
    Permanent,
    QuotaExceeded,
    Refused,
    Transient,
    Unclear,
)
from eventmail.models import AuditEntry, Job, Mailing, Recipient, Reservation
from eventmail.providers.base import Mail
from eventmail.records import Acting, Limits
from eventmail.sending import drain
from eventmail.sending.outcome import BACKOFF
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")


@pytest.fixture
def place(settings: Settings) -> Place:
    return Place("https://mail.example.org", settings.secret, outside=False)


@pytest.fixture
def by(organizer: Person) -> Acting:
    return replace(seeding.acting(organizer), now=clock_.now())


@pytest.fixture
def send(event_id: int, place: Place, by: Acting) -> Callable[..., int]:
    """send(*addresses): a mailing that nobody has worked on: its id."""

    def make(*addresses: str, **terms: Any) -> int:
        seeding.add_guests(event_id, [{"email": address} for address in addresses])
        message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
        terms = {"place": place, "by": by, "key": "k", **terms}
        return mailings.send(event_id, message, **terms).mailing_id

    return make


@pytest.fixture
def work(settings: Settings, rows: Callable[..., list[Any]]) -> Callable[[Recording], None]:
    """work(provider): the worker, until every run is over."""

    def turn(provider: Recording) -> None:
        for job in rows(Job, Job.state == "running"):
            drain.drain(job.id, provider, settings)

    return turn


@pytest.fixture
def states(rows: Callable[..., list[Any]]) -> Callable[[], dict[str, str]]:
    return lambda: {recipient.address: recipient.state for recipient in rows(Recipient)}


@pytest.fixture
def ledger(rows: Callable[..., list[Any]]) -> Callable[[], list[tuple[int, int, int]]]:
    """(reserved, consumed, refunded) of every run."""
    return lambda: [(entry.reserved, entry.consumed, entry.refunded) for entry in rows(Reservation)]


def test_S6_cancel_stops_everybody_who_waits_refunds_and_is_logged(
    event_id: int, send: Any, by: Acting, states: Any, ledger: Any, row: Any, work: Any
) -> None:
    mailing_id = send(A, B)

    assert runs.cancel(event_id, mailing_id, by) == 2

    work(provider := Recording())
    assert provider.mails == []
    assert states() == {A: "cancelled", B: "cancelled"}
    assert ledger() == [(2, 0, 2)]
    assert (row(Mailing).state, row(Job).state) == ("cancelled", "cancelled")
    entry = row(AuditEntry, AuditEntry.action == "mailing.cancelled")
    assert (entry.actor, entry.detail) == (by.name, {"cancelled": 2, "sent": 0, "under_way": 0})


def test_S6_cancelling_twice_says_so_and_a_finished_one_is_too_late(
    event_id: int, send: Any, by: Acting, work: Any
) -> None:
    mailing_id = send(A)
    runs.cancel(event_id, mailing_id, by)
    with pytest.raises(AlreadyCancelled):
        runs.cancel(event_id, mailing_id, by)

    finished = send(B, key="other")
    work(Recording())
    with pytest.raises(AlreadySent):
        runs.cancel(event_id, finished, by)


def test_S6_what_is_with_the_mail_service_goes_on_and_is_reported(
    event_id: int, send: Any, by: Acting, states: Any, ledger: Any, work: Any, rows: Any
) -> None:
    mailing_id = send(*(f"g{n:02}@guests.example.net" for n in range(30)))
    provider = Recording()

    def cancel_at_the_first(_mail: Mail) -> None:
        provider.before = lambda _mail: None
        assert runs.cancel(event_id, mailing_id, by) == 10

    provider.before = cancel_at_the_first
    work(provider)

    assert (list(states().values()).count("sent"), list(states().values()).count("cancelled")) == (20, 10)
    assert len(provider.mails) == 20
    assert ledger() == [(30, 20, 10)]
    assert rows(AuditEntry, AuditEntry.action == "mailing.cancelled")[0].detail["under_way"] == 20


def test_S6_who_fails_for_now_after_a_cancel_is_cancelled_not_queued_for_ever(
    event_id: int, send: Any, by: Acting, states: Any, ledger: Any, work: Any
) -> None:
    mailing_id = send(A, *(f"g{n:02}@guests.example.net" for n in range(25)))
    provider = Recording(answers={A: Transient("later")})

    def cancel_at_the_first(_mail: Mail) -> None:
        provider.before = lambda _mail: None
        runs.cancel(event_id, mailing_id, by)

    provider.before = cancel_at_the_first
    work(provider)

    assert states()[A] == "cancelled"
    assert ledger() == [(26, 19, 7)]


def test_S8_retry_failed_is_a_new_run_with_the_same_keys_over_the_failed_only(
    event_id: int, send: Any, by: Acting, place: Place, states: Any, ledger: Any, work: Any, rows: Any
) -> None:
    provider = Recording(answers={A: Permanent("full", code="552 5.2.2"), B: Unclear("lost")})
    mailing_id = send(A, B, C)
    work(provider)
    first = {mail.to: mail.key for mail in provider.mails}
    provider.answers.clear()
    provider.mails.clear()

    job_id = runs.retry(event_id, mailing_id, place, by)
    work(provider)

    assert {mail.to: mail.key for mail in provider.mails} == {A: first[A]}
    assert states() == {A: "sent", B: "unknown", C: "sent"}
    assert ledger() == [(3, 2, 1), (1, 1, 0)]
    assert [(job.id == job_id, job.run, job.state) for job in rows(Job)] == [
        (False, 1, "finished"),
        (True, 2, "finished"),
    ]


def test_S8_nothing_failed_is_nothing_to_retry(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, count: Any
) -> None:
    mailing_id = send(A)
    work(Recording())

    with pytest.raises(NothingToDo):
        runs.retry(event_id, mailing_id, place, by)
    assert count(Job) == 1


def test_S4_a_retried_recipient_has_all_its_tries_again(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, clock: FrozenClock
) -> None:
    provider = Recording(answers={A: Transient("later")})
    mailing_id = send(A)
    tries = 1 + len(BACKOFF)
    for _ in range(tries + 1):
        work(provider)
        clock.advance(hours=2)
    assert (states(), len(provider.mails)) == ({A: "failed"}, tries)

    runs.retry(event_id, mailing_id, place, replace(by, now=clock.now()))
    work(provider)

    assert states() == {A: "queued"}
    assert [mail.attempt for mail in provider.mails] == list(range(1, tries + 2))


def test_S5_doubt_is_counted_as_sent(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, ledger: Any, row: Any
) -> None:
    mailing_id = send(A, B)
    work(Recording(answers={A: Unclear("lost"), B: Unclear("lost")}))

    assert runs.decide(event_id, mailing_id, Decision.SENT, [A.upper()], place=place, by=by) is None

    assert states() == {A: "sent", B: "unknown"}
    assert ledger() == [(2, 2, 0)]
    assert row(Recipient, Recipient.address == A).last_error == f"Counted as sent by {by.name}"


def test_S5_doubt_is_sent_again_on_decision_only(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, ledger: Any
) -> None:
    mailing_id = send(A, B)
    work(Recording(answers={A: Unclear("lost"), B: Unclear("lost")}))

    runs.decide(event_id, mailing_id, Decision.SEND_AGAIN, None, place=place, by=by)
    work(provider := Recording())

    assert sorted(provider.addresses) == [A, B]
    assert states() == {A: "sent", B: "sent"}
    assert ledger() == [(2, 2, 0), (2, 2, 0)]


@pytest.mark.parametrize("emails", [[C], [A, C], ["stranger@guests.example.net"], []])
def test_S5_nobody_else_can_be_decided_on(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, emails: list[str]
) -> None:
    mailing_id = send(A, C)
    work(Recording(answers={A: Unclear("lost")}))

    for decision in Decision:
        with pytest.raises(NothingToDo):
            runs.decide(event_id, mailing_id, decision, emails, place=place, by=by)

    assert states() == {A: "unknown", C: "sent"}


def test_a_mailing_of_another_event_is_not_found_by_any_of_them(
    event_id: int, send: Any, by: Acting, place: Place, add_event: Any, states: Any
) -> None:
    mailing_id, other = send(A), add_event()

    for attempt in (
        lambda: runs.cancel(other, mailing_id, by),
        lambda: runs.retry(other, mailing_id, place, by),
        lambda: runs.decide(other, mailing_id, Decision.SENT, None, place=place, by=by),
    ):
        with pytest.raises(NotFound):
            attempt()

    assert states() == {A: "queued"}


def test_S9_over_quota_is_refused_before_anything_is_queued(send: Any, place: Place, count: Any, event_id: int) -> None:
    with pytest.raises(QuotaExceeded) as refused:
        send(A, B, C, place=replace(place, limits=Limits(per_day=2)))

    assert refused.value.detail == "This needs 3 sends; 2 of 2 are left for this day. Nothing was queued."
    assert (count(Mailing), count(Recipient), count(Reservation)) == (0, 0, 0)


def test_S9_refunded_places_are_free_again_and_old_ones_leave_the_window(
    event_id: int, send: Any, place: Place, by: Acting, clock: FrozenClock
) -> None:
    by = replace(by, now=clock.now())
    limited = replace(place, limits=Limits(per_day=2))
    runs.cancel(event_id, send(A, B, place=limited, by=by), by)

    send(place=limited, by=by, key="second")
    with pytest.raises(QuotaExceeded):
        send(place=limited, by=by, key="third")
    later = replace(by, now=clock.advance(hours=24, seconds=1))
    send(place=limited, by=later, key="fourth")


def test_S12_a_refused_sender_stops_the_job_with_everybody_queued(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, row: Any, ledger: Any
) -> None:
    provider = Recording(answers={A: Refused("Authentication failed", code="535 5.7.8")})
    provider.answers[B] = provider.answers[C] = provider.answers[A]
    mailing_id = send(A, B, C)
    work(provider)
    tried = len(provider.mails)

    work(provider)

    assert len(provider.mails) == tried
    assert states() == {A: "queued", B: "queued", C: "queued"}
    assert row(Job).stopped == "Authentication failed (535 5.7.8)"
    provider.answers.clear()
    runs.retry(event_id, mailing_id, place, by)
    work(provider)
    assert states() == {A: "sent", B: "sent", C: "sent"}
    assert ledger() == [(3, 3, 0)]


def test_S5_a_doubt_that_is_not_sent_again_after_all_stays_a_doubt(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, ledger: Any, row: Any
) -> None:
    mailing_id = send(A, B)
    work(Recording(answers={A: Unclear("lost")}))
    runs.decide(event_id, mailing_id, Decision.SEND_AGAIN, None, place=place, by=by)

    assert runs.cancel(event_id, mailing_id, by) == 0

    assert states() == {A: "unknown", B: "sent"}
    assert row(Recipient, Recipient.address == A).last_error == (
        f"An earlier mail may have been sent. Not sent again: Cancelled by {by.name}"
    )
    assert ledger() == [(2, 2, 0), (1, 1, 0)]
    assert row(Mailing).state == "finished"


def test_S8_a_cancelled_second_run_leaves_a_finished_message_whose_rest_can_be_tried_again(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, row: Any
) -> None:
    provider = Recording(answers={A: Permanent("full"), B: Permanent("full")})
    mailing_id = send(A, B, C)
    work(provider)
    runs.retry(event_id, mailing_id, place, by)

    assert runs.cancel(event_id, mailing_id, by) == 2

    assert row(Mailing).state == "finished"
    assert states() == {A: "cancelled", B: "cancelled", C: "sent"}


@pytest.mark.parametrize("decision", [None, Decision.SEND_AGAIN])
def test_A6_what_is_known_of_a_guest_never_goes_to_an_address_that_is_no_longer_theirs(
    event_id: int, send: Any, by: Acting, place: Place, work: Any, states: Any, row: Any, decision: Decision | None
) -> None:
    mailing_id = send(A, B)
    if decision:
        work(Recording(answers={A: Unclear("lost")}))
        runs.decide(event_id, mailing_id, decision, None, place=place, by=by)
    guest_id = row(Recipient, Recipient.address == A).guest_id
    guests.edit(event_id, guest_id, {"email": "dave@guests.example.net", "first_name": "Dave"}, by)

    work(provider := Recording())

    assert A not in provider.addresses
    assert "dave@guests.example.net" not in provider.addresses
    assert states() == {A: "unknown" if decision else "cancelled", B: "sent"}
    assert "The guest has another address" in str(row(Recipient, Recipient.address == A).last_error)
