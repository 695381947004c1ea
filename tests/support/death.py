"""The death of a worker that runs in this very process: its journal is let go of, and whoever works on is another."""

import os
from pathlib import Path

from eventmail.sending import claim, journal
from eventmail.sending.journal import Journal


def die() -> Path:
    """As SIGKILL would: the kernel closes the journal, and nothing is tidied up. Returns where the journal is."""
    mine = ours()
    if mine in journal._open:  # one that was refused a write may be closed already
        mine.close()
    another()
    return mine.path


def another() -> None:
    """From now on this is another process, as far as rows and journals can tell."""
    journal._mine, journal._not_before = None, 0.0
    claim.owner.cache_clear()


def ours() -> Journal:
    """The journal of this process."""
    assert journal._mine is not None, "no journal was made"
    return journal._mine


def rewrite(path: Path, data: bytes, at: int = 0) -> None:
    """Change bytes of a journal in place, so that it stays the same file."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.pwrite(descriptor, data, at)
    finally:
        os.close(descriptor)
