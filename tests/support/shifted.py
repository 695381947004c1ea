"""A worker or web process whose clock a test sets: `python -m tests.support.shifted FILE PROGRAM …`.

FILE holds by how many seconds this process is off, read anew each time it looks at the clock. The product's clock and
the queue's are shifted together; time.monotonic() goes on, as it does when somebody sets a real clock.
"""

import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

from huey.api import Huey

from eventmail import clock


def shift(file: Path) -> None:
    """Look at a shifted clock from now on."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text()))

    clock.now = now
    Huey._get_timestamp = lambda _huey: now().replace(tzinfo=None)  # it keeps UTC


def main(file: str, program: str, *arguments: str) -> None:
    """Run `program`, a console script of an installed package, in this very process."""
    shift(Path(file))
    sys.argv = [program, *arguments]
    [script] = entry_points(group="console_scripts", name=program)
    sys.exit(script.load()())


if __name__ == "__main__":
    main(*sys.argv[1:])
