"""The journals of dead processes: who proves a death, and what the dead one says (S11b).

The proof is a lock. A process locks its journal for as long as it lives, frozen or not, and the kernel lets go of the
lock only when the process has ended. It counts where all of this holds while we have the lock: the file system keeps
locks in this kernel; the path names the very file that is locked; that file is the one the header was written into, by
device and inode; and the box was not started anew since.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from eventmail.providers.base import Outcome, Provider, Unclear
from eventmail.sending import journal, locking, slots
from eventmail.sending.slots import Header, Slot, Stage

WORDS = "The worker stopped while this mail was being handed over; nobody can say whether it left"


@dataclass(frozen=True)
class Legacy:
    """What a dead process left: its name in the rows, and every intact slot of its journal."""

    owner: str
    slots: list[Slot]


class Service(NamedTuple):
    """The mail service that a dead process used, as far as an outcome is judged by it."""

    name: str
    honours_keys: bool


def answer(slot: Slot) -> Outcome | None:
    """What became of a mail: None when it was not begun, doubt when it was begun and nobody told."""
    if slot.stage == Stage.MARKED:
        return None
    return slot.outcome if slot.outcome is not None else Unclear(WORDS)


def service(slot: Slot, provider: Provider) -> Service:
    """The service that was used. Only the one that is connected now can be given the same key again (S5)."""
    name = slot.entry.service
    return Service(name, provider.honours_keys and provider.name == name)


def journals(folder: Path) -> list[Path]:
    """Every journal beside a database, also those of the living."""
    return sorted(folder.glob(journal.FILES))


@contextmanager
def opened(path: Path) -> Iterator[Legacy | None]:
    """What a dead process left in `path`, locked meanwhile; the file is gone afterwards unless the caller raised.

    Two may hold it at once, and settle the same rows: their commits are guarded, so the second finds nothing to do. If
    one had to wait for the other, it would put in doubt meanwhile what the other is about to settle.

    None for the journal of who lives or may live, which is left alone; and for one that proves nothing, which is of no
    use to anybody and goes too.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # gone meanwhile, or nothing of ours
        yield None
        return
    try:
        is_ours = locking.is_local(descriptor) and locking.is_let_go(descriptor) and locking.is_at(path, descriptor)
        yield _read(descriptor) if is_ours else None
        if is_ours:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> Legacy | None:
    here = os.fstat(descriptor)
    data = os.pread(descriptor, slots.SIZE + 1, 0)
    header = slots.read_header(data)
    boot = locking.boot_id()
    if not boot or header is None or header != Header(header.owner, boot, here.st_dev, here.st_ino):
        return None
    return Legacy(header.owner, slots.read_slots(data))
