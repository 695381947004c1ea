"""A worker that looks for work when it starts; later only rings wake it: `python -m tests.support.quiet PROGRAM …`."""

import sys

from eventmail import tasks
from tests.support.programs import run_here


def main(*program: str) -> None:
    """Run `program` with a day between two sweeps."""
    tasks.SWEEP_SECONDS = 86_400.0
    run_here(*program)


if __name__ == "__main__":
    main(*sys.argv[1:])
