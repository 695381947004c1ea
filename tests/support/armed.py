"""A real process of an instance that kills itself at one point of tests/support/killer.py."""

import subprocess

from tests.support import forked
from tests.support.live import PROCFILE, Live, words
from tests.support.programs import around


def armed(live: Live, point: str, program: str = "worker") -> "subprocess.Popen[bytes]":
    """The `program` of the Procfile, which will kill itself at `point`."""
    line = around(f"killer '{point}'", PROCFILE[program])
    with (live.instance / "armed.log").open("ab") as log:
        return forked.start(words(line, live.environment), live.environment, log)
