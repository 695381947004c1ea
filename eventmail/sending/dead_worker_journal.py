"""The journals of dead processes: the proof of a death, and what the journal says (S11b).

The proof is a lock. A process locks its journal as long as it lives, frozen or not, and the kernel frees the lock only
when the process has ended. The proof counts if, while we have the lock, the file system keeps locks in this kernel, the
path names the locked file, that file is the one of the header by device and inode, and the box has not started anew.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from eventmail.providers.base import Outcome, Provider, Unclear
from eventmail.sending import locking, slots
from eventmail.sending.journal import FILES
from eventmail.sending.slots import Header, Slot, Stage

WORDS = "The worker stopped while this mail was being handed over; nobody can say whether it left"


@dataclass(frozen=True)
class Legacy:
    """The legacy of a dead process: its name in the rows, and every intact slot of its journal."""

    owner: str
    slots: list[Slot]


class Service(NamedTuple):
    """The mail service that a dead process used, as far as an outcome is judged by it."""

    name: str
    honours_keys: bool


def answer(slot: Slot) -> Outcome | None:
    """The outcome of a mail: None when it was not begun, doubt when it was begun and has no answer."""
    if slot.stage == Stage.MARKED:
        return None
    return slot.outcome if slot.outcome is not None else Unclear(WORDS)


def service(slot: Slot, provider: Provider) -> Service:
    """The mail service that was used. Only if it is the one connected now can it get the same key again (S5)."""
    name = slot.entry.service
    return Service(name, provider.honours_keys and provider.name == name)


def journals(folder: Path) -> list[Path]:
    """Every journal beside a database, also of living processes."""
    return sorted(folder.glob(FILES))


@contextmanager
def opened(path: Path) -> Iterator[Legacy | None]:
    """The legacy of a dead process in `path`, locked meanwhile. Deletes the file unless the caller raises.

    Two processes may open it at once and settle the same rows: the commits are guarded, so the second one changes
    nothing. If it had to wait, it would put in doubt meanwhile what the first is about to settle.

    Yields None for the journal of a process that may live, which stays, and for one that proves nothing, which is
    deleted.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # deleted meanwhile, or no file of ours
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
