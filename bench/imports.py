"""How long a guest list takes, from the first byte of the upload until its rows stand on the page.

`python bench/imports.py [--n 100000]`, one JSON line a run; n counts rows, msgs_per_s is rows a second. Each run is a
new instance with nothing but the demo: once as a program does it (one request), then the same file again (nothing may
change), then as a person does it (choose the file, look, import). The page with the list closes each.
"""

import argparse
import http.client
import json
import re
import time
from collections.abc import Callable

from harness import Peak, Sampler, cpu_seconds, family, report
from running import Instance

_FIELD = re.compile(r'name="csrf_token" value="([^"]+)"')
_STATUSES = ("invited", "confirmed", "declined", "")
_TAGS = ("vip", "press", "", "crew; staff")


def guest_list(n: int) -> bytes:
    """A CSV file of `n` guests with two names, status, tags and three columns of their own: 8.6 MB for 100 000."""
    rows = ["email,first name,last name,status,tags,Table,Company,City"]
    rows += [
        f"guest{i}@guests{i % 50}.example.net,First{i},Last{i % 997},{_STATUSES[i % 4]},{_TAGS[i % 4]},{i % 120},"
        f"Company {i % 333},Town {i % 77}"
        for i in range(n)
    ]
    return ("\n".join(rows) + "\n").encode()


class Browser:
    """One person or program: `ask` returns status, headers and body."""

    def __init__(self, it: Instance, **headers: str) -> None:
        self._port = it.port
        self._headers = headers

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, str, bytes]:
        """Status, Location, body. Raises RuntimeError for a refusal."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, body, {**self._headers, **({"Content-Type": kind} if kind else {})})
            answer = connection.getresponse()
            found = answer.status, answer.getheader("Location", ""), answer.read()
            if cookie := answer.getheader("Set-Cookie"):
                self._headers["Cookie"] = cookie.partition(";")[0]
        finally:
            connection.close()
        if found[0] >= 400:
            raise RuntimeError(f"{method} {path}: {found[0]} {found[2][:300]!r}")
        return found


def measured(name: str, n: int, it: Instance, play: Callable[[], None]) -> None:
    """One line: how long `play` took, and what it cost the web processes."""
    processes = family(it.web.pid)
    peak, before = Peak(it.web.pid), sum(map(cpu_seconds, processes))
    with Sampler(0.05, peak):
        began = time.perf_counter()
        play()
        seconds = time.perf_counter() - began
    report(name, n, seconds, sum(map(cpu_seconds, processes)) - before, peak.mb)


def by_program(it: Instance, n: int) -> None:
    """One request, and the same again."""
    data = guest_list(n)
    program = Browser(it, Authorization=f"Bearer {it.token}", Accept="application/json")
    person = Browser(it, Cookie=it.cookie(), Accept="text/html")
    person.ask("GET", it.path("guests"))

    def play(key: str) -> None:
        found = json.loads(program.ask("POST", it.path("guests/import"), data, "text/csv")[2])
        if found[key] != n or found["rejected"]:
            raise RuntimeError(f"{found | {'rejected': found['rejected'][:3]}}")
        if b"guest-row" not in person.ask("GET", it.path("guests"))[2]:
            raise RuntimeError("no row on the page")

    measured("imports/program", n, it, lambda: play("created"))
    measured("imports/program, again", n, it, lambda: play("unchanged"))


def by_person(it: Instance, n: int) -> None:
    """Choose the file, look at what would happen, import."""
    person = Browser(it, Cookie=it.cookie(), Accept="text/html")
    token = _FIELD.findall(person.ask("GET", it.path("guests/import"))[2].decode())[0]
    parts = {'name="csrf_token"': token.encode(), 'name="file"; filename="guests.csv"': guest_list(n)}
    head = b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
    body = b"".join(head % (b"BOUND", name.encode(), value) for name, value in parts.items()) + b"--BOUND--\r\n"
    pages: list[str] = []

    def choose() -> None:
        pages.append(person.ask("POST", it.path("guests/import"), body, "multipart/form-data; boundary=BOUND")[1])
        person.ask("GET", pages[0])

    def confirm() -> None:
        form = f"csrf_token={token}&action=import".encode()
        person.ask("POST", pages[0], form, "application/x-www-form-urlencoded")
        if b"guest-row" not in person.ask("GET", it.path("guests"))[2]:
            raise RuntimeError("no row on the page")

    measured("imports/person, look", n, it, choose)
    measured("imports/person, import", n, it, confirm)


def main() -> None:
    """One run of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    asked = parser.parse_args()
    for play in (by_program, by_person):
        with Instance(0) as it:
            play(it, asked.n)


if __name__ == "__main__":
    main()
