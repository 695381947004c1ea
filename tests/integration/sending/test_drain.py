"""One turn of a run, from claim to record."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.domain.mailings import control
from eventmail.models import EmailEvent, Event, Suppression
from eventmail.providers.base import Accepted, Mail, Outcome, Permanent, Transient, Unclear
from eventmail.sending import drain, handover, retry
from tests.support import seeding
from tests.support.queries import count_queries
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock, Stopwatch


def test_S2_everybody_gets_one_mail_and_the_run_finishes(send: Callable[..., Any], provider: Recording) -> None:
    run = send("a@guests.example.net", "b@guests.example.net", "c@guests.example.net")

    assert run.drain(provider) is None

    assert provider.addresses == ["a@guests.example.net", "b@guests.example.net", "c@guests.example.net"]
    assert run.counts == {"sent": 3}
    assert (run.mailing.state, run.job.state) == ("finished", "finished")
    assert run.attempts == [(address, 1, "accepted") for address in provider.addresses]
    run.assert_balanced()


def test_a_finished_job_is_never_worked_on_again(send: Callable[..., Any], provider: Recording) -> None:
    run = send("a@guests.example.net")
    run.drain(provider)

    assert run.drain(provider) is None

    assert provider.addresses == ["a@guests.example.net"]


def test_a_ring_for_a_job_that_never_was_is_harmless(send: Callable[..., Any], provider: Recording) -> None:
    run = send("a@guests.example.net")

    assert drain.drain(run.job_id + 1000, provider, run.settings) is None

    assert provider.addresses == []


def test_S3_every_attempt_carries_the_same_key_and_a_request_id_of_its_own(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers["a@guests.example.net"] = lambda mail: Transient("later") if mail.attempt < 3 else Permanent("no")
    run = send("a@guests.example.net")
    for _ in range(3):
        run.drain(provider)
        clock.advance(minutes=60)

    assert len({mail.key for mail in provider.mails}) == 1
    assert [mail.request_id for mail in provider.mails] == [
        f"{run.job.request_id}.{run.recipients[0].id}.{number}" for number in (1, 2, 3)
    ]
    assert len({mail.data for mail in provider.mails}) == 1


def test_S4_a_transient_failure_is_tried_again_later_and_arrives_once(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers["b@guests.example.net"] = lambda mail: (
        Transient("Try again later", code="451 4.3.2") if mail.attempt == 1 else provider_accepts(mail)
    )
    run = send("a@guests.example.net", "b@guests.example.net")

    due = run.drain(provider)

    assert run.counts == {"queued": 1, "sent": 1}
    assert run.mailing.last_error == "Try again later (451 4.3.2)"
    assert due is not None
    assert clock.now() < due <= clock.advance(seconds=retry.BACKOFF[0] * (1 + retry.JITTER))
    assert run.drain(provider) is None
    assert run.counts == {"sent": 2}
    assert run.attempts == [
        ("a@guests.example.net", 1, "accepted"),
        ("b@guests.example.net", 1, "transient"),
        ("b@guests.example.net", 2, "accepted"),
    ]
    run.assert_balanced()


def test_S4_nothing_is_tried_before_it_is_due(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers["a@guests.example.net"] = Transient("later")
    run = send("a@guests.example.net")
    run.drain(provider)

    clock.advance(seconds=retry.BACKOFF[0] * (1 - retry.JITTER) - 0.1)
    run.drain(provider)

    assert len(provider.mails) == 1


def test_S4_tries_are_capped_and_the_last_words_are_kept(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers["a@guests.example.net"] = Transient("greylisted", code="451 4.7.1")
    run = send("a@guests.example.net")

    while run.drain(provider) is not None:
        clock.advance(hours=2)

    assert len(provider.mails) == len(retry.BACKOFF) + 1
    assert run.counts == {"failed": 1}
    assert run.recipients[0].last_error == "greylisted (451 4.7.1)"
    run.assert_balanced()


def test_S4_retry_after_is_honoured(send: Callable[..., Any], provider: Recording, clock: FrozenClock) -> None:
    provider.answers["a@guests.example.net"] = Transient("slow down", retry_after=500)
    run = send("a@guests.example.net")

    due = run.drain(provider)

    assert due is not None
    assert (due - clock.now()).total_seconds() == 500


def test_S5_an_unclear_outcome_is_doubt_and_never_tried_again_by_itself(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers["a@guests.example.net"] = Unclear("The connection was lost before the answer came")
    run = send("a@guests.example.net")

    assert run.drain(provider) is None
    clock.advance(days=2)
    run.drain(provider)

    assert len(provider.mails) == 1
    assert run.counts == {"unknown": 1}
    assert run.recipients[0].last_error == "The connection was lost before the answer came"
    assert run.mailing.state == "finished"
    run.assert_balanced()


def test_S5_where_keys_are_honoured_the_same_key_is_tried_again(send: Callable[..., Any], clock: FrozenClock) -> None:
    provider = Recording(honours_keys=True)
    provider.answers["a@guests.example.net"] = lambda mail: (
        Unclear("lost") if mail.attempt == 1 else provider_accepts(mail)
    )
    run = send("a@guests.example.net")
    run.drain(provider)
    clock.advance(minutes=1)
    run.drain(provider)

    assert len({mail.key for mail in provider.mails}) == 1
    assert run.counts == {"sent": 1}


@pytest.mark.usefixtures("real")
def test_F1_a_hard_bounce_in_the_answer_suppresses_the_address_everywhere(
    send: Callable[..., Any], provider: Recording, rows: Callable[..., list[Any]]
) -> None:
    provider.answers["a@guests.example.net"] = Permanent("No such user", code="550 5.1.1", hard=True)
    provider.answers["b@guests.example.net"] = Permanent("Mailbox full", code="552 5.2.2")
    run = send("a@guests.example.net", "b@guests.example.net")

    run.drain(provider)

    assert run.counts == {"failed": 2}
    assert [(s.address, s.scope, s.reason) for s in rows(Suppression)] == [
        ("a@guests.example.net", "all", "hard_bounce")
    ]
    assert [(e.address, e.kind, e.code, e.recipient_id) for e in rows(EmailEvent)] == [
        ("a@guests.example.net", "bounce", "550 5.1.1", run.recipients[0].id),
        ("b@guests.example.net", "soft_bounce", "552 5.2.2", run.recipients[1].id),
    ]


def test_A6_an_address_suppressed_after_send_gets_nothing(
    send: Callable[..., Any], provider: Recording, writing: Callable[..., Any], clock: FrozenClock
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")
    with writing() as tx:
        tx.add(
            Suppression(address="a@guests.example.net", scope="all", reason="complaint", source="test",
                        created_by=None, created_at=clock.now())
        )  # fmt: skip

    run.drain(provider)

    assert provider.addresses == ["b@guests.example.net"]
    assert run.states == {"a@guests.example.net": "suppressed", "b@guests.example.net": "sent"}
    run.assert_balanced()


def test_S11_no_more_than_twenty_are_ever_being_handed_over(send: Callable[..., Any], provider: Recording) -> None:
    run = send(*(f"g{n:02}@guests.example.net" for n in range(50)))
    seen: list[int] = []
    provider.before = lambda _mail: seen.append(run.mailing.n_sending)

    run.drain(provider)

    assert (max(seen), run.counts) == (20, {"sent": 50})


def test_the_mark_is_committed_before_the_first_byte_leaves(send: Callable[..., Any], provider: Recording) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")
    seen: list[dict[str, str]] = []
    provider.before = lambda _mail: seen.append(run.states)

    run.drain(provider)

    assert seen[0] == {"a@guests.example.net": "sending", "b@guests.example.net": "sending"}


def test_a_slow_service_does_not_hold_up_a_stop(
    send: Callable[..., Any], provider: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")
    stopwatch = Stopwatch()
    for module in (drain, handover):
        monkeypatch.setattr(module, "time", stopwatch)
    provider.before = lambda _mail: stopwatch.sleep(drain.TURN_SECONDS)

    assert run.drain(provider) is not None

    assert provider.addresses == ["a@guests.example.net"]
    assert run.states == {"a@guests.example.net": "sent", "b@guests.example.net": "queued"}
    assert [(recipient.attempts, recipient.claim_owner) for recipient in run.recipients] == [(1, None), (0, None)]


def test_an_event_that_is_edited_during_a_run_does_not_change_the_rest_of_its_mails(
    send: Callable[..., Any],
    provider: Recording,
    event_id: int,
    writing: Callable[..., Any],
    clock: FrozenClock,
) -> None:
    provider.answers["b@guests.example.net"] = Transient("later")
    run = send("a@guests.example.net", "b@guests.example.net", body="See you at {event.location}")
    run.drain(provider)

    with writing() as tx:
        tx.get_one(Event, event_id).location = "Elsewhere"
    clock.advance(minutes=1)
    run.drain(provider)

    assert [(mail.to, b"Elsewhere" in mail.data) for mail in provider.mails] == [
        ("a@guests.example.net", False),
        ("b@guests.example.net", False),
        ("b@guests.example.net", False),
    ]


def test_a_claim_costs_the_same_number_of_queries_for_one_and_for_three(
    send: Callable[..., Any], provider: Recording
) -> None:
    first = send("a@guests.example.net")
    with count_queries() as one:
        first.drain(provider)
    second = send("b@guests.example.net", "c@guests.example.net")
    with count_queries() as three:
        second.drain(provider)

    assert (len(provider.mails), len(three)) == (4, len(one))


def provider_accepts(_mail: Mail) -> Accepted:
    return Accepted("taken")


def test_S6_who_was_with_the_mail_service_at_the_cancel_is_not_tried_again(
    send: Callable[..., Any], provider: Recording, organizer: Person
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")

    def cancel(mail: Mail) -> Outcome:
        if not cancelled:
            cancelled.append(control.cancel(run.mailing.event_id, run.mailing_id, seeding.acting(organizer)))
        return Transient("Later") if mail.to.startswith("a") else Accepted("taken")

    cancelled: list[int] = []
    provider.answers = dict.fromkeys(("a@guests.example.net", "b@guests.example.net"), cancel)
    run.drain(provider)

    assert cancelled == [0]  # nobody waited: both were with the mail service
    assert run.states == {"a@guests.example.net": "cancelled", "b@guests.example.net": "sent"}
    assert run.mailing.state == "cancelled"
    run.assert_balanced()


def test_S12_a_message_that_cannot_be_prepared_stops_its_run_and_says_so(
    send: Callable[..., Any], provider: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send("a@guests.example.net")
    with monkeypatch.context() as broken:
        broken.setattr("eventmail.content.mime.Skeleton", None)
        assert run.drain(provider) is None

    assert run.job.stopped == drain.UNPREPARED
    assert run.counts == {"queued": 1}
    assert provider.mails == []
