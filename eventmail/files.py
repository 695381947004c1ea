"""Files that only the user who runs eventmail may read: making, mending and checking them."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_OTHERS = 0o077  # the permissions of other users


def keep_private() -> None:
    """Let this process and the processes it starts make folders with mode 0700 and files with 0600."""
    os.umask(_OTHERS)


@dataclass(frozen=True)
class Open:
    """A file or folder that other users may use, and its mode."""

    path: Path
    mode: int


def open_to_others(folder: Path) -> Iterator[Open]:
    """Finds what is open to others in `folder`, itself included. Links are not followed."""
    return (found for found, _, _ in _open_entries(folder))


def mend(folder: Path) -> int:
    """Close to others what earlier versions left open in `folder`; returns how many files and folders were closed.

    What belongs to another user stays as it is, and `doctor` names it.
    """
    mended = 0
    for _, descriptor, name in _open_entries(folder):
        with suppress(OSError):  # deleted meanwhile, or another user's
            _close_to_others(descriptor, name)
            mended += 1
    return mended


def _close_to_others(descriptor: int, name: str) -> None:
    """Change the mode of the opened file, so that a link which replaced it meanwhile is refused, not followed."""
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    try:
        os.fchmod(opened, stat.S_IMODE(os.fstat(opened).st_mode) & ~_OTHERS)
    finally:
        os.close(opened)


def _open_entries(folder: Path) -> Iterator[tuple[Open, int, str]]:
    """Yields (what is open, descriptor of its folder, name in that folder), `folder` itself first."""
    if not folder.is_dir():
        return
    for parent, folders, names, descriptor in os.fwalk(folder, follow_symlinks=False):
        itself = ["."] if parent == os.fspath(folder) else []
        for name in (*itself, *folders, *names):
            mode = _mode(descriptor, name)
            if mode & _OTHERS:
                yield Open(Path(parent, name), mode), descriptor, name


def _mode(descriptor: int, name: str) -> int:
    """Returns the permissions of a file or folder; 0 for anything else and for what was deleted meanwhile."""
    try:
        found = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
    except OSError:
        return 0
    return stat.S_IMODE(found) if stat.S_ISREG(found) or stat.S_ISDIR(found) else 0


@contextmanager
def draft_of(file: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Opens a new file beside `file` for writing, under an unpredictable name and for its owner alone.

    Deletes it at the end unless it became the file.
    """
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    opened = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(opened, "wb") as out:
            yield draft, out
    finally:
        draft.unlink(missing_ok=True)


def become(draft: Path, file: Path) -> None:
    """Give `draft` the name `file`. Raises FileExistsError when anything, also a link, has that name."""
    try:
        os.link(draft, file, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, as on a memory stick
        if os.path.lexists(file):
            raise FileExistsError(str(file)) from None
        draft.replace(file)


def on_disk(path: Path) -> None:
    """Returns when a file, or the names in a folder, would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
