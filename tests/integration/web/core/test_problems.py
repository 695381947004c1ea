"""Refusals: every error in its three forms, nothing for strangers, and never a 5xx for what comes in."""

import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from eventmail.db import db
from eventmail.domain.guests import edit
from eventmail.domain.terms import SendingTerms
from tests.support.budgets import budget
from tests.support.web import Client, partial

SECRET = "zz-secret-zz"
PLACE = SendingTerms("https://mail.organizers.example", b"s" * 32, outside=False)


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    body: Any = answer.json
    assert (body["status"], body["instance"]) == (answer.status_code, answer.request.path)
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return answer.status_code, body["code"]


# One error, three forms


REFUSALS: list[tuple[str, dict[str, Any], int, str]] = [
    ("messages/review", {"statuses": "confirmed", "subject": "", "body": "x"}, 400, "INVALID_INPUT"),
    ("messages/review", {"statuses": "confirmed", "subject": "x", "body": "{a.b}"}, 400, "UNRESOLVED_TOKEN"),
    ("messages/review", {"subject": "x", "body": "x"}, 400, "INVALID_AUDIENCE"),
    ("messages/review", {"statuses": "confirmed", "subject": "x", "body": "x"}, 409, "NO_RECIPIENTS"),
    ("messages", {"statuses": "confirmed", "subject": "x", "body": "x"}, 400, "IDEMPOTENCY_KEY_REQUIRED"),
    ("mailings/999", {}, 405, "METHOD_NOT_ALLOWED"),
    ("nothing", {}, 404, "NOT_FOUND"),
]


@pytest.mark.parametrize(("path", "form", "status", "code"), REFUSALS)
def test_a_refusal_says_the_same_as_json_fragment_and_page(
    client: Client, event_id: int, path: str, form: dict[str, Any], status: int, code: str
) -> None:
    url = f"/admin/events/{event_id}/{path}"
    by_json = client.submit(url, form, headers={"Accept": "application/json"})
    part, page = client.submit(url, form, headers=partial()), client.submit(url, form)
    assert problem(by_json) == (status, code)
    for answer in (part, page):
        assert answer.status_code == status
        assert re.findall(r'data-error-code="([A-Z_]+)"', answer.text)[0] == code
    assert ("<html" in part.text, "<html" in page.text) == (False, True)
    assert {answer.headers["Vary"] for answer in (by_json, part, page)} == {by_json.headers["Vary"]}


# A database that refuses


def refusing(number: int) -> Callable[..., None]:
    """A command whose statement SQLite refuses with this code."""
    told = sqlite3.OperationalError("SQLite says no")
    told.sqlite_errorcode = number

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, told)

    return refuse


REFUSED = [
    (sqlite3.SQLITE_BUSY, "BUSY", "5"),
    (sqlite3.SQLITE_BUSY_SNAPSHOT, "BUSY", "5"),
    (sqlite3.SQLITE_FULL, "DISK_FULL", "30"),
    (sqlite3.SQLITE_READONLY, "UNAVAILABLE", "30"),
    (sqlite3.SQLITE_IOERR_WRITE, "UNAVAILABLE", "30"),
    (sqlite3.SQLITE_CANTOPEN, "UNAVAILABLE", "30"),
]


@pytest.mark.parametrize(("number", "code", "after"), REFUSED)
def test_a_database_that_refuses_is_503_in_words_with_what_was_typed(
    client: Client, event_id: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    number: int, code: str, after: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(edit, "add", refusing(number))
    url, form = f"/admin/events/{event_id}/guests", {"email": "typed@guests.example.net"}
    by_json = client.submit(url, form, headers={"Accept": "application/json"})
    part, page = client.submit(url, form, headers=partial()), client.submit(url, form)

    assert problem(by_json) == (503, code)
    assert "Nothing was changed or sent." in str(by_json.json)
    for answer in (by_json, part, page):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, after)
    for answer in (part, page):
        assert re.findall(r'data-error-code="([A-Z_]+)"', answer.text)[0] == code
    assert "typed@guests.example.net" in page.text
    assert caplog.text.count("the database refused: SQLite says no") == 3


