"""Trying again: a new run with the same keys, over the failed and the stopped."""

from dataclasses import replace
from typing import Any

import pytest

from eventmail.domain.mailings import control
from eventmail.domain.mailings.control import Decision
from eventmail.domain.terms import SendingTerms
from eventmail.errors import NothingToDo
from eventmail.models import Job, Mailing, Recipient
from eventmail.providers.base import Mail, Permanent, Refused, Transient, Unclear
from eventmail.providers.webhook import Kind, ServiceReport
from eventmail.records import Acting
from eventmail.sending import feedback
from eventmail.sending.retry import BACKOFF
from tests.support.recording import Recording
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")


def test_S8_retry_failed_is_a_new_run_with_the_same_keys_over_the_failed_only(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, states: Any, ledger: Any, work: Any, rows: Any
) -> None:
    provider = Recording(answers={A: Permanent("full", code="552 5.2.2"), B: Unclear("lost")})
    mailing_id = send(A, B, C)
    work(provider)
    first = {mail.to: mail.key for mail in provider.mails}
    provider.answers.clear()
    provider.mails.clear()

    job_id = control.retry(event_id, mailing_id, terms, by)
    work(provider)

    assert {mail.to: mail.key for mail in provider.mails} == {A: first[A]}
    assert states() == {A: "sent", B: "unknown", C: "sent"}
    assert ledger() == [(3, 2, 1), (1, 1, 0)]
    assert [(job.id == job_id, job.run, job.state) for job in rows(Job)] == [
        (False, 1, "finished"),
        (True, 2, "finished"),
    ]


def test_S8_nothing_failed_is_nothing_to_retry(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, count: Any
) -> None:
    mailing_id = send(A)
    work(Recording())

    with pytest.raises(NothingToDo):
        control.retry(event_id, mailing_id, terms, by)
    assert count(Job) == 1


def test_S4_a_retried_recipient_has_all_its_tries_again(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, states: Any, clock: FrozenClock
) -> None:
    provider = Recording(answers={A: Transient("later")})
    mailing_id = send(A)
    tries = 1 + len(BACKOFF)
    for _ in range(tries + 1):
        work(provider)
        clock.advance(hours=2)
    assert (states(), len(provider.mails)) == ({A: "failed"}, tries)

    control.retry(event_id, mailing_id, terms, replace(by, now=clock.now()))
    work(provider)

    assert states() == {A: "queued"}
    assert [mail.attempt for mail in provider.mails] == list(range(1, tries + 2))


def test_S12_a_refused_sender_stops_the_job_with_everybody_queued(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, states: Any, row: Any, ledger: Any
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
    control.retry(event_id, mailing_id, terms, by)
    work(provider)
    assert states() == {A: "sent", B: "sent", C: "sent"}
    assert ledger() == [(3, 3, 0)]


def test_S8_a_cancelled_second_run_leaves_a_finished_message_whose_rest_can_be_tried_again(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, states: Any, row: Any
) -> None:
    provider = Recording(answers={A: Permanent("full"), B: Permanent("full")})
    mailing_id = send(A, B, C)
    work(provider)
    control.retry(event_id, mailing_id, terms, by)

    assert control.cancel(event_id, mailing_id, by) == 2

    assert row(Mailing).state == "finished"
    assert states() == {A: "cancelled", B: "cancelled", C: "sent"}


def test_S5_S6_the_next_run_waits_for_what_a_cancelled_one_has_in_hand(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, states: Any, ledger: Any, work: Any, row: Any
) -> None:
    provider = Recording(answers={A: Unclear("lost"), B: Permanent("full")})
    mailing_id = send(A, B)
    work(provider)
    control.retry(event_id, mailing_id, terms, by)
    refused: list[str] = []

    def send_again() -> None:
        control.decide(event_id, mailing_id, Decision.SEND_AGAIN, None, terms=terms, by=by)

    def press(_mail: Mail) -> None:
        """While the one mail of the second run is under way."""
        control.cancel(event_id, mailing_id, by)
        try:
            send_again()
        except NothingToDo as error:
            refused.append(error.detail)

    provider.before, provider.answers = press, {B: Transient("later")}
    work(provider)

    assert refused == ["Some of its mails are with the mail service right now. Try again when that is over."]
    assert (states(), ledger()) == ({A: "unknown", B: "cancelled"}, [(2, 1, 1), (1, 0, 1)])
    assert row(Mailing).state == "finished"
    provider.before, provider.answers = (lambda _mail: None), {}
    send_again()
    work(provider)
    assert (states(), ledger()[-1]) == ({A: "sent", B: "cancelled"}, (1, 1, 0))


def test_S4_S8_news_of_an_earlier_run_is_no_proof_about_this_one(
    clock: FrozenClock, event_id: int, send: Any, by: Acting, terms: SendingTerms, states: Any, work: Any, row: Any
) -> None:
    provider = Recording(answers={A: Permanent("full", code="552 5.2.2")})
    mailing_id = send(A)
    work(provider)
    bounced = ServiceReport("r1", Kind.REFUSED, provider.mails[0].key, A, "552", "full")
    feedback.take("generic", [bounced], clock.now())
    assert row(Recipient).delivery == "bounced"

    control.retry(event_id, mailing_id, terms, replace(by, now=clock.now()))
    late = replace(bounced, id="r2")
    assert feedback.take("generic", [late], clock.now()) == 1
    provider.answers = {A: Transient("later", code="451")}
    work(provider)
    assert (states(), row(Recipient).delivery) == ({A: "queued"}, None)

    provider.answers = {}
    clock.advance(minutes=1)
    work(provider)
    assert (states(), len(provider.mails)) == ({A: "sent"}, 3)
