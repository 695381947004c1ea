"""A mail server that answers 451 to everybody for a while, in one send: pages stay usable, the run ends by itself.

`python bench/storm.py [--n 5000] [--seconds 30]`; one JSON line. Nine connections ask for the tracker, the guests and
the recipients twice a second each while the storm lasts (p95 in ms). `ended_after_storm_s` is from the server's first
friendly answer to the end of the run, `ahead` by how many mails the tracker was ever ahead of the sink (0: it tells the
truth). Ends with 1 when a mail was doubled or lost, or the tracker was ahead.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Self

from harness import Sampler, cpu_seconds, free_port, report, wait_for
from pages import PAUSE_SECONDS, ask_again
from running import Instance
from sink import Connection
from smtp_tools import RecordingSink

CONNECTIONS = 3  # a page
PATIENCE_SECONDS = 600.0


class _Refusing(Connection):
    """The recording sink, which takes no sender while `flag` exists."""

    def __init__(self, file: int, flag: Path) -> None:
        super().__init__(file)
        self._flag = flag

    def _command(self, line: bytes) -> bytes:
        if line[:4].upper() == b"MAIL" and self._flag.exists():
            return b"451 4.3.2 Too busy, try again later\r\n"
        return super()._command(line)


async def _serve(port: int, path: str, flag: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    server = await asyncio.get_running_loop().create_server(lambda: _Refusing(file, flag), "127.0.0.1", port)
    await server.serve_forever()


class StormySink(RecordingSink):
    """`with StormySink() as sink:` it storms until `calm()`."""

    def __enter__(self) -> Self:
        self.port = free_port()
        self._file = tempfile.NamedTemporaryFile(prefix="eventmail-sink-")
        self._flag = Path(f"{self._file.name}.storm")
        self._flag.touch()
        self._open([sys.executable, __file__, "--serve", str(self.port), self._file.name, str(self._flag)])
        return self

    def __exit__(self, *_: object) -> None:
        self._flag.unlink(missing_ok=True)
        super().__exit__()

    def calm(self) -> None:
        """From now on everybody is taken."""
        self._flag.unlink()


def _watch(it: Instance, mailing_id: str, seconds: float) -> dict[str, float]:
    """The 95th percentile of each page while people look on, in milliseconds."""
    html = {"Cookie": it.cookie(), "Accept": "text/html"}
    pages = {
        "tracker": (it.path(f"messages/{mailing_id}"), {**html, "HX-Request": "true", "HX-Request-Type": "partial"}),
        "guests": (it.path("guests"), html),
        "recipients": (it.path(f"mailings/{mailing_id}"), html),
    }
    slow: dict[str, float] = {}

    def look(name: str) -> None:
        path, headers = pages[name]
        slow[f"{name}_p95_ms"] = ask_again(
            it.port, path, headers, connections=CONNECTIONS, seconds=seconds, pause=PAUSE_SECONDS
        )[3]

    people = [threading.Thread(target=look, args=(name,)) for name in pages]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    return slow


def run(n: int, seconds: float) -> bool:
    """One send of n into a storm; whether everything that must hold did."""
    ahead = 0
    with StormySink() as sink, Instance(n, sink.port) as it:
        began = time.perf_counter()
        mailing = it.send()

        def compare() -> None:
            nonlocal ahead
            told = it.mailing(mailing["id"])["counts"]["sent"]
            ahead = max(ahead, told - len(sink.recipients()))

        def over() -> bool:
            return bool(it.mailing(mailing["id"])["state"] == "finished")

        with Sampler(0.25, compare):
            slow = _watch(it, mailing["id"], seconds)
            during = it.mailing(mailing["id"])
            sink.calm()
            calm = time.perf_counter()
            wait_for(over, PATIENCE_SECONDS, "the end of the run", 0.2, late_is_fine=True)
        ended, cpu = time.perf_counter(), cpu_seconds(it.worker.pid)
        got = Counter(sink.recipients())
        states = dict(it.rows("SELECT address, state FROM recipient WHERE mailing_id = ?", int(mailing["id"])))
        tries = it.rows("SELECT max(attempts), avg(attempts) FROM recipient")[0]
    duplicates = sum(times - 1 for times in got.values())
    lost = [to for to in states if to not in got]
    report(
        "storm/eventmail", len(states), ended - began, cpu, None,
        storm_s=seconds, ended_after_storm_s=ended - calm, **slow, connections=3 * CONNECTIONS,
        during={state: number for state, number in during["counts"].items() if number}, words=during["last_error"],
        states=dict(Counter(states.values())), duplicates=duplicates, lost=len(lost), ahead=ahead,
        tries_max=tries[0], tries_mean=round(tries[1], 2),
    )  # fmt: skip
    return not duplicates and not lost and ahead == 0 and set(states.values()) == {"sent"}


def main() -> None:
    """One run; the exit code says whether the promise held."""
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(_serve(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=30)
    asked = parser.parse_args()
    sys.exit(0 if run(asked.n, asked.seconds) else 1)


if __name__ == "__main__":
    main()
