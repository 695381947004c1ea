"""Stopped, cancelled, deleted meanwhile: who still gets it, and who is tried again."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.domain.guests import edit
from eventmail.domain.mailings import control
from eventmail.domain.terms import SendingTerms
from eventmail.models import Guest, Reservation
from eventmail.providers.base import Mail, Permanent, Refused, Transient, Unclear
from eventmail.sending import claim
from eventmail.sending.settle import settle
from tests.support import seeding
from tests.support.recording import Killed, Recording, raising
from tests.support.seeding import Person
from tests.support.time import FrozenClock

A, B = "a@guests.example.net", "b@guests.example.net"
PLACE = SendingTerms("https://mail.example.org", b"0" * 32, outside=False)


def many(number: int) -> list[str]:
    return [f"g{n:02}@guests.example.net" for n in range(number)]


def test_S12_a_refusal_is_met_once_and_the_claimed_are_not_tried_one_after_the_other(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = {address: Refused("Authentication failed", code="535 5.7.8") for address in many(50)}
    run = send(*many(50))

    assert run.drain(provider) is None

    assert len(provider.mails) == 1
    assert run.counts == {"queued": 50}
    assert {(recipient.claim_owner, recipient.state) for recipient in run.recipients} == {(None, "queued")}


@pytest.mark.parametrize("death", [Unclear("lost"), Killed()], ids=["unclear", "killed"])
def test_S5_S6_doubt_in_a_cancelled_message_stays_doubt_where_keys_are_honoured(
    send: Callable[..., Any], clock: FrozenClock, event_id: int, organizer: Person, death: BaseException
) -> None:
    run = send(*many(21))
    provider = Recording(honours_keys=True, answers={many(1)[0]: raising(death)})
    if isinstance(death, Unclear):
        provider.answers = {many(1)[0]: death}

    def cancel(_mail: Mail) -> None:
        provider.before = lambda _mail: None
        assert control.cancel(event_id, run.mailing_id, seeding.acting(organizer)) == 1

    provider.before = cancel
    try:
        run.drain(provider)
    except Killed:
        settle(provider, clock.advance(seconds=claim.LEASE.total_seconds()))

    in_doubt = 1 if isinstance(death, Unclear) else 20
    assert run.counts == {"unknown": in_doubt, "cancelled": 1, **({"sent": 19} if in_doubt == 1 else {})}
    run.assert_balanced()


def test_S6_who_was_deleted_during_hand_over_is_not_tried_again(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, event_id: int, organizer: Person, row: Any
) -> None:
    run = send(A)
    guest_id = row(Guest).id
    provider.answers[A] = Transient("later")

    def delete(_mail: Mail) -> None:
        edit.delete(event_id, guest_id, seeding.acting(organizer))

    provider.before = delete
    run.drain(provider)
    provider.before = lambda _mail: None
    assert run.counts == {"queued": 1}

    clock.advance(minutes=5)
    run.drain(provider)
    assert run.drain(provider) is None

    assert len(provider.mails) == 1
    assert run.counts == {"cancelled": 1}
    assert run.recipients[0].last_error == "guest deleted"
    run.assert_balanced()


def test_S8_a_deleted_guest_is_not_retried(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person, rows: Any
) -> None:
    provider.answers = {A: Permanent("full"), B: Permanent("full")}
    run = send(A, B)
    run.drain(provider)
    by = seeding.acting(organizer)
    edit.delete(event_id, rows(Guest)[0].id, by)
    provider.answers, provider.mails = {}, []

    again = control.retry(event_id, run.mailing_id, PLACE, by)
    type(run)(run.app, run.settings, run.mailing_id, again).drain(provider)

    assert provider.addresses == [B]
    assert run.states == {A: "cancelled", B: "sent"}
    assert [(entry.reserved, entry.consumed, entry.refunded) for entry in rows(Reservation)] == [(2, 0, 2), (2, 1, 1)]
