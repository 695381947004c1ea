"""A real process of an instance that kills itself at one point of tests/support/killer.py."""

import shlex
import subprocess

from tests.support.live import PROCFILE, ROOT, Live
from tests.support.programs import around


def armed(live: Live, point: str, program: str = "worker") -> "subprocess.Popen[bytes]":
    """The `program` of the Procfile, which will kill itself at `point`."""
    line = around(f"killer '{point}'", PROCFILE[program])
    # one gunicorn process is enough; the arbiter would only start the next
    words = shlex.split(line.replace("${EVENTMAIL_HOST:-127.0.0.1}:${EVENTMAIL_PORT:-8000}", f"127.0.0.1:{live.port}"))
    with (live.instance / "armed.log").open("ab") as log:
        return subprocess.Popen(words, cwd=ROOT, env=live.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
