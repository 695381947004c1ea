"""A burst of signed reports of a mail service, each about another address: every one counted once, pages go on.

`python bench/reports.py [--n 10000]`; one JSON line. Eight connections post as fast as they are answered. Ends with 1
when a report was refused, lost or counted twice.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import secrets
import sqlite3
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from harness import report
from running import Instance

CONNECTIONS = 8
KEY = secrets.token_bytes(24)


def main() -> int:
    """Measure one burst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    n = parser.parse_args().n
    with Instance(0, EVENTMAIL_WEBHOOK_SECRET_GENERIC="whsec_" + base64.b64encode(KEY).decode()) as running:
        begin = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as posting:
            told = list(posting.map(lambda part: _post(running.port, part, n), range(CONNECTIONS)))
        seconds = time.perf_counter() - begin
        statuses = sum((part[0] for part in told), Counter())
        waits = sorted(wait for part in told for wait in part[1])
        with sqlite3.connect(running.folder / "app.sqlite") as database:
            [(events,)] = database.execute("SELECT count(*) FROM email_event WHERE provider = 'generic'")
            [(listed,)] = database.execute("SELECT count(*) FROM suppression WHERE reason = 'complaint'")
    p95 = statistics.quantiles(waits, n=20)[-1] * 1000
    right = statuses == Counter({200: n + n // 10}) and (events, listed) == (n, n)
    extras = {"statuses": dict(statuses), "counted": events, "listed": listed, "right": right}
    report("reports", n, seconds, None, None, p95_ms=round(p95, 1), **extras)
    return int(not right)


def _post(port: int, part: int, n: int) -> tuple[Counter[int], list[float]]:
    """Every CONNECTIONS-th report, each tenth of them twice: statuses and seconds each."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    statuses: Counter[int] = Counter()
    waits = []
    for number in range(part, n, CONNECTIONS):
        for _ in range(2 if number % 10 == 0 else 1):
            data = {"email": f"g{number}@guests.example.net"}
            body, headers = _signed(f"msg_{number}", {"type": "complaint", "data": data})
            begin = time.perf_counter()
            connection.request("POST", "/webhooks/generic", body, headers)
            answer = connection.getresponse()
            answer.read()
            waits.append(time.perf_counter() - begin)
            statuses[answer.status] += 1
    connection.close()
    return statuses, waits


def _signed(name: str, told: object) -> tuple[bytes, dict[str, str]]:
    body, timestamp = json.dumps(told).encode(), str(int(time.time()))
    signature = hmac.digest(KEY, f"{name}.{timestamp}.".encode() + body, hashlib.sha256)
    return body, {
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        "Content-Type": "application/json",
    }


if __name__ == "__main__":
    raise SystemExit(main())
