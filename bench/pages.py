"""How fast pages answer, at rest and while a send runs at full speed, and how much they transfer.

`python bench/pages.py [--n 20000] [--seconds 4] [--connections 8]`, one JSON line a page; n counts requests,
msgs_per_s is requests a second. At rest every connection asks again at once (wrk, if installed, else threads of this
process). During a send each asks twice a second, as people who look on do, so that the send keeps its speed. Every
page was asked for before, so that no template is compiled under the clock.
"""

import argparse
import gzip
import http.client
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial

from harness import Peak, cpu_seconds, family, memory_mb, percentile, report, wait_for
from running import Instance
from smtp_tools import CountingSink, Missing

from eventmail import signing
from eventmail.domain.terms import SendingTerms, unsubscribe_url

PAUSE_SECONDS = 0.5
_ASSET = re.compile(rb'(?:href|src)="(/static/[^"]+\.(?:css|js|mjs|woff2|svg)[^"]*)"')
_WRK_DONE = """done = function(summary, latency)
  io.write(string.format("RESULT %d %d %.3f %.3f\\n", summary.requests,
    summary.errors.status + summary.errors.read + summary.errors.timeout, latency:percentile(50) / 1000,
    latency:percentile(95) / 1000))
end
"""
Headers = dict[str, str]
Times = tuple[int, float, float, float]  # requests, seconds, median and 95th percentile in ms


def ask_again(port: int, path: str, headers: Headers, *, connections: int, seconds: float, pause: float = 0.0) -> Times:
    """Threads of this process that ask for `path` until the time is up."""
    took: list[float] = []

    def person(number: int) -> None:
        time.sleep(pause * number / connections)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.perf_counter() < end:
            began = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            took.append(1000 * (time.perf_counter() - began))
            time.sleep(max(0.0, pause - took[-1] / 1000))
        connection.close()

    began = time.perf_counter()
    end = began + seconds
    people = [threading.Thread(target=person, args=(number,)) for number in range(connections)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    return len(took), time.perf_counter() - began, percentile(took, 0.5), percentile(took, 0.95)


def wrk(port: int, path: str, headers: Headers, *, connections: int, seconds: float) -> Times:
    """The same by wrk, without a pause."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_WRK_DONE)
        script.flush()
        given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s", "-s", script.name]
        said = subprocess.run(
            [*command, *given, f"http://127.0.0.1:{port}{path}"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    requests, errors, median, slow = re.findall(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+)", said)[0]
    if int(errors):
        raise RuntimeError(f"{path}: {errors} of {requests} failed")
    return int(requests), float(max(1, round(seconds))), float(median), float(slow)


def sizes(port: int, path: str, headers: Headers, *, assets: bool = False) -> dict[str, object]:
    """Bytes of the answer as sent when gzip is welcome, and as it would be compressed; `assets`: all it links, too."""
    body, sent, encoding = _fetched(port, path, {**headers, "Accept-Encoding": "gzip"})
    links = sorted({found.decode() for found in _ASSET.findall(body)}) if assets else []
    found = {"transfer_kb": sent / 1024, "gz_kb": len(gzip.compress(body)) / 1024, "compressed": encoding == "gzip"}
    if assets:
        others = [_fetched(port, link, {"Accept-Encoding": "gzip"}) for link in links]
        found["with_assets_transfer_kb"] = (sent + sum(sent for _, sent, _ in others)) / 1024
        packed = sum(len(gzip.compress(data)) for data in (body, *(data for data, _, _ in others)))
        found["with_assets_gz_kb"] = packed / 1024
    return found


def _fetched(port: int, path: str, headers: Headers) -> tuple[bytes, int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        sent, encoding = answer.read(), answer.getheader("Content-Encoding", "")
    finally:
        connection.close()
    return gzip.decompress(sent) if encoding == "gzip" else sent, len(sent), encoding


class Pages:
    """The pages of one instance under measurement."""

    def __init__(self, it: Instance, connections: int, seconds: float) -> None:
        self._it = it
        self._connections = connections
        self._seconds = seconds
        self._html = {"Cookie": it.cookie(), "Accept": "text/html"}
        self._partial = {**self._html, "HX-Request": "true", "HX-Request-Type": "partial"}

    def listed(self, mailing_id: str) -> dict[str, tuple[str, Headers]]:
        """Path and headers of each, by name."""
        return {
            "tracker fragment": (self._it.path(f"messages/{mailing_id}"), self._partial),
            "guests, 50 rows": (self._it.path("guests"), self._html),
            "recipients, 50 rows": (self._it.path(f"mailings/{mailing_id}"), self._html),
            "message editor": (self._it.path("messages"), self._html),
            "a guest's page": (self._guests_page, {"Accept": "text/html"}),
        }

    def warm(self) -> None:
        """Send one mail, and ask for each page until every web process has seen it."""
        guest = self._it.rows("SELECT id FROM guest WHERE address = 'guest1@example.com'")[0][0]
        first = self._it.send(guests=[str(guest)])
        wait_for(lambda: self._it.mailing(first["id"])["state"] == "finished", 60, "the first mail")
        [(recipient,)] = self._it.rows("SELECT id FROM recipient")
        secret = signing.instance_secret(self._it.folder / "secret.key")
        self._guests_page = unsubscribe_url(recipient, SendingTerms("", secret, outside=True))
        for path, headers in self.listed(first["id"]).values():
            ask_again(self._it.port, path, headers, connections=self._connections, seconds=1)

    def measure(self, mailing_id: str, *, sending: bool) -> None:
        """One line a page."""
        for name, (path, headers) in self.listed(mailing_id).items():
            processes = family(self._it.web.pid)
            peak, before = Peak(self._it.web.pid), sum(map(cpu_seconds, processes))
            with_wrk = not sending and shutil.which("wrk") is not None
            ask = wrk if with_wrk else partial(ask_again, pause=PAUSE_SECONDS if sending else 0.0)
            count, seconds, median, slow = ask(
                self._it.port, path, headers, connections=self._connections, seconds=self._seconds
            )
            cpu = sum(map(cpu_seconds, processes)) - before
            peak()
            extras: dict[str, object] = {"p50_ms": median, "p95_ms": slow, "connections": self._connections}
            if sending:
                extras["still_sending"] = self._it.mailing(mailing_id)["state"] == "sending"
            else:
                extras |= {"client": "wrk" if with_wrk else "threads"}
                extras |= sizes(self._it.port, path, headers, assets=name == "message editor")
            report(f"pages/{name}/{'sending' if sending else 'rest'}", count, seconds, cpu, peak.mb, **extras)


def run(n: int, connections: int, seconds: float) -> None:
    """Memory at rest, the pages during a send, the pages at rest."""
    with CountingSink() as sink, Instance(n, sink.port) as it:
        pages = Pages(it, connections, seconds)
        pages.warm()
        report("pages/web and worker at rest", 0, 0.0, None, memory_mb(it.web.pid, it.worker.pid))
        sent = it.send()
        wait_for(lambda: sink.count() > 1, 30, "the first mail")
        pages.measure(sent["id"], sending=True)
        wait_for(lambda: it.mailing(sent["id"])["state"] == "finished", 300, "the end of the send", 0.5)
        pages.measure(sent["id"], sending=False)


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=8)
    asked = parser.parse_args()
    try:
        run(asked.n, asked.connections, asked.seconds)
    except Missing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
