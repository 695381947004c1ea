"""The journal of a living process: where it is, what it survives, and what happens where it can't be written."""

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventmail.providers.base import Mail
from eventmail.sending import claim, journal, locking, slots
from eventmail.sending.settle import settle
from eventmail.sending.slots import Entry, Kind, Slot, Stage
from tests.support import death
from tests.support.recording import Killed, Recording
from tests.support.time import FrozenClock

pytestmark = pytest.mark.usefixtures("mortal")
A, B, C = EVERYBODY = [f"{name}@guests.example.net" for name in "abc"]


def journals(run: Any) -> list[Path]:
    return sorted(run.settings.instance.glob(journal.FILES))


def told(path: Path) -> dict[int, tuple[Stage, object]]:
    """What a journal says of each row."""
    return {slot.entry.row: (slot.stage, slot.outcome) for slot in slots.read_slots(path.read_bytes())}


def test_S11b_a_slot_names_the_mail_before_its_first_byte_and_then_what_became_of_it(
    send: Callable[..., Any], provider: Recording
) -> None:
    run = send(*EVERYBODY)
    ids = {recipient.address: recipient.id for recipient in run.recipients}
    seen: list[dict[int, Stage]] = []

    def look(_mail: Mail) -> None:
        [path] = journals(run)
        seen.append({row: stage for row, (stage, _) in told(path).items()})
        rows = {recipient.id: (recipient.attempts, recipient.mark) for recipient in run.recipients}
        named = {slot.entry.row: (slot.entry.attempt, slot.entry.mark) for slot in slots.read_slots(path.read_bytes())}
        assert named == rows

    provider.before = look
    run.drain(provider)

    assert seen == [
        {ids[A]: Stage.BEGUN, ids[B]: Stage.MARKED, ids[C]: Stage.MARKED},
        {ids[A]: Stage.TOLD, ids[B]: Stage.BEGUN, ids[C]: Stage.MARKED},
        {ids[A]: Stage.TOLD, ids[B]: Stage.TOLD, ids[C]: Stage.BEGUN},
    ]


def test_S11b_each_mark_has_a_number_of_its_own(send: Callable[..., Any], provider: Recording) -> None:
    first, second = send(A), send()
    first.drain(provider)
    second.drain(provider)
    numbers = {recipient.mark for run in (first, second) for recipient in run.recipients}
    assert len(numbers) == 2
    assert None not in numbers


def test_S11b_the_journal_is_whole_from_the_start_and_its_owners_alone(
    send: Callable[..., Any], provider: Recording
) -> None:
    run = send(A)
    run.drain(provider)
    [path] = journals(run)
    found = path.stat()
    assert (found.st_size, stat.S_IMODE(found.st_mode)) == (slots.SIZE, 0o600)
    assert found.st_blocks * 512 >= slots.SIZE
    header = slots.read_header(path.read_bytes())
    assert header == slots.Header(claim.owner(), locking.boot_id(), found.st_dev, found.st_ino)
    assert not os.get_inheritable(death.ours()._descriptor)


def test_S11b_who_ends_in_order_leaves_no_journal(send: Callable[..., Any], provider: Recording) -> None:
    run = send(A)
    run.drain(provider)
    journal.leave()
    assert journals(run) == []
    assert run.counts == {"sent": 1}


@pytest.mark.parametrize("loss", ["deleted", "replaced by a copy", "cut", "renamed"])
def test_S11b_who_lost_its_journal_notices_before_the_next_mark(
    send: Callable[..., Any], provider: Recording, loss: str
) -> None:
    first, second = send(A), send()
    first.drain(provider)
    old = death.ours()
    copy = old.path.read_bytes()
    match loss:
        case "deleted":
            old.path.unlink()
        case "replaced by a copy":
            old.path.unlink()
            old.path.write_bytes(copy)
        case "cut":
            os.truncate(old.path, 100)
        case "renamed":
            old.path.rename(old.path.with_name("hand-over-renamed.journal"))

    second.drain(provider)

    new = death.ours()
    assert new is not old
    assert {slot.entry.mark for slot in slots.read_slots(new.path.read_bytes())} == {second.recipients[0].mark}
    assert provider.addresses == [A, A]


