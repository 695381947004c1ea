"""How fast a guest's calendar file and the page "Add to your calendar" answer, alone and beside idle connections.

`python bench/calendar_links.py [--seconds 4] [--connections 8] [--idle 1000] [--rounds 3]`, one JSON line a run. Every
connection asks again at once (wrk, if installed, else threads of this process). Half of the idle ones are silent, half
have sent the beginning of a head. `/healthz` is asked in the same rounds, since only ratios hold on a busy machine.
"""

import argparse
import contextlib
import resource
import shutil
import socket
import sys

from harness import Peak, cpu_seconds, family, report
from pages import ask_again, wrk
from running import Instance
from smtp_tools import Missing

from eventmail import signing
from eventmail.domain.events.calendar_address import CalendarAddresses


def addresses(it: Instance) -> dict[str, str]:
    """The path of each kind by its name, those of one guest."""
    secret = signing.instance_secret(it.folder / "secret.key")
    [(event_secret, guest)] = it.rows(
        "SELECT ics_secret, max(guest.id) FROM event JOIN guest ON event_id = event.id WHERE event.id = ?", it.event
    )
    made = CalendarAddresses("", secret, int(it.event), event_secret)
    return {"file": made.file(guest), "page": made.page(guest), "healthz": "/healthz"}


def idle(stack: contextlib.ExitStack, port: int, count: int) -> None:
    """Open connections that never ask for anything, until the stack ends."""
    for number in range(count):
        silent = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        if number % 2:
            silent.sendall(b"GET /calendar/1-")


def measure(it: Instance, path: str, name: str, *, connections: int, seconds: float) -> None:
    """One line."""
    peak, processes = Peak(it.web.pid), family(it.web.pid)
    ask, before = wrk if shutil.which("wrk") else ask_again, sum(map(cpu_seconds, processes))
    count, took, median, slow = ask(it.port, path, {}, connections=connections, seconds=seconds)
    cpu = sum(map(cpu_seconds, processes)) - before
    peak()
    report(name, count, took, cpu, peak.mb, p50_ms=median, p95_ms=slow, connections=connections,
           cpu_ms_a_request=1000 * cpu / count)  # fmt: skip


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--idle", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, asked.idle + 500), most))
    try:
        with Instance(10) as it:
            for path in addresses(it).values():  # no template is compiled under the clock
                ask_again(it.port, path, {}, connections=asked.connections, seconds=1)
            for _ in range(asked.rounds):
                for count in (0, asked.idle):
                    with contextlib.ExitStack() as stack:
                        idle(stack, it.port, count)
                        for kind, path in addresses(it).items():
                            name = f"calendar/{kind}/{f'{count} idle' if count else 'alone'}"
                            measure(it, path, name, connections=asked.connections, seconds=asked.seconds)
    except Missing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
