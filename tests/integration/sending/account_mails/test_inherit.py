"""A mail about an account whose worker is proven dead: what its journal says of it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import AccountMail
from eventmail.providers.base import Accepted, Mail, Outcome, Permanent, Transient
from eventmail.sending import dead_worker_journal
from eventmail.sending.account_mails import outcome
from eventmail.sending.claim import LEASE
from eventmail.sending.sweep import sweep
from tests.support import death
from tests.support.account_mail import ADA
from tests.support.recording import Killed, Recording
from tests.support.time import FrozenClock

pytestmark = pytest.mark.usefixtures("mortal")


def dying(*_: Any, **__: Any) -> Any:
    raise Killed


@pytest.fixture
def strike(deliver: Any, invite: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """strike(target): ask for an invitation, and die where that function is called."""

    def strike_(target: str) -> None:
        invite()
        with monkeypatch.context() as patch:
            patch.setattr(target, dying)
            with pytest.raises(Killed):
                deliver()
        death.die()

    return strike_


def test_S11b_what_was_not_begun_goes_again_at_once_with_another_link(
    strike: Any, deliver: Any, provider: Recording, clock: FrozenClock, row: Any, state: Any, told: Any
) -> None:
    strike("eventmail.sending.account_mails.delivery._built")
    assert state()[0] == "sending"

    sweep(provider, clock.now())

    assert state() == ("queued", 1, None)
    mail = row(AccountMail)
    assert (mail.tries, mail.claim_owner, mail.claim_until) == (0, None, None)
    deliver()
    assert state() == ("sent", 2, None)
    assert [mail.attempt for mail in provider.mails] == [2]
    assert told()[1:] == [("worker", "account_mail.sent")]


def test_S11b_what_was_begun_and_not_answered_is_in_doubt_at_once(
    strike: Any, deliver: Any, provider: Recording, clock: FrozenClock, state: Any, told: Any
) -> None:
    provider.before = dying
    strike("eventmail.sending.account_mails.outcome.record")
    provider.before = lambda _mail: None
    sweep(provider, clock.now())
    assert state() == ("unknown", 1, dead_worker_journal.WORDS)
    deliver()
    assert provider.mails == []
    assert told()[1:] == [("worker", "account_mail.unknown")]


@pytest.mark.parametrize(
    ("answer", "end"),
    [(Accepted(), "sent"), (Permanent("No such user", code="550 5.1.1", hard=True), "failed"),
     (Transient("Later"), "queued")],
)  # fmt: skip
def test_S11b_what_was_answered_is_what_the_service_answered(
    strike: Any, provider: Recording, clock: FrozenClock, state: Any, answer: Outcome, end: str
) -> None:
    provider.answers[ADA] = answer
    strike("eventmail.sending.account_mails.outcome.record")
    sweep(provider, clock.now())
    assert state()[:2] == (end, 1)
    assert len(provider.mails) == 1


@pytest.mark.parametrize(
    ("state_left", "column"),
    [*(("sending", column) for column in ("mark", "attempts", "claim_owner")), ("unknown", "mark"),
     ("unknown", "attempts")],
)  # fmt: skip
def test_S11b_a_mail_of_another_mark_attempt_or_owner_is_not_what_the_journal_speaks_of(
    strike: Any, provider: Recording, clock: FrozenClock, state: Any, row: Any, told: Any, state_left: str, column: str
) -> None:
    strike("eventmail.sending.account_mails.outcome.record")
    mail = row(AccountMail)
    other = {"mark": (mail.mark or 0) + 1, "attempts": mail.attempts + 1, "claim_owner": "another:1:process"}
    doubt = {"state": "unknown", "claim_owner": None, "claim_until": None} if state_left == "unknown" else {}
    with transaction() as tx:
        tx.execute(update(AccountMail).values({**doubt, column: other[column]}))

    sweep(provider, clock.now())

    assert state()[0] == state_left
    assert told()[1:] == []


@pytest.mark.parametrize(("answer", "end"), [(Permanent("No such user"), "unknown"), (Accepted(), "sent")])
def test_S11b_a_doubt_of_the_lease_can_only_turn_out_to_be_sent(
    *, deliver: Any, invite: Any, provider: Recording, clock: FrozenClock, state: Any, monkeypatch: pytest.MonkeyPatch,
    answer: Outcome, end: str,
) -> None:  # fmt: skip
    provider.answers[ADA] = answer
    invite()
    with monkeypatch.context() as patch:
        patch.setattr(outcome, "record", dying)
        with pytest.raises(Killed):
            deliver()
    sweep(provider, clock.advance(seconds=LEASE.total_seconds()))  # frozen: it still holds its lock
    assert state()[0] == "unknown"
    death.die()
    sweep(provider, clock.now())
    assert state()[0] == end


def test_S11b_a_mail_about_an_account_and_a_group_are_in_hand_beside_each_other(
    deliver: Any, invite: Any, provider: Recording, clock: FrozenClock, send: Any, state: Any
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")
    invite()

    def die(mail: Mail) -> None:
        if mail.to == ADA:
            raise Killed
        with pytest.raises(Killed):
            deliver()
        raise Killed

    provider.before = die
    with pytest.raises(Killed):
        run.drain(provider)
    death.die()
    sweep(provider, clock.now())

    assert run.states == {"a@guests.example.net": "unknown", "b@guests.example.net": "queued"}
    assert state()[0] == "unknown"