def test_S11b_a_journal_that_was_lost_with_a_mail_in_hand_is_locked_until_that_is_recorded(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run, other = send(*EVERYBODY), journal.take
    moved: list[Path] = []

    def rename(mail: Mail) -> None:
        if mail.to == A:
            path = death.ours().path
            moved.append(path.rename(path.with_name("hand-over-renamed.journal")))
            hand = other(path.parent, Kind.ACCOUNT_MAIL, [(7, 1)], "recording")  # another thread notices
            assert settle(provider, clock.now()) == 0
            hand.done()

    provider.before = rename
    while run.drain(provider) is not None:
        clock.advance(minutes=1)
        provider.before = lambda _mail: None

    assert sorted(provider.addresses) == EVERYBODY
    assert run.counts == {"sent": 3}
    run.assert_balanced()


def failing(monkeypatch: pytest.MonkeyPatch, fails: Callable[[int], bool], *, short: bool) -> None:
    """The disk refuses those writes of the journal, counted from 0, for which `fails` holds."""
    real, written = os.pwrite, iter(range(10_000))

    def pwrite(descriptor: int, data: bytes, at: int) -> int:
        if not fails(next(written)):
            return real(descriptor, data, at)
        if short:
            return real(descriptor, data[: len(data) // 2], at)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", pwrite)


def work_off(run: Any, provider: Recording, clock: FrozenClock) -> None:
    """Turn after turn until the run is over; a full disk holds nobody up for ever."""
    for _ in range(6):
        if run.drain(provider) is None:
            return
        clock.advance(seconds=10)
    raise AssertionError(run.counts)


@pytest.mark.parametrize("short", [False, True], ids=["refused", "cut short"])
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("write", range(8))  # header, marks, and for each of three mails: begun and told
def test_S11b_where_a_write_fails_nothing_is_begun_without_it_and_everybody_gets_one_mail(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch,
    write: int, for_good: bool, short: bool,
) -> None:  # fmt: skip
    run = send(*EVERYBODY)
    failing(monkeypatch, lambda number: number == write or (for_good and number > write), short=short)
    work_off(run, provider, clock)

    assert sorted(provider.addresses) == EVERYBODY
    assert run.counts == {"sent": 3}
    assert {attempt for _, attempt, _ in run.attempts} == {1}
    run.assert_balanced()


@pytest.mark.parametrize("short", [False, True], ids=["refused", "cut short"])
@pytest.mark.parametrize("write", range(8))
@pytest.mark.parametrize("last", EVERYBODY)
def test_S11b_where_a_write_failed_and_the_process_died_nobody_is_mailed_twice_or_lost(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch,
    write: int, last: str, short: bool,
) -> None:  # fmt: skip
    run = send(*EVERYBODY)
    with monkeypatch.context() as patch:
        failing(patch, lambda number: number == write, short=short)
        tidy, dead = journal.Hand.done, list[Mail]()
        patch.setattr(journal.Hand, "done", lambda hand: None if dead else tidy(hand))  # the dead tidy nothing up

        def die(mail: Mail) -> Any:
            dead.append(mail)
            raise Killed

        provider.answers[last] = die
        with pytest.raises(Killed):
            work_off(run, provider, clock)
        del provider.answers[last]
        if journal._mine:
            death.die()
        death.another()
    settle(provider, clock.now())
    settle(provider, clock.advance(seconds=claim.LEASE.total_seconds()))
    work_off(run, provider, clock)

    assert len(provider.addresses) == len(set(provider.addresses))
    without = {address for address, state in run.states.items() if address not in provider.addresses}
    assert {run.states[address] for address in without} <= {"unknown"}
    assert run.states[last] == "unknown"  # it was handed over, and its outcome died with the process
    run.assert_balanced()


def dying(_: object) -> Any:
    raise Killed


def frozen_at(write: int, *, before: bool, meanwhile: Callable[[], None]) -> Callable[..., bool]:
    """A Journal.write around whose call number `write` (from 0: the marks) something else happens for a long time."""
    real, calls = journal.Journal.write, iter(range(10_000))

    def slow(mine: journal.Journal, data: bytes, at: int) -> bool:
        now = next(calls) == write
        if now and before:
            meanwhile()
        written = real(mine, data, at)
        if now and not before:
            meanwhile()
        return written

    return slow


@pytest.fixture
def long_freeze(provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """long_freeze(): this process stands still beyond its lease, while another one settles."""
    real, stood = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: real() + stood[0])

    def freeze() -> None:
        stood[0] += 3 * claim.LEASE.total_seconds()
        settle(provider, clock.advance(seconds=3 * claim.LEASE.total_seconds()))

    return freeze


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(7))  # the marks, and for each of three mails: begun and told
def test_S11b_who_was_frozen_at_a_write_beyond_its_lease_begins_nothing_more_and_brings_the_truth(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch,
    long_freeze: Callable[[], None], write: int, before: bool,
) -> None:  # fmt: skip
    run = send(*EVERYBODY)
    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "write", frozen_at(write, before=before, meanwhile=long_freeze))
        run.drain(provider)
    work_off(run, provider, clock)

    handed_over = [A, B, C][: write // 2]  # by then one mail was begun for each two writes, and none is begun after it
    if write == 0:  # nobody was marked yet, so nobody was in doubt
        assert (sorted(provider.addresses), run.counts) == (EVERYBODY, {"sent": 3})
    else:
        assert provider.addresses == handed_over
        assert run.states == {address: "sent" if address in handed_over else "unknown" for address in EVERYBODY}
    run.assert_balanced()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 7))
