"""Two guests share an address and one of them leaves it: the waiting mail is the other's, read with their name (A7)."""

from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest

from eventmail import clock
from eventmail.domain.guests import edit
from eventmail.domain.outcomes import why
from eventmail.models import Exclusion
from eventmail.sending import claim, drain, handover
from eventmail.sending.claim import Claimed
from tests.support.recording import Recording
from tests.support.seeding import acting

SHARED, OWN = "obi@guests.example.net", "amara@guests.example.net"
Rows = Callable[..., list[Any]]


@pytest.fixture
def couple(event_id: int) -> tuple[int, int, int]:
    """Amara, who is greeted, Chidi and Efe: all at one address."""
    names = ("Amara", "Chidi", "Efe")
    made = [edit.add(event_id, {"email": SHARED, "first_name": n, "status": "confirmed"}, acting()) for n in names]
    return made[0], made[1], made[2]


def greeted(provider: Recording) -> list[str]:
    parsed = [message_from_bytes(mail.data, policy=policy.default) for mail in provider.mails]
    return [part.get_content().splitlines()[0] for mail in parsed if (part := mail.get_body(("plain",)))]


def marked(run: Any, provider: Recording, claimed: list[Claimed]) -> list[Claimed]:
    with handover.in_flight.one_group():
        return handover.begin(drain._prepare(run.job, provider, run.settings), claimed)


@pytest.mark.parametrize("ask", ["before the turn", "between claim and mark"])
def test_A7_who_keeps_the_address_gets_the_mail_of_who_moved_from_it(
    send: Callable[..., Any], provider: Recording, event_id: int, couple: tuple[int, int, int], rows: Rows, ask: str
) -> None:
    amara, chidi, efe = couple
    run = send()
    claimed = claim.claim(run.job, clock.now()) if ask == "between claim and mark" else []
    edit.edit(event_id, amara, {"email": OWN}, acting())
    if claimed:
        assert marked(run, provider, claimed) == []

    run.drain(provider)

    assert (provider.addresses, greeted(provider)) == ([SHARED], ["Hi Chidi"])
    assert [(row.guest_id, row.state) for row in run.recipients] == [(chidi, "sent")]
    assert sorted((out.guest_id, out.reason, out.shares_with) for out in rows(Exclusion)) == [
        (amara, "duplicate_address", chidi), (efe, "duplicate_address", chidi),
    ]  # fmt: skip
    assert run.mailing.excluded == {"duplicate_address": 2}
    told = why.why(event_id, OWN).stories.items[0]
    assert (told.outcome, told.reason, told.other) == ("left_out", "duplicate_address", "Chidi")
    run.assert_balanced()


def test_A7_a_deleted_guest_s_mail_is_read_anew_for_who_takes_it_over(
    send: Callable[..., Any], provider: Recording, event_id: int, couple: tuple[int, int, int]
) -> None:
    run = send()
    claimed = claim.claim(run.job, clock.now())
    edit.delete(event_id, couple[0], acting())
    assert marked(run, provider, claimed) == []

    run.drain(provider)

    assert (provider.addresses, greeted(provider)) == ([SHARED], ["Hi Chidi"])
    run.assert_balanced()


def test_A7_when_nobody_is_left_at_the_address_nothing_goes_there_S6(
    send: Callable[..., Any], provider: Recording, event_id: int, couple: tuple[int, int, int]
) -> None:
    run = send()
    for guest in couple:
        edit.edit(event_id, guest, {"email": f"new{guest}@guests.example.net"}, acting())
    run.drain(provider)
    assert (provider.addresses, run.states) == ([], {SHARED: "cancelled"})
    run.assert_balanced()
