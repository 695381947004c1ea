"""The hand-over journal of this process: its mails in hand, for the process that finds it dead (S11b).

It is one file beside the database, locked as long as the process lives. A slot names a mail before its mark is
committed, says `begun` right before the first byte leaves, and then what the mail service answered. The file is never
synced: it need only outlive the process, and after a loss of power nobody believes it.

Without a journal, all mails that a dead process had marked are in doubt after the lease.
"""

import errno
import logging
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from eventmail import ids
from eventmail.providers.base import Outcome
from eventmail.sending import locking, slots
from eventmail.sending.claim import GROUP, owner
from eventmail.sending.slots import Entry, Header, Kind, Stage

log = logging.getLogger(__name__)

FILES = "hand-over-*.journal"
RETRY_SECONDS = 60.0  # before the next try to make a journal
_AREAS = (*((first, GROUP) for first in (0, GROUP)), *((one, 1) for one in range(2 * GROUP, slots.SLOTS)))


class Hand:
    """The journal's slots for mails that are marked together. `mark` is None without a journal."""

    def __init__(self, journal: "Journal | None" = None, area: tuple[int, int] = (0, 0), mark: int | None = None):
        self.mark = mark
        self._journal = journal
        self._area = area
        self._slots: dict[int, tuple[Entry, int, bytes]] = {}

    def names(self, entries: Sequence[Entry]) -> bool:
        """Write the slots of these entries in one write; returns whether that succeeded."""
        at = slots.offset(self._area[0])
        marked = [slots.slot_bytes(entry, Stage.MARKED) for entry in entries]
        places = range(at, slots.SIZE, slots.SLOT_BYTES)
        for entry, place, data in zip(entries, places, marked, strict=False):
            self._slots[entry.row] = entry, place, data
        return self._journal is not None and self._journal.write(b"".join(marked), at)

    def begins(self, row: int) -> bool:
        """Say that the first byte of this mail leaves now. On False it must not leave."""
        if self.mark is None:
            return True
        _, at, marked = self._slots[row]
        return self._journal is not None and self._journal.write(slots.begun_bytes(marked), at)

    def told(self, row: int, outcome: Outcome) -> None:
        """Say what the mail service answered. When the write fails, the mail stays `begun`."""
        if self._journal is not None:
            entry, at, _ = self._slots[row]
            self._journal.write(slots.slot_bytes(entry, Stage.TOLD, outcome), at)

    def done(self) -> None:
        """Give the slots back, when the outcomes are recorded or will never be known. No mail begins after that."""
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.give_back(self._area)