def test_S11b_who_was_frozen_at_a_write_beyond_its_lease_and_then_killed_leaves_doubt_but_for_what_was_sent(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch,
    long_freeze: Callable[[], None], write: int, before: bool,
) -> None:  # fmt: skip
    run = send(*EVERYBODY)

    def frozen_and_killed() -> None:
        long_freeze()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "write", frozen_at(write, before=before, meanwhile=frozen_and_killed))
        with pytest.raises(Killed):
            run.drain(provider)
    assert run.counts == {"unknown": 3}
    death.die()
    settle(provider, clock.now())
    work_off(run, provider, clock)

    known = EVERYBODY[: (write - before) // 2]  # whose outcome was written
    assert run.states == {address: "sent" if address in known else "unknown" for address in EVERYBODY}
    assert len(provider.addresses) == len(set(provider.addresses))
    run.assert_balanced()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("write", range(7))
def test_S11b_who_was_killed_at_a_write_leaves_in_doubt_only_what_was_begun_and_not_answered(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch,
    write: int, before: bool,
) -> None:  # fmt: skip
    run = send(*EVERYBODY)
    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "write", frozen_at(write, before=before, meanwhile=lambda: dying(None)))
        with pytest.raises(Killed):
            run.drain(provider)
    death.die()
    settle(provider, clock.now())
    work_off(run, provider, clock)

    written = write + (not before)  # writes that are in the file: the marks, then begun and told in turns
    doubtful = EVERYBODY[(written - 2) // 2 : written // 2] if written % 2 == 0 and written else []
    assert run.states == {address: "unknown" if address in doubtful else "sent" for address in EVERYBODY}
    assert len(provider.addresses) == len(set(provider.addresses))
    run.assert_balanced()


@pytest.mark.parametrize("why", ["no room", "no boot id", "a file system of somebody else", "no such folder"])
def test_S11b_without_a_journal_it_works_with_the_caution_of_the_lease_and_says_so(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, why: str,
) -> None:  # fmt: skip
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    match why:
        case "no room":
            monkeypatch.setattr(os, "posix_fallocate", refuse)
        case "no boot id":
            monkeypatch.setattr(locking, "BOOT_ID", Path("/nowhere"))
        case "a file system of somebody else":
            monkeypatch.setattr(locking, "file_system", lambda _descriptor: 0x6969)  # NFS
        case "no such folder":
            monkeypatch.setattr(journal, "FILES", "nowhere/hand-over-*.journal")
    run = send(A)
    run.drain(provider)

    assert run.counts == {"sent": 1}
    assert [recipient.mark for recipient in run.recipients] == [None]
    assert journals(run) == []
    said = [record.getMessage() for record in caplog.records if record.name == "eventmail.sending.journal"]
    assert [line.partition(":")[0] for line in said] == [
        "no hand-over journal, so a worker that is killed leaves more in doubt"
    ]


def test_S11b_a_forked_child_does_not_keep_the_lock_of_its_dead_parent(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send(*EVERYBODY)
    provider.before = lambda mail: dying(mail) if mail.to == B else None
    with pytest.raises(Killed):
        run.drain(provider)
    reads, writes = os.pipe()
    begun, begins = os.pipe()
    child = os.fork()
    if not child:
        os.close(writes)
        os.write(begins, b"1")  # whatever a fork does at its begin is done
        os.read(reads, 1)  # lives until the parent says so
        os._exit(0)
    try:
        os.close(reads)
        assert os.read(begun, 1) == b"1"
        path = death.ours().path
        death.die()  # the kernel closes what the parent had; the child lives on
        assert settle(provider, clock.now()) == 3
        assert not path.exists()
        assert run.states == {A: "sent", B: "unknown", C: "queued"}
    finally:
        os.close(writes)
        os.waitpid(child, 0)


def test_S11b_threads_share_one_journal_and_no_slot(tmp_path: Path, in_app: object) -> None:
    mine = journal.Journal(tmp_path)
    group = mine.take(Kind.RECIPIENT, [(row, 1) for row in range(1, 21)], "smtp")
    following = mine.take(Kind.RECIPIENT, [(row, 1) for row in range(21, 41)], "smtp")
    accounts = [mine.take(Kind.ACCOUNT_MAIL, [(row, 1)], "smtp") for row in range(1, 9)]
    assert mine.take(Kind.RECIPIENT, [(99, 1)], "smtp").mark is None  # no slot is free: as cautious as without one
    assert mine.take(Kind.ACCOUNT_MAIL, [(99, 1)], "smtp").mark is None
    accounts[3].begins(4)
    found = slots.read_slots(mine.path.read_bytes())
    expected = [Slot(Entry(Kind.RECIPIENT, row, 1, hand.mark or 0, "smtp"), Stage.MARKED)
                for hand, rows in ((group, range(1, 21)), (following, range(21, 41))) for row in rows]  # fmt: skip
    expected += [Slot(Entry(Kind.ACCOUNT_MAIL, row, 1, hand.mark or 0, "smtp"),
                      Stage.BEGUN if row == 4 else Stage.MARKED) for row, hand in enumerate(accounts, 1)]  # fmt: skip
    assert found == expected
    accounts[3].done()
    assert mine.take(Kind.ACCOUNT_MAIL, [(99, 1)], "smtp").mark is not None
    assert accounts[3].begins(4) is False  # who is done begins nothing
