"""News from the mail service: each counts once, in any order; doubt is settled, dead addresses are listed (F1, S5)."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from eventmail.domain.mailings import control
from eventmail.domain.mailings.control import Decision
from eventmail.domain.terms import SendingTerms
from eventmail.models import EmailEvent, Suppression
from eventmail.providers.base import Accepted, Mail, Permanent, Transient, Unclear
from eventmail.providers.webhook import Kind, ServiceReport
from eventmail.sending import feedback
from eventmail.sending.settle import settle
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

A, B = (f"{name}@guests.example.net" for name in "ab")
Rows = Callable[..., list[Any]]


def report(kind: Kind, key: str = "", email: str = "", id_: str = "r1") -> ServiceReport:
    return ServiceReport(id_, kind, key, email, "", "")


def key_of(run: Any, place: int = 0) -> str:
    return f"{run.mailing.key}-{run.recipients[place].id}"


@pytest.mark.parametrize("kind", list(Kind))
def test_S5_any_news_about_a_mail_in_doubt_proves_that_it_was_sent(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, kind: Kind
) -> None:
    provider.answers[A] = Unclear("lost")
    run = send(A, B)
    run.drain(provider)
    assert (run.states, run.mailing.last_error) == ({A: "unknown", B: "sent"}, "lost")

    assert feedback.take("generic", [report(kind, key_of(run))], clock.now()) == 1

    assert run.states == {A: "sent", B: "sent"}
    assert (run.recipients[0].last_error, run.mailing.last_error) == (None, None)
    run.assert_balanced()


def test_S5_news_stops_the_second_mail_that_somebody_had_decided_on(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, settings: Any, organizer: Person
) -> None:
    provider.answers[A] = Unclear("lost")
    run = send(A)
    run.drain(provider)
    terms = SendingTerms("https://mail.example.org", settings.secret, outside=False)
    event_id = run.mailing.event_id
    control.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, terms=terms, by=seeding.acting(organizer))
    assert run.states == {A: "queued"}

    feedback.take("generic", [report(Kind.DELIVERED, key_of(run))], clock.now())

    assert run.states == {A: "sent"}
    run.drain(provider)
    assert provider.addresses == [A]


def test_S4_news_about_a_mail_that_waits_for_another_try_is_the_end_of_trying(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers[A] = Transient("busy", code="451")
    run = send(A)
    run.drain(provider)
    feedback.take("generic", [report(Kind.DELIVERED, key_of(run))], clock.now())
    clock.advance(hours=1)
    run.drain(provider)
    assert (run.states, provider.addresses) == ({A: "sent"}, [A])
    run.assert_balanced()


def test_news_about_a_mail_that_never_left_changes_nothing_of_its_way(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send(A)
    feedback.take("generic", [report(Kind.DELIVERED, key_of(run))], clock.now())
    assert run.states == {A: "queued"}
    run.drain(provider)
    assert provider.addresses == [A]


def test_F1_whatever_the_order_the_latest_stage_stands(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    stages = [Kind.DEFERRED, Kind.DELIVERED, Kind.BOUNCE, Kind.COMPLAINT]
    orders = list(itertools.permutations(stages))
    run = send(*(f"g{number}@guests.example.net" for number in range(len(orders))))
    run.drain(provider)
    keys = [key_of(run, place) for place in range(len(orders))]
    for number, order in enumerate(orders):
        news = [report(kind, keys[number], id_=f"{number}-{kind}") for kind in order]
        assert feedback.take("generic", news, clock.now()) == 4
    assert {recipient.delivery for recipient in run.recipients} == {"complained"}
    assert set(run.states.values()) == {"sent"}
    run.assert_balanced()


@pytest.mark.usefixtures("real")
def test_F1_a_report_counts_once_however_often_it_comes(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, rows: Rows
) -> None:
    run = send(A)
    run.drain(provider)
    twice = [report(Kind.BOUNCE, key_of(run))] * 2
    assert feedback.take("generic", twice, clock.now()) == 1
    assert feedback.take("generic", twice, clock.now()) == 0
    assert feedback.take("another", twice[:1], clock.now()) == 1
    assert [event.provider for event in rows(EmailEvent)] == ["generic", "another"]
    assert [(entry.address, entry.reason, entry.scope) for entry in rows(Suppression)] == [(A, "hard_bounce", "all")]


def test_F1_a_complaint_and_a_dead_address_are_listed_for_the_whole_installation(
    clock: FrozenClock, rows: Rows
) -> None:
    news = [report(Kind.BOUNCE, email="Dead@Guests.Example.NET", id_="1"), report(Kind.COMPLAINT, email=B, id_="2")]
    assert feedback.take("generic", news, clock.now()) == 2
    assert [(entry.address, entry.reason, entry.scope, entry.source) for entry in rows(Suppression)] == [
        ("dead@guests.example.net", "hard_bounce", "all", "generic"),
        (B, "complaint", "all", "generic"),
    ]


@pytest.mark.parametrize("kind", [Kind.DELIVERED, Kind.DEFERRED, Kind.REFUSED])
def test_F1_policy_refusals_and_good_news_list_nobody_however_many(clock: FrozenClock, rows: Rows, kind: Kind) -> None:
    feedback.take("generic", [report(kind, email=A, id_=str(number)) for number in range(9)], clock.now())
    assert (rows(Suppression), len(rows(EmailEvent))) == ([], 9)


def test_F1_the_third_soft_bounce_in_fourteen_days_lists_the_address(clock: FrozenClock, rows: Rows) -> None:
    def soft(number: int) -> None:
        feedback.take("generic", [report(Kind.SOFT_BOUNCE, email=A, id_=str(number))], clock.now())

    soft(1)
    clock.advance(days=13)
    soft(2)
    clock.advance(days=2)
    soft(3)  # the first is older than fourteen days by now
    assert rows(Suppression) == []
    soft(4)
    assert [(entry.address, entry.reason, entry.source) for entry in rows(Suppression)] == [
        (A, "hard_bounce", "generic: 3 soft bounces in 14 days")
    ]


def test_a_key_that_is_not_ours_belongs_to_nobody(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, rows: Rows
) -> None:
    provider.answers[A] = Unclear("lost")
    run = send(A)
    run.drain(provider)
    foreign = [f"other-{run.recipients[0].id}", run.mailing.key, f"{run.mailing.key}-0", f"{run.mailing.key}-x", ""]
    feedback.take("generic", [report(Kind.BOUNCE, key, id_=key or "e") for key in foreign], clock.now())
    assert run.states == {A: "unknown"}
    assert [(event.recipient_id, event.address) for event in rows(EmailEvent)] == [(None, "")] * len(foreign)
    assert rows(Suppression) == []


# News that is faster than the reply, and answers that are news


@pytest.mark.parametrize("outcome", [Unclear("lost"), Transient("busy", code="451")])
def test_S5_news_that_came_before_the_reply_outweighs_it(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, outcome: Any
) -> None:
    run = send(A, B)
    provider.answers[A] = outcome
    key = key_of(run)

    def tell(mail: Mail) -> None:
        if mail.to == A:
            feedback.take("generic", [report(Kind.DELIVERED, key)], clock.now())

    provider.before = tell
    run.drain(provider)
    assert (run.states, run.recipients[0].delivery) == ({A: "sent", B: "sent"}, "delivered")
    clock.advance(hours=2)
    run.drain(provider)
    assert provider.addresses == [A, B]
    run.assert_balanced()


def test_S5_news_about_what_a_dead_worker_left_settles_it_as_sent(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send(A)
    key = key_of(run)

    def die(_mail: object) -> None:
        feedback.take("generic", [report(Kind.DELIVERED, key)], clock.now())
        raise KeyboardInterrupt  # no handler of the worker sees it coming

    provider.before = die
    with pytest.raises(KeyboardInterrupt):
        run.drain(provider)
    clock.advance(minutes=1)
    settle(provider, clock.now())
    assert run.states == {A: "sent"}
    run.assert_balanced()


def test_F1_the_answers_to_hand_overs_are_news_too(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, rows: Rows
) -> None:
    provider.answers |= {
        A: Permanent("No such user", code="550 5.1.1", hard=True),
        B: Accepted("taken", complained=True),
        "full@guests.example.net": Permanent("Mailbox full", code="552 5.2.2"),
        "policy@guests.example.net": Permanent("Not from you", code="550 5.7.1"),
    }
    run = send(*provider.answers)
    run.drain(provider)
    assert [(event.address, event.kind) for event in rows(EmailEvent)] == [
        (A, "bounce"), (B, "complaint"), ("full@guests.example.net", "soft_bounce"),
    ]  # fmt: skip
    assert [(entry.address, entry.reason) for entry in rows(Suppression)] == [(A, "hard_bounce"), (B, "complaint")]


@pytest.mark.usefixtures("real")
def test_F1_a_mailbox_that_is_full_three_times_is_listed(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, rows: Rows
) -> None:
    provider.answers[A] = Permanent("Mailbox full", code="552 5.2.2")
    send(A).drain(provider)
    assert rows(Suppression) == []
    for _ in range(2):
        send().drain(provider)
    assert [(entry.address, entry.source) for entry in rows(Suppression)] == [(A, "smtp: 3 soft bounces in 14 days")]
