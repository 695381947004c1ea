"""What every answer carries: headers, an id, and nothing of the inside."""

import contextlib
import re
import sqlite3
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from eventmail.db import fresh
from eventmail.models import Event
from eventmail.settings import Settings
from eventmail.web.core.access import HEADERS
from tests.support.seeding import Person
from tests.support.web import Client, error_code, partial, problem

EVENTS = "/admin/events"


@pytest.fixture
def every_kind(client: Client, api: Any, visitor: Client, event_id: int) -> dict[str, TestResponse]:
    """One answer of every kind."""
    return {
        "page": client.get(EVENTS),
        "json": api.get(EVENTS),
        "created": api.post(EVENTS, json={"title": "Ball", "timezone": "UTC"}),
        "redirect": visitor.get(EVENTS),
        "sign-in": visitor.get("/sign-in"),
        "health": visitor.get("/healthz"),
        "refused page": client.submit(EVENTS, {"title": ""}),
        "refused json": api.post(EVENTS, json={}),
        "refused fragment": client.submit(EVENTS, {"title": ""}, headers=partial()),
        "not found": client.get(f"{EVENTS}/99"),
        "unknown address": visitor.get("/nowhere"),
        "wrong method": api.delete(EVENTS),
        "no csrf token": client.post(EVENTS),
        "static": visitor.get("/static/css/app.css"),
        "no static file": visitor.get("/static/none.css"),
    }


def test_security_headers_are_on_every_kind_of_answer(every_kind: dict[str, TestResponse]) -> None:
    wrong = {
        (kind, name)
        for kind, answer in every_kind.items()
        for name, value in {**HEADERS, "X-Frame-Options": "DENY"}.items()
        if answer.headers.getlist(name) != [value]
    }
    assert wrong == set()


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'self'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
        "frame-src": "'self'", "object-src": "'none'", "base-uri": "'none'", "form-action": "'self'",
        "frame-ancestors": "'none'",
    }  # fmt: skip


def test_caches_tell_the_three_answers_of_one_url_apart(every_kind: dict[str, TestResponse]) -> None:
    vary = {
        kind: {part.strip() for part in answer.headers["Vary"].split(",")} - {"Cookie", "Accept-Encoding"}
        for kind, answer in every_kind.items()
        if "static" not in kind
    }
    assert vary == {kind: {"Accept", "HX-Request", "HX-Request-Type"} for kind in vary}
    assert {kind: every_kind[kind].headers["Cache-Control"] for kind in vary} == dict.fromkeys(vary, "no-store")


@pytest.mark.parametrize("given", ["trace-17.a_B", "req_aaaaaaaaaaaa", "<script>"])
def test_a_request_id_that_somebody_sends_is_not_taken(
    app: Flask, client: Client, api: Client, caplog: pytest.LogCaptureFixture, given: str
) -> None:
    """It would stand in the log, in the audit and in every mail's id for a request of somebody else."""
    sent = {"X-Request-Id": given}
    answers: list[Any] = [client.get(EVENTS, headers=sent), api.get(f"{EVENTS}/99", headers=sent)]
    assert not any(given in f"{answer.headers}{answer.text}" for answer in answers)
    assert answers[1].json["request_id"] == answers[1].headers["X-Request-Id"]


def test_every_request_has_an_id_of_its_own(every_kind: dict[str, TestResponse]) -> None:
    given = [answer.headers["X-Request-Id"] for answer in every_kind.values()]
    assert [name for name in given if not re.fullmatch(r"req_[a-z0-9]{12}", name)] == []
    assert len(set(given)) == len(given)


def test_an_error_inside_shows_nothing_of_itself(
    app: Flask, client: Client, api: Any, writing: Any, event_id: int
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with writing() as tx:
        tx.execute(update(Event).values(timezone="Nowhere/Gone"))
    page, data = client.get(f"{EVENTS}/{event_id}/audit"), api.get(f"{EVENTS}/{event_id}")
    assert problem(data) == (500, "INTERNAL_SERVER_ERROR")
    assert (page.status_code, error_code(page)) == (500, ["INTERNAL_SERVER_ERROR"])
    assert [text for text in ("Nowhere/Gone", "Traceback", "zoneinfo") if text in page.text + data.text] == []
    assert data.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_a_database_that_does_not_answer_is_503_and_says_that_nothing_changed(
    app: Flask, api: Any, settings: Settings, count: Any
) -> None:
    with app.app_context():  # the pool's one connection waits no longer than this
        fresh().connection().exec_driver_sql("PRAGMA busy_timeout=1")
    with contextlib.closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = api.post(EVENTS, json={"title": "Ball", "timezone": "UTC"})
    assert problem(answer) == (503, "BUSY")
    assert "Nothing was changed" in answer.json["detail"]
    assert count(Event) == 0


def test_pages_are_read_while_somebody_else_writes(
    app: Flask, client: Client, client_for: Any, owner: Person, event_id: int, settings: Settings
) -> None:
    typed = {"subject": "Doors", "body": "Hi", "statuses": "confirmed", "page_mark": "p"}
    led = client.submit(f"{EVENTS}/{event_id}/messages/drafts", typed)
    composer, boss = led.headers["Location"], client_for(owner)
    client.get(composer)  # what is looked at for the first time is kept
    with app.app_context():
        fresh().connection().exec_driver_sql("PRAGMA busy_timeout=1")
    with contextlib.closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        pages = {path: client.get(path).status_code for path in (composer, f"{EVENTS}/{event_id}/guests")}
        pages["sending"] = boss.get("/admin/settings/sending").status_code
        health = client.get("/healthz").status_code
    assert pages == {composer: 200, f"{EVENTS}/{event_id}/guests": 200, "sending": 200}
    assert health == 200  # somebody who writes is no fault for half a minute
