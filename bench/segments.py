"""How fast segments are counted, alone and as the audience of a message, on guests with many imported columns.

`python bench/segments.py [--n 100000] [--columns 200] [--rounds 9]`, one JSON line a figure; `seconds` is the median of
the rounds, each in a read transaction of its own, `cpu_s` the same of the processor, whatever else the machine does. A
field is asked of the guests themselves until a segment uses it (`first look`), and of its kept values from then on;
`save` builds those.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import report
from sqlalchemy import insert, select

from eventmail import clock, create_app
from eventmail.db import fresh, transaction
from eventmail.domain.audience import resolve, rule_readings, segments
from eventmail.domain.audience import rule as audience_rule
from eventmail.domain.events import edit
from eventmail.domain.guests import values as guest_values
from eventmail.domain.imports import run
from eventmail.models import Guest, GuestTag
from eventmail.records import Acting
from eventmail.settings import Settings

AT_ONCE = 10_000
_GUESTS: Any = Guest.__table__
_TAGS: Any = GuestTag.__table__
_WORDS = ("Berlin", "München", "Hamburg", "Köln", "Straße 5", "1,5", "2027-05-01", "12.03.2026", "ja", "")


def fill(n: int, columns: int, by: Acting) -> int:
    """An event with `n` guests: its id. One of fifty is a VIP, one of five from the press."""
    random.seed(1)
    with transaction() as tx:
        event_id = edit.add(tx, {"title": "Bench", "timezone": "Europe/Berlin"}, by).id
        guest_values.record_columns(tx, event_id, [f"column {k}" for k in range(columns)])
        for start in range(0, n, AT_ONCE):
            tx.execute(
                insert(_GUESTS), [_guest(event_id, i, columns, by) for i in range(start, min(n, start + AT_ONCE))]
            )
        ids = tx.scalars(select(Guest.id).where(Guest.event_id == event_id).order_by(Guest.id)).all()[::5]
        tags = [{"guest_id": guest, "tag": "VIP" if i % 10 == 0 else "press"} for i, guest in enumerate(ids)]
        tx.execute(insert(_TAGS), tags)
    return event_id


def _guest(event_id: int, i: int, columns: int, by: Acting) -> dict[str, Any]:
    email = f"guest{i}@example.org"
    values = {f"column {k}": text for k in range(columns) if (text := random.choice(_WORDS))}
    return {
        "event_id": event_id, "email": email, "address": email, "reserved": False, "first_name": f"Grüße {i % 5000}",
        "last_name": f"Last {i}", "status": ("invited", "confirmed", "confirmed", "declined")[i % 4],
        "attributes": values, "search_key": f"last {i} {email}", "created_at": by.now, "updated_at": by.now,
    }  # fmt: skip


def timed(name: str, n: int, rounds: int, call: Callable[[], Any], **extras: Any) -> None:
    """One line: the median of the rounds, after one that warms up."""
    took, cpu = [], []
    for _ in range(rounds + 1):
        fresh().rollback()
        began, burnt = time.perf_counter(), time.process_time()
        call()
        took.append(time.perf_counter() - began)
        cpu.append(time.process_time() - burnt)
    report(f"segments/{name}", n, statistics.median(took[1:]), statistics.median(cpu[1:]), None, **extras)


def measure(event_id: int, n: int, columns: int, rounds: int, by: Acting) -> None:
    """Each rule: the first look, the save, the count in the list, and two audiences with it."""
    asked = {
        "tag": ("tag", "is", "vip"),
        "status": ("status", "is", "confirmed"),
        "first name": ("first_name", "contains", "ß"),
    } | ({
        "column is": ("column 0", "is", "münchen"),
        "column is a number": ("column 0", "is", "1.50"),
        "column is a day": ("column 0", "is", "1.5.2027"),
        "column contains": (f"column {columns // 2}", "contains", "e"),
        "column number": (f"column {columns - 1}", "greater", "1"),
        "column date": (f"column {columns - 1}", "before", "2027-01-01"),
    } if columns else {})  # fmt: skip
    for name, (field, op, value) in asked.items():
        rule = {"all": [{"field": field, "op": op, "value": value}]}
        read = audience_rule.parse(rule, segments.fields(event_id))
        timed(f"first look/{name}", n, 1, lambda read=read: segments.live(event_id, read, []))  # type: ignore[misc]
        began, burnt = time.perf_counter(), time.process_time()
        made = segments.create(event_id, {"name": name, "rule": rule}, by)
        report(f"segments/save/{name}", n, time.perf_counter() - began, time.process_time() - burnt, None)
        timed(f"how it is read/{name}", n, rounds, lambda made=made: rule_readings.of_segment(event_id, made))  # type: ignore[misc]
        found = segments.get(event_id, made).count
        timed(f"count/{name}", n, rounds, lambda made=made: segments.get(event_id, made), found=found)  # type: ignore[misc]
        for kind, criteria in (
            ("audience", {"segments": [str(made)]}),
            ("left out", {"statuses": ["confirmed", "invited"], "exclude_segments": [str(made)]}),
        ):
            picked = resolve.checked(event_id, criteria, outside=True)
            count = resolve.resolve(fresh(), picked).count
            timed(f"{kind}/{name}", n, rounds, lambda picked=picked: resolve.resolve(fresh(), picked), found=count)  # type: ignore[misc]
    timed("every count of the picker", n, rounds, lambda: segments.everyone(event_id), found=len(asked))


def importing(event_id: int, n: int, by: Acting) -> None:
    """An import of `n` rows into an event where segments use three fields, which triggers keep."""
    rows = "".join(f"new{i}@example.net,Ñu {i},Mü {i},München\n" for i in range(n))
    began, burnt = time.perf_counter(), time.process_time()
    done = run.run(event_id, f"email,first name,last name,column 0\n{rows}".encode(), by)
    report("segments/import with kept fields", n, time.perf_counter() - began, time.process_time() - burnt, None,
           created=done.created)  # fmt: skip


def main() -> None:
    """One run on a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eventmail-bench-") as folder:
        app = create_app(Settings(instance=Path(folder)))
        with app.app_context():
            by = Acting(None, "bench", "bench", clock.now())
            event_id = fill(chosen.n, chosen.columns, by)
            measure(event_id, chosen.n, chosen.columns, chosen.rounds, by)
            if chosen.columns:
                empty = fill(1, 1, by)
                for field in ("column 0", "first_name", "last_name"):
                    rule = {"all": [{"field": field, "op": "is_not_empty"}]}
                    segments.create(empty, {"name": field, "rule": rule}, by)
                importing(empty, chosen.n, by)


if __name__ == "__main__":
    main()
