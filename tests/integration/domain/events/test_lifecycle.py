"""The end of an event: nothing that waits leaves, what was sent stays explained, and sending is refused afterwards."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from eventmail.content import ics
from eventmail.db import fresh, transaction
from eventmail.domain.events import edit, lifecycle
from eventmail.domain.mailings import control, merge_values
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.control import Decision
from eventmail.domain.mailings.send import Message, Sent
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadyCancelled, EventArchived, MessagesWaiting, NothingToDo
from eventmail.models import AuditEntry, Event, Job, Mailing, Recipient, Reservation
from eventmail.providers.base import Permanent, Transient, Unclear
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person, acting

PLACE = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
ENDS = pytest.mark.parametrize("end", ["cancelled", "archived"])


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass


@pytest.fixture
def send(event_id: int, organizer: Person) -> Callable[..., Sent]:
    def send(key: str = "key", event: int = event_id) -> Sent:
        message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
        return mailing_send.send(event, message, key=key, terms=PLACE, by=acting(organizer))

    return send


def finish(end: str, event_id: int, by: Person) -> int:
    if end == "cancelled":
        return lifecycle.cancel(event_id, acting(by))
    return lifecycle.archive(event_id, acting(by), cancel_waiting=True)


def ledger(entry: Reservation) -> tuple[int, int, int]:
    return entry.reserved, entry.consumed, entry.refunded


@ENDS
def test_S6_an_end_cancels_who_waits_with_the_reason_and_returns_the_places(
    *, end: str, event_id: int, organizer: Person, add_guests: Any, send: Any, row: Any, rows: Any
) -> None:
    add_guests(3)
    send()
    assert finish(end, event_id, organizer) == 3
    assert {(r.state, r.last_error) for r in rows(Recipient)} == {
        ("cancelled", f"The event was {end} by Oscar Organizer")
    }
    mailing = row(Mailing)
    assert (mailing.state, mailing.n_queued, mailing.n_cancelled) == ("cancelled", 0, 3)
    assert (row(Job).state, ledger(row(Reservation))) == ("cancelled", (3, 0, 3))


@ENDS
def test_S6_nothing_leaves_after_an_end(
    *, end: str, event_id: int, organizer: Person, add_guests: Any, send: Any, settings: Settings
) -> None:
    add_guests(3)
    job_id = send().job_id
    finish(end, event_id, organizer)
    provider = Recording()
    assert drain.drain(job_id, provider, settings) is None
    assert provider.mails == []


@ENDS
def test_S6_what_is_tried_while_the_event_ends_is_recorded_and_not_tried_again(
    *, end: str, event_id: int, organizer: Person, add_guests: Any, send: Any, settings: Settings, rows: Any, row: Any
) -> None:
    add_guests(3)
    job_id = send().job_id
    ended: list[int] = []

    def end_now(_mail: object) -> None:
        if not ended:
            ended.append(finish(end, event_id, organizer))

    answers: dict[str, Any] = {
        "guest-002@guests.example.net": Transient("busy"), "guest-003@guests.example.net": Unclear("lost")
    }  # fmt: skip
    drain.drain(job_id, Recording(answers=answers, honours_keys=True, before=end_now), settings)
    fresh().rollback()
    assert ended == [0]
    assert Counter(r.state for r in rows(Recipient)) == {"sent": 1, "cancelled": 1, "unknown": 1}
    assert ledger(row(Reservation)) == (3, 2, 1)
    assert (row(Job).state, row(Mailing).state) == ("cancelled", "cancelled")


@ENDS
def test_S6_a_message_whose_mails_have_all_left_ends_as_sent_and_not_as_cancelled(
    *, end: str, event_id: int, organizer: Person, add_guests: Any, send: Any, settings: Settings, row: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    add_guests(2)
    job_id, finish_run = send().job_id, drain.finish.finish

    def end_first(*args: Any) -> bool:
        assert finish(end, event_id, organizer) == 0
        return finish_run(*args)

    monkeypatch.setattr(drain.finish, "finish", end_first)
    drain.drain(job_id, Recording(), settings)
    fresh().rollback()
    assert (row(Job).state, row(Mailing).state) == ("finished", "finished")
    assert ledger(row(Reservation)) == (2, 2, 0)


def test_S6_an_end_of_a_second_run_leaves_what_was_sent(
    *, event_id: int, organizer: Person, add_guests: Any, send: Any, settings: Settings, row: Any, rows: Any
) -> None:
    add_guests(2)
    sent = send()
    answers: dict[str, Any] = {"guest-001@guests.example.net": Permanent("full")}
    drain.drain(sent.job_id, Recording(answers=answers), settings)
    control.retry(event_id, sent.mailing_id, PLACE, acting(organizer))
    assert lifecycle.cancel(event_id, acting(organizer)) == 1
    assert Counter(r.state for r in rows(Recipient)) == {"sent": 1, "cancelled": 1}
    assert (row(Mailing).state, [job.state for job in rows(Job)]) == ("finished", ["finished", "cancelled"])


def test_S5_a_doubtful_mail_that_was_to_go_again_is_doubtful_again(
    *, event_id: int, organizer: Person, add_guests: Any, send: Any, settings: Settings, row: Any
) -> None:
    add_guests(1)
    sent = send()
    drain.drain(sent.job_id, Recording(answers={"guest-001@guests.example.net": Unclear("lost")}), settings)
    control.decide(event_id, sent.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=acting(organizer))
    assert lifecycle.cancel(event_id, acting(organizer)) == 0
    assert row(Recipient).state == "unknown"


@ENDS
def test_an_end_leaves_other_events_alone(
    *, end: str, event_id: int, organizer: Person, add_guests: Any, send: Any, add_event: Any, rows: Any
) -> None:
    other = add_event(organizer)
    seeding.add_guests(other, 2)
    add_guests(1)
    send()
    send("other", other)
    finish(end, event_id, organizer)
    assert [mailing.state for mailing in rows(Mailing)] == ["cancelled", "sending"]
    assert Counter(r.state for r in rows(Recipient)) == {"cancelled": 1, "queued": 2}


def test_K3_a_cancelled_event_says_so_in_calendars_and_can_take_place_after_all(
    event_id: int, organizer: Person, row: Any
) -> None:
    sequence = row(Event).ics_sequence
    lifecycle.cancel(event_id, acting(organizer))
    assert b"STATUS:CANCELLED" in ics.event_file(merge_values.calendar_facts(row(Event)), "Gala", "gala@example.org")
    assert row(Event).ics_sequence == sequence + 1
    lifecycle.reinstate(event_id, acting(organizer))
    assert b"STATUS:CONFIRMED" in ics.event_file(merge_values.calendar_facts(row(Event)), "Gala", "gala@example.org")
    assert row(Event).ics_sequence == sequence + 2


def test_guests_of_a_cancelled_event_can_be_told(
    event_id: int, organizer: Person, add_guests: Any, send: Any, row: Any
) -> None:
    lifecycle.cancel(event_id, acting(organizer))
    add_guests(1)
    send()
    assert row(Mailing).state == "sending"


def test_an_event_with_waiting_mail_is_archived_only_when_somebody_says_so(
    *, event_id: int, organizer: Person, add_guests: Any, send: Any, row: Any, count: Any
) -> None:
    add_guests(3)
    send()
    logged = count(AuditEntry)
    with pytest.raises(MessagesWaiting, match="1 message with 3 waiting mails would never leave"):
        lifecycle.archive(event_id, acting(organizer))
    assert (row(Event).archived_at, row(Mailing).n_queued, count(AuditEntry)) == (None, 3, logged)


def test_an_event_whose_last_mails_are_being_handed_over_is_not_archived_unasked(
    *, event_id: int, organizer: Person, add_guests: Any, send: Any, settings: Settings, row: Any
) -> None:
    add_guests(1)

    def archive(_mail: object) -> None:
        with pytest.raises(MessagesWaiting):
            lifecycle.archive(event_id, acting(organizer))

    provider = Recording(before=archive)
    drain.drain(send().job_id, provider, settings)
    assert (len(provider.mails), row(Event).archived_at) == (1, None)


def test_an_archived_event_refuses_everything_that_would_send(
    *, event_id: int, organizer: Person, add_guests: Any, send: Any, settings: Settings, count: Any
) -> None:
    add_guests(2)
    sent = send()
    answers: dict[str, Any] = {
        "guest-001@guests.example.net": Permanent("full"), "guest-002@guests.example.net": Unclear("lost")
    }  # fmt: skip
    drain.drain(sent.job_id, Recording(answers=answers), settings)
    lifecycle.archive(event_id, acting(organizer))
    before = count(Job), count(Mailing), count(AuditEntry)
    message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
    for command in (
        lambda: send("another"),
        lambda: mailing_send.prepare(event_id, message, PLACE),
        lambda: control.retry(event_id, sent.mailing_id, PLACE, acting(organizer)),
        lambda: control.decide(event_id, sent.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=acting(organizer)),
    ):
        with pytest.raises(EventArchived, match="Nothing can be sent from an archived event"):
            command()
    assert (count(Job), count(Mailing), count(AuditEntry)) == before


def test_what_was_checked_before_the_archiving_is_refused_in_the_transaction(
    *, event_id: int, organizer: Person, add_guests: Any, send: Any, count: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_guests(1)
    lifecycle.archive(event_id, acting(organizer))
    looked = []

    def only_inside(session: Any, asked: int) -> None:
        looked.append(asked)
        if len(looked) > 1:
            real(session, asked)

    real = edit.refuse_archived
    monkeypatch.setattr(edit, "refuse_archived", only_inside)
    with pytest.raises(EventArchived):
        send()
    assert (len(looked), count(Mailing)) == (2, 0)


def test_a_key_of_a_message_that_the_end_cancelled_sends_nothing(
    event_id: int, organizer: Person, add_guests: Any, send: Any, count: Any
) -> None:
    add_guests(1)
    send()
    lifecycle.cancel(event_id, acting(organizer))
    with pytest.raises(AlreadyCancelled):
        send()
    assert count(Mailing) == 1


def test_an_event_that_is_brought_back_sends_nothing_by_itself_and_can_send_again(
    *, event_id: int, organizer: Person, add_guests: Any, send: Any, rows: Any, settings: Settings
) -> None:
    add_guests(1)
    job_id = send().job_id
    finish("archived", event_id, organizer)
    lifecycle.bring_back(event_id, acting(organizer))
    provider = Recording()
    assert drain.drain(job_id, provider, settings) is None
    assert provider.mails == []
    send("again")
    assert [mailing.state for mailing in rows(Mailing)] == ["cancelled", "sending"]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (lifecycle.cancel, lifecycle.cancel, "This event was cancelled before."),
        (lifecycle.archive, lifecycle.archive, "This event was archived before."),
        (None, lifecycle.reinstate, "This event is not cancelled."),
        (None, lifecycle.bring_back, "This event is not archived."),
    ],
)
def test_what_was_done_already_is_refused_and_not_logged(
    *, first: Any, second: Any, words: str, event_id: int, organizer: Person, count: Any
) -> None:
    if first:
        first(event_id, acting(organizer))
    logged = count(AuditEntry)
    with pytest.raises(NothingToDo, match=words):
        second(event_id, acting(organizer))
    assert count(AuditEntry) == logged


def test_each_step_is_in_the_log_with_before_and_after(event_id: int, organizer: Person, rows: Any) -> None:
    lifecycle.cancel(event_id, acting(organizer))
    lifecycle.reinstate(event_id, acting(organizer))
    lifecycle.archive(event_id, acting(organizer))
    lifecycle.bring_back(event_id, acting(organizer))
    yes, no = True, False
    assert [(e.actor, e.action, e.event_id, e.detail) for e in rows(AuditEntry)[-4:]] == [
        (organizer.name, action, event_id, {**detail, "before": {word: was}, "after": {word: now}})
        for action, word, was, now, detail in (
            ("event.cancelled", "cancelled", no, yes, {"mails_cancelled": 0}),
            ("event.reinstated", "cancelled", yes, no, {}),
            ("event.archived", "archived", no, yes, {"mails_cancelled": 0}),
            ("event.brought_back", "archived", yes, no, {}),
        )
    ]


def test_the_confirmation_counts_what_waits_and_what_is_under_way(
    event_id: int, add_guests: Any, send: Any, writing: Any
) -> None:
    assert lifecycle.waiting(event_id) == lifecycle.Waiting(0, 0, 0, 0)
    add_guests(3)
    send()
    with transaction() as tx:
        mailing = tx.query(Mailing).one()
        mailing.n_queued, mailing.n_sending = 1, 2
    assert lifecycle.waiting(event_id) == lifecycle.Waiting(1, 1, 2, 0)
