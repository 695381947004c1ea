"""Deciding on doubt: counted as sent, or sent again, by somebody and never by itself."""

from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.domain.guests import edit
from eventmail.domain.mailings import control
from eventmail.domain.mailings.control import Decision
from eventmail.domain.terms import SendingTerms
from eventmail.errors import NothingToDo
from eventmail.models import Mailing, Recipient
from eventmail.providers.base import Permanent, Unclear
from eventmail.records import Acting
from tests.support.recording import Recording

A, B, C = (f"{name}@guests.example.net" for name in "abc")


def test_S5_doubt_is_counted_as_sent(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, states: Any, ledger: Any, row: Any
) -> None:
    mailing_id = send(A, B)
    work(Recording(answers={A: Unclear("lost"), B: Unclear("lost")}))

    assert control.decide(event_id, mailing_id, Decision.SENT, [A.upper()], terms=terms, by=by) is None

    assert states() == {A: "sent", B: "unknown"}
    assert ledger() == [(2, 2, 0)]
    assert row(Recipient, Recipient.address == A).last_error == f"Counted as sent by {by.name}"


def test_S5_doubt_is_sent_again_on_decision_only(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, states: Any, ledger: Any
) -> None:
    mailing_id = send(A, B)
    work(Recording(answers={A: Unclear("lost"), B: Unclear("lost")}))

    control.decide(event_id, mailing_id, Decision.SEND_AGAIN, None, terms=terms, by=by)
    work(provider := Recording())

    assert sorted(provider.addresses) == [A, B]
    assert states() == {A: "sent", B: "sent"}
    assert ledger() == [(2, 2, 0), (2, 2, 0)]


@pytest.mark.parametrize("decision", Decision)
def test_S5_a_doubt_that_is_decided_is_no_last_error_any_more(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, row: Any, decision: Decision
) -> None:
    mailing_id = send(A, B, C)
    work(Recording(answers={A: Unclear("lost"), B: Permanent("No such user"), C: Unclear("lost")}))
    assert row(Mailing).last_error in ("lost", "No such user")
    with transaction() as tx:  # whatever was said last
        tx.execute(update(Mailing).values(last_error="lost"))
    told = []
    for address in (A, C):
        control.decide(event_id, mailing_id, decision, [address], terms=terms, by=by)
        work(Recording())
        told.append(row(Mailing).last_error)
    assert told == ["lost", "No such user"]


def test_S5_an_error_that_is_no_doubt_stays_the_last_one(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, row: Any
) -> None:
    mailing_id = send(A)
    work(Recording(answers={A: Unclear("lost")}))
    with transaction() as tx:
        tx.execute(update(Mailing).values(last_error="The mail service refuses"))
    control.decide(event_id, mailing_id, Decision.SENT, None, terms=terms, by=by)
    assert row(Mailing).last_error == "The mail service refuses"


@pytest.mark.parametrize("emails", [[C], [A, C], ["stranger@guests.example.net"], []])
def test_S5_nobody_else_can_be_decided_on(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, states: Any, emails: list[str]
) -> None:
    mailing_id = send(A, C)
    work(Recording(answers={A: Unclear("lost")}))

    for decision in Decision:
        with pytest.raises(NothingToDo):
            control.decide(event_id, mailing_id, decision, emails, terms=terms, by=by)

    assert states() == {A: "unknown", C: "sent"}


def test_S5_a_doubt_that_is_not_sent_again_after_all_stays_a_doubt(
    event_id: int, send: Any, by: Acting, terms: SendingTerms, work: Any, states: Any, ledger: Any, row: Any
) -> None:
    mailing_id = send(A, B)
    work(Recording(answers={A: Unclear("lost")}))
    control.decide(event_id, mailing_id, Decision.SEND_AGAIN, None, terms=terms, by=by)

    assert control.cancel(event_id, mailing_id, by) == 0

    assert states() == {A: "unknown", B: "sent"}
    assert row(Recipient, Recipient.address == A).last_error == (
        f"An earlier mail may have been sent. Not sent again: Cancelled by {by.name}"
    )
    assert ledger() == [(2, 2, 0), (1, 1, 0)]
    assert row(Mailing).state == "finished"


@pytest.mark.parametrize("decision", [None, Decision.SEND_AGAIN])
def test_A6_what_is_known_of_a_guest_never_goes_to_an_address_that_is_no_longer_theirs(
    event_id: int,
    send: Any,
    by: Acting,
    terms: SendingTerms,
    work: Any,
    states: Any,
    row: Any,
    decision: Decision | None,
) -> None:
    mailing_id = send(A, B)
    if decision:
        work(Recording(answers={A: Unclear("lost")}))
        control.decide(event_id, mailing_id, decision, None, terms=terms, by=by)
    guest_id = row(Recipient, Recipient.address == A).guest_id
    edit.edit(event_id, guest_id, {"email": "dave@guests.example.net", "first_name": "Dave"}, by)

    work(provider := Recording())

    assert A not in provider.addresses
    assert "dave@guests.example.net" not in provider.addresses
    assert states() == {A: "unknown" if decision else "cancelled", B: "sent"}
    assert "The guest has another address" in str(row(Recipient, Recipient.address == A).last_error)