class Journal:
    """One open, locked and preallocated file. Raises OSError where a journal can't be made or would prove nothing."""

    def __init__(self, folder: Path) -> None:
        boot = locking.boot_id()
        if not boot:
            raise OSError(errno.ENOTSUP, "this system does not tell one start of the box from the next")
        self.path = folder / FILES.replace("*", ids.token(8))
        self.owner = owner()
        self._lock = threading.Lock()
        self._free = list(_AREAS)
        self._is_over = False
        self.has_refused = False
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._prepare(boot)
        except OSError:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            raise
        _open.add(self)

    def _prepare(self, boot: str) -> None:
        if not locking.is_local(self._descriptor):
            raise OSError(errno.ENOTSUP, "a lock on this file system proves nothing")
        if not locking.lock(self._descriptor):  # a process that looks for dead ones was faster
            raise OSError(errno.EAGAIN, "the new file is locked already")
        os.posix_fallocate(self._descriptor, 0, slots.SIZE)
        made = os.fstat(self._descriptor)
        header = slots.header_bytes(Header(self.owner, boot, made.st_dev, made.st_ino))
        if os.pwrite(self._descriptor, header, 0) != len(header):
            raise OSError(errno.ENOSPC, "the new file was not written whole")

    def is_sound(self) -> bool:
        """Whether the path still names this very file, whole, and every write so far succeeded."""
        return (
            not self._is_over
            and locking.is_at(self.path, self._descriptor)
            and os.fstat(self._descriptor).st_size == slots.SIZE
        )

    def take(self, kind: Kind, rows: Sequence[tuple[int, int]], service: str) -> Hand:
        """Name these (row, attempt) under a new mark number; returns a Hand without a mark when that fails."""
        with self._lock:
            fits = [area for area in self._free if area[1] >= len(rows)]
            if self._is_over or not fits:
                return Hand()
            area = min(fits, key=lambda area: area[1])
            self._free.remove(area)
        mark = secrets.randbits(62)
        hand = Hand(self, area, mark)
        if hand.names([Entry(kind, row, attempt, mark, service) for row, attempt in rows]):
            return hand
        hand.done()
        return Hand()

    def give_back(self, area: tuple[int, int]) -> None:
        """Free these slots; closes a journal that is over once no slot is in use."""
        with self._lock:
            self._free.append(area)
            self._close_if_idle()

    def write(self, data: bytes, at: int) -> bool:
        """Write whole slots; returns whether all of it was written. After one failure the journal is over."""
        if self._is_over:
            return False
        try:
            if os.pwrite(self._descriptor, data, at) == len(data):
                return True
            words = "it was not written whole"
        except OSError as error:
            words = str(error)
        log.warning("the hand-over journal can't be written: %s", words, extra={"journal": self.path.name})
        self._is_over = self.has_refused = True
        return False

    def retire(self) -> None:
        """End the journal. It stays locked until no mail is in hand, else another process would think us dead."""
        with self._lock:
            self._is_over = True
            self._close_if_idle()

    def close(self) -> None:
        """Close the file, and so unlock it, as the end of this process would."""
        self._is_over = True
        _open.discard(self)
        os.close(self._descriptor)

    def _close_if_idle(self) -> None:
        if self._is_over and len(self._free) == len(_AREAS) and self in _open:
            if locking.is_at(self.path, self._descriptor):
                try:
                    self.path.unlink()
                except OSError:  # an unlocked file would prove a death, so only the end of this process unlocks it
                    return
            self.close()


_open: set[Journal] = set()
_mine: Journal | None = None
_making = threading.Lock()
_not_before = 0.0  # time.monotonic()


def take(folder: Path, kind: Kind, rows: Sequence[tuple[int, int]], service: str) -> Hand:
    """Name at most GROUP mails, as (row, attempt), before the mark for `service` commits.

    `folder` is the database's. The caller calls `done` when the outcomes are recorded.
    """
    if not rows:
        return Hand()
    with _making:
        journal = _usable(folder)
    return journal.take(kind, rows, service) if journal else Hand()


def _usable(folder: Path) -> Journal | None:
    """Our journal, or a new one after it was deleted, replaced or refused a write; None when none can be made now."""
    global _mine, _not_before  # noqa: PLW0603  one process, one journal
    if _mine and _mine.path.parent == folder and _mine.is_sound():
        return _mine
    if _mine:
        log.warning("the hand-over journal was lost", extra={"journal": _mine.path.name})
        _not_before = time.monotonic() + RETRY_SECONDS if _mine.has_refused else 0.0
        _mine.retire()
        _mine = None
    if time.monotonic() < _not_before:
        return None
    try:
        made = Journal(folder)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return None  # the next group tries again
        _not_before = time.monotonic() + RETRY_SECONDS
        log.warning("no hand-over journal, so a worker that is killed leaves more in doubt: %s", error)
        return None
    if not made.is_sound():  # deleted as useless before it was locked; the next group tries again
        made.retire()
        return None
    _mine = made
    return made


def leave() -> None:
    """Delete the journal of a process that ends in order."""
    global _mine  # noqa: PLW0603
    with _making:
        if _mine:
            _mine.retire()
            _mine = None


def _forget() -> None:
    """Close the parent's journals in a forked child, whose descriptor would keep the lock after the parent's death."""
    global _mine, _making
    for journal in list(_open):
        journal.close()
    _mine, _making = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
