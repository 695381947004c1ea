"""What is expensive to make and the same for every test, made once a run by whichever worker comes first."""

import fcntl
import tempfile
from collections.abc import Callable
from pathlib import Path


def made_once(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """folder/name, a folder that `make(path)` filled. Who comes meanwhile waits for it; copy from it, never change it.

    Where `make` raises nothing is kept, and the next one makes it anew.
    """
    made = folder / name
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            coming = Path(tempfile.mkdtemp(dir=folder))
            make(coming)
            coming.rename(made)
    return made