def test_a_database_that_can_not_even_be_read_has_a_page_too(
    app: Flask, client: Client, event_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = app.extensions["settings"].database
    token = client.csrf_token()

    def lost(*_: object, **__: object) -> None:
        db.session.remove()
        db.engine.dispose()
        path.rename(path.with_suffix(".away"))
        path.mkdir()
        refusing(sqlite3.SQLITE_IOERR)()

    monkeypatch.setattr(edit, "add", lost)
    url, form = f"/admin/events/{event_id}/guests", {"email": "typed@guests.example.net", "csrf_token": token}
    while_it_goes, afterwards = client.post(url, data=form), client.post(url, data=form)
    for answer in (while_it_goes, afterwards):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert re.findall(r'data-error-code="([A-Z_]+)"', answer.text) == ["UNAVAILABLE"]


def test_a_statement_that_is_wrong_is_our_fault_and_no_busy_database(
    client: Client, event_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit, "add", refusing(sqlite3.SQLITE_ERROR))
    url, form = f"/admin/events/{event_id}/guests", {"email": "typed@guests.example.net"}
    by_json = client.submit(url, form, headers={"Accept": "application/json"})
    assert problem(by_json) == (500, "INTERNAL_SERVER_ERROR")
    assert "Retry-After" not in by_json.headers


def test_a_form_that_meets_what_broke_its_request_gives_way_to_the_page_of_the_error(
    app: Flask, client: Client, event_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    url, form = f"/admin/events/{event_id}/guests", {"email": "typed@guests.example.net"}
    monkeypatch.setattr(edit, "add", Mock(side_effect=RuntimeError("once")))
    shown = client.submit(url, form)
    monkeypatch.setattr(edit, "columns", Mock(side_effect=RuntimeError("here too")))
    broken = client.submit(url, form)
    for answer in (shown, broken):
        assert answer.status_code == 500
        assert re.findall(r'data-error-code="([A-Z_]+)"', answer.text)[0] == "INTERNAL_SERVER_ERROR"
    assert ("typed@guests.example.net" in shown.text, "once" in shown.text + broken.text) == (True, False)


# Whatever comes in


ODD = st.sampled_from(["", "\x00", "\ud800", "a\x00b", "confirmed", "{guest.firstName}", "{", "}{", "9" * 5000, "'; --",
                       "<script>", "\u202e", "😀", "x" * 2000, "none", ":::button", "[x](javascript:1)"])  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | ODD | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3), max_leaves=6
)
AUDIENCES = VALUES | st.fixed_dictionaries(
    {}, optional={name: st.lists(SCALARS | st.just("1"), max_size=3) | VALUES
                  for name in ("statuses", "segments", "guests", "exclude_segments")},
)  # fmt: skip
MAILINGS = st.fixed_dictionaries(
    {},
    optional={"kind": st.just("one_time") | VALUES, "subject": ODD | VALUES, "preheader": ODD, "body": ODD | VALUES,
              "audience": st.just({"statuses": ["confirmed"]}) | AUDIENCES, "dry_run": st.booleans() | VALUES},
) | VALUES  # fmt: skip
GUESTS = (
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("email", "first_name", "last_name", "status", "tags", "attributes"), ODD | VALUES),
    )
    | VALUES
)
fuzz = settings(max_examples=budget(80), suppress_health_check=[HealthCheck.function_scoped_fixture])


def posted(api: Any, url: str, body: object) -> int:
    headers = {"Idempotency-Key": "fuzz"}
    answer = api.post(url, data=json.dumps(body), content_type="application/json", headers=headers)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert problem(answer)[0] == answer.status_code
    return answer.status_code


@fuzz
@given(MAILINGS)
def test_no_body_of_a_mailing_breaks_anything(api: Any, event_id: int, body: object) -> None:
    assert posted(api, f"/admin/events/{event_id}/mailings", body) in {200, 400, 409}


@fuzz
@given(AUDIENCES)
def test_no_body_of_an_audience_breaks_anything(api: Any, event_id: int, body: object) -> None:
    assert posted(api, f"/admin/events/{event_id}/audience-previews", {"audience": body}) in {200, 400}


@fuzz
@given(GUESTS)
def test_no_body_of_a_guest_breaks_anything(api: Any, event_id: int, body: object) -> None:
    assert posted(api, f"/admin/events/{event_id}/guests", body) in {201, 400}


@pytest.mark.parametrize("path", ["mailings", "audience-previews", "guests"])
@pytest.mark.parametrize("size", [0, 3_000_000])
def test_an_empty_and_a_huge_body_are_refused(api: Any, event_id: int, path: str, size: int) -> None:
    url = f"/admin/events/{event_id}/{path}"
    for kind in (
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = api.post(url, data=b"x" * size, content_type=kind, headers={"Idempotency-Key": "k"})
        assert problem(answer)[0] in {400, 413, 415}


def test_a_wrong_form_for_a_guest_who_is_not_there_is_still_404(client: Client, event_id: int) -> None:
    answer = client.submit(f"/admin/events/{event_id}/guests/999", {"nonsense": "x"})
    assert (answer.status_code, re.findall(r'data-error-code="([A-Z_]+)"', answer.text)) == (404, ["NOT_FOUND"])
