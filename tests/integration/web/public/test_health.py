"""What `/healthz` tells whom, and how often it writes for it."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from eventmail.db import db
from eventmail.domain.instance import health
from eventmail.settings import Settings
from tests.support.time import FrozenClock
from tests.support.web import Client

LITTLE = ["dry_run", "instance", "status"]
ALL = ["database", "dry_run", "due_backlog", "instance", "queue", "status", "version", "worker_age_s"]
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


def told(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return sorted(answer.json)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_program_of_this_box_is_told_everything(visitor: Client, address: str) -> None:
    assert told(visitor.get("/healthz", environ_overrides={"REMOTE_ADDR": address})) == ALL


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.7", "", "nonsense"])
def test_whoever_asks_from_elsewhere_is_told_little(visitor: Client, address: str) -> None:
    assert told(visitor.get("/healthz", environ_overrides={"REMOTE_ADDR": address})) == LITTLE


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"]
)
def test_a_proxy_of_this_box_asks_for_somebody_else(visitor: Client, name: str) -> None:
    assert told(visitor.get("/healthz", headers={name: "127.0.0.1"})) == LITTLE


def test_a_token_is_told_everything_and_a_wrong_one_little(api: Client, visitor: Client, client: Client) -> None:
    wrong = {"Authorization": "Bearer em_wrong"}
    assert told(api.get("/healthz", environ_overrides=ELSEWHERE)) == ALL
    assert told(visitor.get("/healthz", environ_overrides=ELSEWHERE, headers=wrong)) == LITTLE
    assert told(client.get("/healthz", environ_overrides=ELSEWHERE)) == LITTLE


def test_it_writes_at_most_once_in_five_seconds(app: Flask, visitor: Client, clock: FrozenClock) -> None:
    written: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda _c, _k, said, *_: written.append(said))
    asked = []
    for seconds in (0, 1, 3, 1, 4, 1):
        clock.advance(seconds=seconds)
        visitor.get("/healthz")
        asked.append(sum(said.startswith("UPDATE alembic_version") for said in written))
    assert asked == [1, 1, 1, 2, 2, 3]


def test_a_clock_that_is_put_back_does_not_make_it_blind(visitor: Client, clock: FrozenClock, monkeypatch: Any) -> None:
    visitor.get("/healthz")
    clock.advance(seconds=-3600)
    monkeypatch.setattr(health, "prove_writable", refuses)
    assert visitor.get("/healthz").status_code == 503


def test_a_database_that_can_not_be_written_is_said_to_strangers_too(
    visitor: Client, settings: Settings, monkeypatch: Any
) -> None:
    monkeypatch.setattr(health, "prove_writable", refuses)
    answer = visitor.get("/healthz", environ_overrides=ELSEWHERE)
    assert (answer.status_code, answer.json) == (
        503, {"status": "unavailable", "instance": settings.instance.name, "dry_run": True},
    )  # fmt: skip


def test_while_one_waits_for_the_database_the_others_do_not(
    app: Flask, visitor: Client, clock: FrozenClock, monkeypatch: Any
) -> None:
    """A stranger who asks again and again holds one thread, not all of them."""
    assert visitor.get("/healthz").status_code == 200
    clock.advance(seconds=6)
    asked, goes_on = threading.Event(), threading.Event()

    def waits() -> None:
        asked.set()
        goes_on.wait()

    monkeypatch.setattr(health, "prove_writable", waits)
    with ThreadPoolExecutor() as browsers:
        browsers.submit(lambda: app.test_client().get("/healthz"))
        try:
            assert asked.wait(30)
            assert browsers.submit(lambda: app.test_client().get("/healthz").status_code).result(30) == 200
        finally:
            goes_on.set()


def test_while_somebody_writes_what_was_found_before_counts_for_half_a_minute(
    visitor: Client, settings: Settings, clock: FrozenClock
) -> None:
    assert visitor.get("/healthz").status_code == 200
    with closing(sqlite3.connect(settings.instance / "app.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = []
        for seconds in (6, 23, 8):  # it met the writer at the first
            clock.advance(seconds=seconds)
            told.append(visitor.get("/healthz").status_code)
    clock.advance(seconds=6)
    assert (told, visitor.get("/healthz").status_code) == ([200, 200, 503], 200)


def test_a_monitor_that_asks_once_a_minute_and_meets_an_import_hears_no_fault(
    visitor: Client, settings: Settings, clock: FrozenClock
) -> None:
    assert visitor.get("/healthz").status_code == 200
    clock.advance(seconds=60)
    with closing(sqlite3.connect(settings.instance / "app.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert visitor.get("/healthz").status_code == 200


def test_a_start_while_somebody_writes_is_well_for_half_a_minute(
    visitor: Client, settings: Settings, clock: FrozenClock
) -> None:
    with closing(sqlite3.connect(settings.instance / "app.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = [visitor.get("/healthz").status_code]
        clock.advance(seconds=31)
        assert [*told, visitor.get("/healthz").status_code] == [200, 503]


def refuses() -> None:
    raise OperationalError("UPDATE", {}, Exception("attempt to write a readonly database"))
