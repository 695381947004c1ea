"""Cancelling: who waits is stopped, what is with the mail service goes on."""

from typing import Any

import pytest

from eventmail.domain.mailings import control
from eventmail.domain.mailings.control import Decision
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadyCancelled, AlreadySent, NotFound
from eventmail.models import AuditEntry, Job, Mailing
from eventmail.providers.base import Mail, Transient
from eventmail.records import Acting
from tests.support.recording import Recording

A, B = "a@guests.example.net", "b@guests.example.net"


def test_S6_cancel_stops_everybody_who_waits_refunds_and_is_logged(
    event_id: int, send: Any, by: Acting, states: Any, ledger: Any, row: Any, work: Any
) -> None:
    mailing_id = send(A, B)

    assert control.cancel(event_id, mailing_id, by) == 2

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
    control.cancel(event_id, mailing_id, by)
    with pytest.raises(AlreadyCancelled):
        control.cancel(event_id, mailing_id, by)

    finished = send(B, key="other")
    work(Recording())
    with pytest.raises(AlreadySent):
        control.cancel(event_id, finished, by)


def test_S6_what_is_with_the_mail_service_goes_on_and_is_reported(
    event_id: int, send: Any, by: Acting, states: Any, ledger: Any, work: Any, rows: Any
) -> None:
    mailing_id = send(*(f"g{n:02}@guests.example.net" for n in range(30)))
    provider = Recording()

    def cancel_at_the_first(_mail: Mail) -> None:
        provider.before = lambda _mail: None
        assert control.cancel(event_id, mailing_id, by) == 10

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
        control.cancel(event_id, mailing_id, by)

    provider.before = cancel_at_the_first
    work(provider)

    assert states()[A] == "cancelled"
    assert ledger() == [(26, 19, 7)]


def test_a_mailing_of_another_event_is_not_found_by_any_of_them(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, add_event: Any, states: Any
) -> None:
    mailing_id, other = send(A), add_event()

    for attempt in (
        lambda: control.cancel(other, mailing_id, by),
        lambda: control.retry(other, mailing_id, terms, by),
        lambda: control.decide(other, mailing_id, Decision.SENT, None, terms=terms, by=by),
    ):
        with pytest.raises(NotFound):
            attempt()

    assert states() == {A: "queued"}
