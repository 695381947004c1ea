"""What a dead process had in hand, settled by its journal; and every case in which the journal proves nothing."""

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from eventmail.db import fresh, transaction
from eventmail.domain.mailings import control
from eventmail.models import Attempt, EmailEvent, Home, Recipient, Reservation, Suppression
from eventmail.providers.base import Mail, Outcome, Permanent, Refused, Transient, Unclear
from eventmail.sending import claim, dead_worker, dead_worker_journal, journal, locking, slots
from eventmail.sending.dead_worker_journal import WORDS
from eventmail.sending.settle import settle
from tests.support import death, seeding
from tests.support.recording import Killed, Recording
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")
pytestmark = pytest.mark.usefixtures("mortal")
AFTER_THE_LEASE = claim.LEASE.total_seconds()


@pytest.fixture
def struck(send: Callable[..., Any], provider: Recording, clock: FrozenClock) -> Any:
    """A run whose process is about to die: A's outcome is known, B was begun, C was not."""
    return die_at(B, send(A, B, C), provider)


def die_at(address: str, run: Any, provider: Recording) -> Any:
    def die(mail: Mail) -> None:
        if mail.to == address:
            raise Killed

    provider.before = die
    with pytest.raises(Killed):
        run.drain(provider)
    provider.before = lambda _mail: None
    return run


def by_caution(run: Any, provider: Recording, clock: FrozenClock) -> None:
    """Nothing is settled while the lease lasts, and everything is in doubt after it."""
    settle(provider, clock.now())
    assert run.counts == {"sending": 3}
    settle(provider, clock.advance(seconds=AFTER_THE_LEASE))
    assert run.counts == {"unknown": 3}
    assert {recipient.last_error for recipient in run.recipients} == {WORDS}
    run.assert_balanced()


