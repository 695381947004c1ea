"""What a request may say about where the application stands, and what the answers say to browsers."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from eventmail import create_app
from eventmail.db import db
from eventmail.settings import Settings
from tests.support.seeding import PASSWORD, Person
from tests.support.web import Client, csrf_token_in, error_code, signed_in, words

HTTPS = "https://mail.example.org"


@pytest.fixture
def behind_https(settings: Settings, organizer: Person) -> Iterator[Flask]:
    """The same instance, reached through a proxy with TLS."""
    made = create_app(settings.model_copy(update={"base_url": HTTPS, "proxies": 1}))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("poison", [{"SCRIPT_NAME": "/evil"}, {"HTTP_X_SCRIPT_NAME": "/evil"}, {"HTTP_HOST": "evil"}])
def test_one_request_changes_nothing_for_the_next(app: Flask, visitor: Client, poison: dict[str, str]) -> None:
    visitor.get("/sign-in", headers={"Accept": "text/html"}, environ_overrides=poison)
    page = app.test_client().get("/sign-in", headers={"Accept": "text/html"}).text
    assert ("evil" in page, 'href="/static/css/app.css?v=' in page) == (False, True)


@pytest.mark.parametrize("host", ["mail.example.org", "10.0.0.3:8000"])
@pytest.mark.parametrize("referrer", [{}, {"Referer": f"{HTTPS}/sign-in"}, {"Referer": f"{HTTPS}:443/"}])
def test_signing_in_behind_https_needs_no_referrer_and_no_port(
    behind_https: Flask, organizer: Person, host: str, referrer: dict[str, str]
) -> None:
    browser = behind_https.test_client()
    reached: Any = {"base_url": f"https://{host}", "headers": {"Accept": "text/html", **referrer}}
    token = csrf_token_in(browser.get("/sign-in", **reached))
    form = {"csrf_token": token, "email": organizer.email, "password": PASSWORD}
    answer = browser.post("/sign-in", data=form, **reached)
    assert (answer.status_code, answer.location) == (303, "/admin/events")


def test_https_keeps_the_cookie_to_this_host_and_browsers_to_https(behind_https: Flask) -> None:
    answer = behind_https.test_client().get("/sign-in", base_url=HTTPS, headers={"Accept": "text/html"})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-eventmail=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_http_has_a_cookie_that_http_can_send(visitor: Client) -> None:
    answer = visitor.get("/sign-in", headers={"Accept": "text/html"})
    assert answer.headers["Set-Cookie"].startswith("eventmail=")
    assert "Strict-Transport-Security" not in answer.headers


def test_a_form_without_the_cookie_says_so(visitor: Client, organizer: Person) -> None:
    token = visitor.csrf_token()
    answer = Client(visitor.application).post(
        "/sign-in", data={"csrf_token": token, "email": organizer.email, "password": PASSWORD}
    )
    assert (answer.status_code, error_code(answer)) == (403, ["CSRF_FAILED"])
    assert "Your browser did not send its cookie." in words(answer)
    assert "open too long" not in words(answer)


def test_a_form_of_another_browser_does_not_say_that_it_was_open_too_long(app: Flask, visitor: Client) -> None:
    other: Any = app.test_client()
    other.csrf_token()
    answer = other.post("/sign-in", data={"csrf_token": visitor.csrf_token(), "email": "a@b.example", "password": "x"})
    assert (answer.status_code, error_code(answer), signed_in(other)) == (403, ["CSRF_FAILED"], False)
    assert "It was opened before you signed in or out, or in another browser." in words(answer)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("DELETE", "/sign-in", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/webhooks/generic", "OPTIONS, POST"),
        ("POST", "/static/css/app.css", "GET, HEAD, OPTIONS"),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_wrong_method_is_told_the_right_ones(
    visitor: Client, method: str, path: str, allowed: str, accept: str
) -> None:
    answer = visitor.open(path, method=method, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
@pytest.mark.parametrize("path", ["/sign-in", "/forgotten", "/unsubscribe/preview", "/unsubscribe/1-x"])
def test_strangers_may_send_64_kb(visitor: Client, path: str, size: int) -> None:
    answer = visitor.post(path, data=b"x" * size, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code == 413) == (size > 64 * 1024)
