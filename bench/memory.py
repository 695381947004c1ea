"""What web and worker hold: just started, after some thousand pages that 8 readers asked for, at rest again.

`python bench/memory.py [--n 20000] [--pages 2000]`, one JSON line each (PSS: shared pages are counted once). Time says
nothing here, so other work on the machine does no harm. Readers go through the pages of
an event in turn.
"""

import argparse
import http.client
import itertools
import threading
import time

from harness import memory_mb, report
from running import Instance

REST_SECONDS = 10  # after which a grown process has given way to a new one
BELOW = (
    "", "/guests", "/guests?q=guest12", "/guests?status=confirmed&page=7", "/guests/paste", "/guests/import",
    "/segments", "/segments/new", "/messages", "/mailings", "/suppressions", "/audit", "/settings", "/outbox",
)  # fmt: skip


def read(it: Instance, cookie: str, *, connections: int, pages: int) -> int:
    """Ask for `pages` pages by as many readers; how many answers were good."""
    numbers, good = itertools.count(), [0] * connections

    def reader(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", it.port, timeout=60)
        while (turn := next(numbers)) < pages:
            path = f"/admin/events/{it.event}{BELOW[turn % len(BELOW)]}"
            connection.request(
                "GET", path, headers={"Cookie": cookie, "Accept": "text/html", "Accept-Encoding": "gzip"}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            good[number] += 1
        connection.close()

    readers = [threading.Thread(target=reader, args=(number,)) for number in range(connections)]
    for thread in readers:
        thread.start()
    for thread in readers:
        thread.join()
    return sum(good)


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=8)
    asked = parser.parse_args()
    with Instance(asked.n) as it:
        report("memory/just started", 0, 0.0, None, memory_mb(it.web.pid, it.worker.pid))
        cookie = it.cookie()
        for pages in (asked.pages, 4 * asked.pages):
            count = read(it, cookie, connections=asked.connections, pages=pages)
            report("memory/after pages", count, 0.0, None, memory_mb(it.web.pid, it.worker.pid))
            time.sleep(REST_SECONDS)
            report("memory/at rest again", count, 0.0, None, memory_mb(it.web.pid, it.worker.pid))


if __name__ == "__main__":
    main()