def test_S11b_of_a_dead_process_only_what_was_begun_without_an_outcome_is_in_doubt(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    path = death.die()

    assert settle(provider, clock.now()) == 3

    assert struck.states == {A: "sent", B: "unknown", C: "queued"}
    assert struck.attempts == [(A, 1, "accepted"), (B, 1, "unclear")]
    told = {recipient.address: (recipient.attempts, recipient.tries, recipient.claim_owner, recipient.last_error)
            for recipient in struck.recipients}  # fmt: skip
    assert told == {A: (1, 1, None, None), B: (1, 1, None, WORDS), C: (1, 0, None, None)}
    assert not path.exists()
    struck.assert_balanced()

    assert struck.drain(provider) is None
    assert [(mail.to, mail.attempt) for mail in provider.mails] == [(A, 1), (C, 2)]
    assert struck.counts == {"sent": 2, "unknown": 1}
    assert (struck.mailing.state, struck.job.state) == ("finished", "finished")
    struck.assert_balanced()


def test_S11b_where_keys_are_honoured_a_doubt_of_the_same_service_goes_again(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    death.die()
    provider.honours_keys = True
    settle(provider, clock.now())

    assert struck.states == {A: "sent", B: "queued", C: "queued"}


def test_S5_a_doubt_of_another_service_does_not_go_again_whatever_this_one_honours(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    death.die()
    settle(Recording(honours_keys=True, name="another"), clock.now())

    assert struck.states == {A: "sent", B: "unknown", C: "queued"}
    assert set(fresh().scalars(select(Attempt.provider))) == {provider.name}


@pytest.mark.parametrize(
    ("outcome", "state", "stopped", "listed"),
    [
        (Transient("Later", code="451"), "queued", None, False),
        (Permanent("No such user", code="550 5.1.1", hard=True), "failed", None, True),
        (Permanent("Spam", code="554 5.7.1"), "failed", None, False),
        (Unclear("Lost"), "unknown", None, False),
        (Refused("Who are you", code="530"), "queued", "Who are you (530)", False),
    ],
)
def test_S11b_an_outcome_goes_through_the_same_judge_as_a_live_one(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, count: Callable[..., int],
    outcome: Outcome, state: str, stopped: str | None, listed: bool,
) -> None:  # fmt: skip
    run = send(A, B)
    provider.answers[A] = outcome
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eventmail.sending.drain.outcome.record", dying)
        with pytest.raises(Killed):
            run.drain(provider)
    death.die()

    settle(provider, clock.now())

    assert run.states[A] == state
    assert run.job.stopped == stopped
    assert count(Suppression) == count(EmailEvent) == int(listed)
    assert run.attempts[0][:2] == (A, 1)
    run.assert_balanced()


def dying(*_: Any) -> None:
    raise Killed


def test_S11b_who_was_not_begun_in_a_cancelled_run_is_cancelled(
    struck: Any, event_id: int, organizer: Any, provider: Recording, clock: FrozenClock
) -> None:
    control.cancel(event_id, struck.mailing_id, seeding.acting(organizer))
    death.die()

    settle(provider, clock.now())

    assert struck.states == {A: "sent", B: "unknown", C: "cancelled"}
    struck.assert_balanced()


def test_S11b_a_doubt_that_the_lease_left_can_only_turn_out_to_be_sent(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    settle(provider, clock.advance(seconds=AFTER_THE_LEASE))  # frozen: it still holds its lock
    assert struck.counts == {"unknown": 3}
    death.die()

    settle(provider, clock.now())

    assert struck.states == {A: "sent", B: "unknown", C: "unknown"}
    assert struck.attempts == [(B, 1, "unclear"), (C, 1, "unclear"), (A, 1, "accepted")]
    struck.assert_balanced()


@pytest.mark.parametrize("outcome", [Permanent("No such user", code="550 5.1.1", hard=True), Refused("Who are you")])
def test_S11b_a_refusal_that_comes_to_light_after_the_lease_changes_nothing_any_more(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, count: Callable[..., int], outcome: Outcome
) -> None:
    run = send(A)
    provider.answers[A] = outcome
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eventmail.sending.drain.outcome.record", dying)
        with pytest.raises(Killed):
            run.drain(provider)
    settle(provider, clock.advance(seconds=AFTER_THE_LEASE))
    death.die()

    settle(provider, clock.now())

    assert run.counts == {"unknown": 1}
    assert (run.job.answered, run.job.stopped, run.mailing.last_error) == (0, None, None)
    assert count(Suppression) == count(EmailEvent) == 0
    run.assert_balanced()


def test_S11b_a_doubt_that_was_sent_again_meanwhile_is_nothing_of_the_journal(
    struck: Any, event_id: int, organizer: Any, provider: Recording, clock: FrozenClock
) -> None:
    settle(provider, clock.advance(seconds=AFTER_THE_LEASE))
    old = death.ours()
    death.another()
    with transaction() as tx:  # another mark, as another hand-over would leave it
        tx.execute(update(Recipient).values(mark=5, attempts=2))
    old.close()

    settle(provider, clock.now())

    assert struck.counts == {"unknown": 3}


@pytest.mark.parametrize("column", ["mark", "attempts"])
def test_S11b_a_doubt_of_another_mark_or_attempt_is_not_what_the_journal_speaks_of(
    struck: Any, provider: Recording, clock: FrozenClock, column: str
) -> None:
    settle(provider, clock.advance(seconds=AFTER_THE_LEASE))
    death.die()
    with transaction() as tx:
        tx.execute(update(Recipient).values({column: getattr(Recipient, column) + 1}))

    settle(provider, clock.now())

    assert struck.counts == {"unknown": 3}
    assert {outcome for _, _, outcome in struck.attempts} == {"unclear"}


def test_S11b_a_lock_that_is_held_is_no_proof(struck: Any, provider: Recording, clock: FrozenClock) -> None:
    by_caution(struck, provider, clock)
    assert death.ours().path.exists()


def test_S11b_a_deleted_journal_proves_nothing(struck: Any, provider: Recording, clock: FrozenClock) -> None:
    death.die().unlink()
    by_caution(struck, provider, clock)


@pytest.mark.parametrize("while_alive", [True, False])
def test_S11b_a_copy_in_its_place_proves_nothing(
    struck: Any, provider: Recording, clock: FrozenClock, while_alive: bool
) -> None:
    path = death.ours().path
    if not while_alive:
        death.die()
    copy = path.with_suffix(".copy")
    shutil.copy2(path, copy)
    copy.replace(path)
    by_caution(struck, provider, clock)
    assert not path.exists()  # it is of no use to anybody


def test_S11b_a_copy_beside_it_proves_nothing_while_its_process_lives(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    path = death.ours().path
    shutil.copy2(path, path.with_name("hand-over-copied.journal"))
    by_caution(struck, provider, clock)
    assert [found.name for found in path.parent.glob(journal.FILES)] == [path.name]


def test_S11b_another_name_of_the_same_file_proves_nothing_while_its_process_lives(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    path = death.ours().path
    os.link(path, path.with_name("hand-over-linked.journal"))
    by_caution(struck, provider, clock)


def test_S11b_a_file_that_was_replaced_between_opening_and_locking_it_proves_nothing(
    struck: Any, provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = death.die()
    real = locking.is_let_go

    def replaced(descriptor: int) -> bool:
        path.rename(path.with_suffix(".old"))
        return real(descriptor)

    monkeypatch.setattr(locking, "is_let_go", replaced)
    settle(provider, clock.now())
    assert struck.counts == {"sending": 3}


@pytest.mark.parametrize("length", [0, 1, slots.HEADER_BYTES, slots.offset(1), slots.SIZE - 1])
def test_S11b_a_journal_that_was_cut_proves_nothing(
    struck: Any, provider: Recording, clock: FrozenClock, length: int
) -> None:
    os.truncate(death.die(), length)
    by_caution(struck, provider, clock)


def test_S11b_a_journal_that_was_cut_and_grew_again_proves_nothing(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    path = death.die()
    os.truncate(path, slots.HEADER_BYTES)
    os.truncate(path, slots.SIZE)
    by_caution(struck, provider, clock)


def test_S11b_one_bit_turned_in_every_slot_proves_nothing(struck: Any, provider: Recording, clock: FrozenClock) -> None:
    path = death.die()
    data = path.read_bytes()
    for number in range(slots.SLOTS):
        at = slots.offset(number) + 40 * number % slots.SLOT_BYTES
        death.rewrite(path, bytes([data[at] ^ 1 << number % 8]), at)
    by_caution(struck, provider, clock)


def test_S11b_a_slot_that_is_not_intact_leaves_the_others_their_truth(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    path = death.die()
    death.rewrite(path, b"?", slots.offset(2) + 500)  # C's
    settle(provider, clock.now())
    assert struck.states == {A: "sent", B: "unknown", C: "sending"}
    settle(provider, clock.advance(seconds=AFTER_THE_LEASE))
    assert struck.states == {A: "sent", B: "unknown", C: "unknown"}


@pytest.mark.parametrize("boot", ["another-start-of-the-box", ""])
def test_S11b_after_another_start_of_the_box_nothing_is_proven(
    struck: Any, provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, boot: str
) -> None:
    death.die()
    monkeypatch.setattr(locking, "boot_id", lambda: boot)
    by_caution(struck, provider, clock)


def test_S11b_a_lock_on_a_file_system_of_somebody_else_proves_nothing(
    struck: Any, provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = death.die()
    monkeypatch.setattr(locking, "file_system", lambda _descriptor: 0x6969)  # NFS
    by_caution(struck, provider, clock)
    assert path.exists()


def test_S11b_a_row_without_the_number_of_the_mark_is_not_what_the_journal_speaks_of(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    death.die()
    with transaction() as tx:
        tx.execute(update(Recipient).values(mark=None))
    by_caution(struck, provider, clock)


@pytest.mark.parametrize("column", ["mark", "claim_owner", "attempts"])
def test_S11b_a_row_of_another_mark_owner_or_attempt_is_not_what_the_journal_speaks_of(
    struck: Any, provider: Recording, clock: FrozenClock, column: str
) -> None:
    death.die()
    other = {"mark": Recipient.mark + 1, "claim_owner": "another:1:process", "attempts": Recipient.attempts + 1}
    with transaction() as tx:
        tx.execute(update(Recipient).values({column: other[column]}))
    by_caution(struck, provider, clock)


def test_S11b_H9_in_a_copied_database_nothing_is_settled_by_a_journal(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    path = death.die()
    with transaction() as tx:
        tx.execute(update(Home).values(place="elsewhere"))
    by_caution(struck, provider, clock)
    assert path.exists()


def test_S11b_a_clock_that_was_set_back_changes_nothing(struck: Any, provider: Recording, clock: FrozenClock) -> None:
    death.die()
    settle(provider, clock.advance(hours=-5))
    assert struck.states == {A: "sent", B: "unknown", C: "queued"}


def test_S11b_a_lease_that_has_ended_as_well_does_not_make_doubt_of_what_is_known(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    death.die()
    settle(provider, clock.advance(hours=1))
    assert struck.states == {A: "sent", B: "unknown", C: "queued"}


def test_S11b_numbers_that_contradict_each_other_leave_it_to_the_lease(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    death.die()
    with transaction() as tx:  # as no code of ours leaves it
        tx.execute(update(Reservation).values(refunded=3))
    settle(provider, clock.now())
    assert struck.counts == {"sending": 3}


def test_S11b_what_a_dead_process_had_claimed_is_free_at_once(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    everybody = [f"g{number:02}@guests.example.net" for number in range(30)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claim, "release", lambda _ids: None)  # who is killed gives nothing back
        run = die_at(everybody[0], send(*everybody), provider)
    death.die()
    assert settle(provider, clock.now()) == 30

    assert {recipient.claim_owner for recipient in run.recipients} == {None}
    assert run.drain(provider) is None
    assert sorted(provider.addresses) == everybody[1:]
    assert run.counts == {"sent": 29, "unknown": 1}
    run.assert_balanced()


def test_S11b_two_who_settle_at_once_settle_each_mail_once(
    struck: Any, provider: Recording, clock: FrozenClock
) -> None:
    path = death.die()
    with dead_worker_journal.opened(path) as first:  # the other one has read it, and is about to commit
        assert settle(provider, clock.now()) == 3
        assert first is not None
        with transaction() as tx:
            assert dead_worker._recipients(tx, first, provider, clock.now()) == 0
    assert struck.states == {A: "sent", B: "unknown", C: "queued"}
    struck.assert_balanced()
