"""Who gets in, and what every answer carries."""

import contextlib
import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from eventmail.db import fresh
from eventmail.domain import links
from eventmail.models import ApiToken, Event, LoginSession, SignInLink, User
from eventmail.settings import Settings
from eventmail.web.access import HEADERS
from tests.support import seeding
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.time import FrozenClock
from tests.support.web import Client, csrf_token_in, partial

EVENTS = "/admin/events"
JSON = {"Accept": "application/json"}
WEIRD = [
    "0",
    "-1",
    "+1",
    "01",
    "9999999999999999999999",
    "9223372036854775808",
    "abc",
    "%00",
    "1%00",
    "%20",
    "1.0",
    "١",
]


@pytest.fixture
def link(app: Flask, organizer: Person) -> str:
    """The path of a one-time link for the organizer."""
    with app.app_context():
        return f"/sign-in/{links.issue(organizer.email, acting())}"


@pytest.fixture
def first_link(app: Flask) -> str:
    with app.app_context():
        return f"/sign-in/{links.issue_first(acting())}"


def signed_in(client: Client) -> bool:
    return client.get(EVENTS).status_code == 200


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a problem+json answer, whose body agrees with its status line."""
    assert answer.content_type == "application/problem+json"
    body: Any = answer.json
    assert body["status"] == answer.status_code
    assert {"code", "detail", "errors", "instance", "request_id", "status", "title", "type"} <= set(body)
    return answer.status_code, body["code"]


def words(answer: TestResponse) -> str:
    """The page's text, without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def error_code(answer: TestResponse) -> list[str]:
    return re.findall(r'data-error-code="([A-Z_]+)"', answer.text)


# Signing in and out


def test_a_one_time_link_signs_in_and_leads_to_the_events(visitor: Client, link: str) -> None:
    answer = visitor.get(link)
    assert (answer.status_code, answer.location) == (303, EVENTS)
    assert signed_in(visitor)


def test_a_one_time_link_works_once(app: Flask, visitor: Client, link: str, client_for: Any) -> None:
    visitor.get(link)
    second = app.test_client()
    answer = second.get(link, headers={"Accept": "text/html"})
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
    assert "A sign-in link works once and only for a short time." in words(answer)
    assert second.get(EVENTS).status_code == 303


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch"}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
    ],
)
def test_looking_ahead_does_not_spend_a_link(
    method: str, headers: dict[str, str], visitor: Client, link: str, rows: Callable[..., Any]
) -> None:
    assert visitor.open(link, method=method, headers=headers).status_code == 204
    assert [row.used_at for row in rows(SignInLink)] == [None]
    assert not signed_in(visitor)
    visitor.get(link)
    assert signed_in(visitor)


def test_a_link_that_is_too_old_says_how_to_get_another(
    visitor: Client, organizer: Person, app: Flask, clock: FrozenClock
) -> None:
    with app.app_context():
        token = links.issue(organizer.email, acting())
    clock.advance(hours=1)
    answer = visitor.get(f"/sign-in/{token}")
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
    assert "Ask an owner for a new one, run “eventmail signin ADDRESS”, or sign in with your password." in words(answer)


def test_address_and_password_sign_in(visitor: Client, organizer: Person) -> None:
    answer = visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, EVENTS)
    assert signed_in(visitor)


def test_a_wrong_password_keeps_the_address_and_says_nothing_about_it(visitor: Client, organizer: Person) -> None:
    known, unknown = (
        visitor.submit("/sign-in", {"email": email, "password": "wrong"}) for email in (organizer.email, "x@y.example")
    )
    assert [(answer.status_code, error_code(answer)) for answer in (known, unknown)] == [(401, ["BAD_CREDENTIALS"])] * 2
    assert f'value="{organizer.email}"' in known.text
    assert "wrong" not in known.text
    assert not signed_in(visitor)


def test_signing_in_begins_a_new_session(app: Flask, visitor: Client, organizer: Person) -> None:
    visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD, "next": "/"})
    with visitor.session_transaction() as session:
        first, session["left_over"] = session["session_token"], "of somebody else"
    visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD})
    with visitor.session_transaction() as session:
        assert "left_over" not in session
        assert session["session_token"] != first


@pytest.mark.parametrize("where", ["/admin/events/1", "/admin/events?page=2"])
def test_signing_in_leads_back_to_where_one_was_going(visitor: Client, organizer: Person, where: str) -> None:
    sent = visitor.get(where)
    assert sent.status_code == 303
    page = visitor.get(sent.location)
    token = csrf_token_in(page)
    target = re.findall(r'name="next" value="([^"]*)"', page.text)
    answer = visitor.post(
        "/sign-in", data={"csrf_token": token, "email": organizer.email, "password": PASSWORD, "next": target[0]}
    )
    assert answer.location == where


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "evil.example", "javascript:alert(1)",
     "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "http:/evil.example", ""],
)  # fmt: skip
def test_signing_in_never_leads_to_another_site(visitor: Client, organizer: Person, target: str, link: str) -> None:
    typed = visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD, "next": target})
    clicked = visitor.get(link, query_string={"next": target})
    assert [answer.location for answer in (typed, clicked)] == [EVENTS, EVENTS]


def test_signing_out_ends_the_session_even_for_a_copied_cookie(client: Client, app: Flask) -> None:
    cookie = client.get_cookie("eventmail")
    assert cookie
    answer = client.submit("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    thief = app.test_client()
    thief.set_cookie("eventmail", cookie.value)
    assert [thief.get(EVENTS).status_code, client.get(EVENTS).status_code] == [303, 303]


def test_a_session_that_was_revoked_elsewhere_is_over(client: Client, writing: Any, clock: FrozenClock) -> None:
    assert signed_in(client)
    with writing() as tx:
        tx.execute(update(LoginSession).values(revoked_at=clock.now()))
    assert not signed_in(client)


def test_the_session_cookie_is_not_for_scripts_and_not_for_other_sites(visitor: Client, link: str) -> None:
    cookie = visitor.get(link).headers["Set-Cookie"]
    assert {part.strip().split("=")[0] for part in cookie.split(";")} == {
        "eventmail", "Expires", "HttpOnly", "Path", "SameSite",
    }  # fmt: skip
    assert "SameSite=Lax" in cookie


def test_a_forged_cookie_is_nobody(visitor: Client) -> None:
    visitor.set_cookie("eventmail", "eyJzZXNzaW9uX3Rva2VuIjoieCJ9.aaaaaa.bbbb")
    assert not signed_in(visitor)


# The very first start


def test_the_first_link_asks_who_one_is_and_makes_the_owner(visitor: Client, first_link: str, rows: Any) -> None:
    assert "Welcome to eventmail" in words(visitor.get(first_link))
    answer = visitor.submit(
        first_link, {"name": "Olive", "email": "olive@organizers.example", "password": "long enough to keep"}
    )
    assert (answer.status_code, answer.location) == (303, EVENTS)
    assert [(user.name, user.role) for user in rows(User)] == [("Olive", "owner")]
    assert signed_in(visitor)
    assert error_code(visitor.get(first_link)) == ["LINK_EXPIRED"]


def test_the_first_form_keeps_what_was_typed_when_it_needs_a_correction(
    visitor: Client, first_link: str, count: Any
) -> None:
    answer = visitor.submit(first_link, {"name": "Olive", "email": "olive@", "password": "long enough to keep"})
    assert answer.status_code == 400
    assert 'value="Olive"' in answer.text
    assert 'value="olive@"' in answer.text
    assert "long enough to keep" not in answer.text
    assert count(User) == 0


# CSRF and tokens


@pytest.mark.parametrize("token", [None, "", "made-up", "of-another-session"])
def test_a_form_without_its_token_changes_nothing(
    *, client: Client, app: Flask, count: Any, organizer: Person, client_for: Any, token: str | None
) -> None:
    if token == "of-another-session":
        token = client_for(organizer).csrf_token()
    answer = client.post(
        EVENTS, data={"title": "Ball", "timezone": "UTC", **({} if token is None else {"csrf_token": token})}
    )
    assert (answer.status_code, error_code(answer)) == (403, ["CSRF_FAILED"])
    assert "Nothing was changed. Reload the page and press the button again." in words(answer)
    assert count(Event) == 0


def test_json_with_a_cookie_and_no_token_changes_nothing(client: Client, count: Any) -> None:
    answer = client.post(EVENTS, json={"title": "Ball", "timezone": "UTC"}, headers=JSON)
    assert problem(answer) == (403, "CSRF_FAILED")
    assert count(Event) == 0


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/1"), ("POST", "/1/settings"), ("DELETE", "/1")])
def test_no_method_that_changes_something_goes_without_a_token(
    client: Client, event_id: int, method: str, path: str, row: Any
) -> None:
    answer = client.open(EVENTS + path, method=method, data={"title": "Ball"})
    assert answer.status_code in {403, 405}
    assert row(Event).title == "Fixture Gala"


def test_signing_in_and_out_need_the_token_too(
    client: Client, visitor: Client, organizer: Person, first_link: str
) -> None:
    answers = [
        client.post("/sign-out"),
        visitor.post("/sign-in", data={"email": organizer.email, "password": PASSWORD}),
        visitor.post(first_link, data={"name": "Eve", "email": "eve@x.example", "password": "long enough to keep"}),
    ]
    assert [(answer.status_code, error_code(answer)) for answer in answers] == [(403, ["CSRF_FAILED"])] * 3
    assert signed_in(client)


def test_a_form_with_its_token_is_taken(client: Client, count: Any) -> None:
    assert client.submit(EVENTS, {"title": "Ball", "timezone": "UTC"}).status_code == 303
    assert count(Event) == 1


def test_a_bearer_token_needs_no_csrf_token(api: Any, count: Any) -> None:
    assert api.post(EVENTS, json={"title": "Ball", "timezone": "UTC"}).status_code == 201
    assert count(Event) == 1


@pytest.mark.parametrize("value", ["Bearer made-up", "Bearer ", "Bearer", "bearer x y", "Bearer \xff"])
def test_an_invalid_bearer_token_is_401_even_beside_a_good_cookie(client: Client, value: str) -> None:
    answer = client.get(EVENTS, headers={"Authorization": value, **JSON})
    assert problem(answer) == (401, "NOT_SIGNED_IN")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_is_401(api: Any, writing: Any, clock: FrozenClock) -> None:
    with writing() as tx:
        tx.execute(update(ApiToken).values(revoked_at=clock.now()))
    assert problem(api.get(EVENTS)) == (401, "NOT_SIGNED_IN")


def test_a_program_gets_json_without_asking_for_it(api: Any) -> None:
    del api.environ_base["HTTP_ACCEPT"]
    assert api.get(EVENTS).is_json
    assert problem(api.get(f"{EVENTS}/99")) == (404, "NOT_FOUND")


# What is not for one


def test_a_stranger_is_sent_to_sign_in_and_a_program_gets_401(visitor: Client, event_id: int) -> None:
    for path in (EVENTS, f"{EVENTS}/{event_id}", f"{EVENTS}/{event_id}/settings", f"{EVENTS}/99", f"{EVENTS}/abc"):
        page, data = visitor.get(path), visitor.get(path, headers=JSON)
        assert (page.status_code, page.location) == (303, f"/sign-in?next={path}")
        assert problem(data) == (401, "NOT_SIGNED_IN")


def test_a_stranger_in_a_fragment_is_led_to_sign_in_by_the_whole_page(visitor: Client) -> None:
    answer = visitor.get(EVENTS, headers=partial())
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_restricted_event_is_404_for_who_is_no_member(
    client: Client, api: Any, owner: Person, client_for: Any, add_event: Any
) -> None:
    secret = add_event(owner, restricted=True, title="Board dinner")
    for path in (f"{EVENTS}/{secret}", f"{EVENTS}/{secret}/settings"):
        page = client.get(path)
        assert (page.status_code, error_code(page)) == (404, ["NOT_FOUND"])
        assert "Board dinner" not in page.text
        assert client_for(owner).get(path).status_code == 200
    assert problem(api.get(f"{EVENTS}/{secret}")) == (404, "NOT_FOUND")
    assert problem(api.patch(f"{EVENTS}/{secret}", json={"title": "Mine"})) == (404, "NOT_FOUND")
    assert client.submit(f"{EVENTS}/{secret}/settings", {"title": "Mine"}).status_code == 404
    assert api.get(EVENTS).json == {"items": [], "page": 1, "pages": 1, "total": 0}


def test_a_member_of_a_restricted_event_sees_it(app: Flask, client: Client, organizer: Person, owner: Person) -> None:
    with app.app_context():
        secret = seeding.add_event(owner, restricted=True)
        seeding.add_member(secret, organizer)
    assert client.get(f"{EVENTS}/{secret}").status_code == 200


@pytest.mark.parametrize("weird", WEIRD)
def test_an_id_that_cannot_be_is_not_found(weird: str, client: Client, api: Any) -> None:
    for tail in ("", "/settings"):
        page = client.get(f"{EVENTS}/{weird}{tail}")
        assert (page.status_code, error_code(page)) == (404, ["NOT_FOUND"])
    assert problem(api.get(f"{EVENTS}/{weird}")) == (404, "NOT_FOUND")
    assert problem(api.patch(f"{EVENTS}/{weird}", json={"title": "x"})) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "query", ["page=abc", "page=-1", "page=99999999999999999999999", "per_page=0", "per_page=x", "page=%00"]
)
def test_a_page_number_that_cannot_be_shows_the_list(query: str, api: Any, event_id: int) -> None:
    answer = api.get(f"{EVENTS}?{query}")
    assert answer.status_code == 200
    assert [item["id"] for item in answer.json["items"]] == [str(event_id)]


def test_an_unknown_address_and_a_wrong_method_are_problems_too(api: Any, client: Client) -> None:
    assert problem(api.get("/nowhere")) == (404, "NOT_FOUND")
    assert problem(api.delete(EVENTS)) == (405, "METHOD_NOT_ALLOWED")
    assert [client.get("/nowhere").status_code, client.put("/").status_code] == [404, 405]


# What every answer carries


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


def test_a_request_id_that_is_given_comes_back(client: Client, api: Any) -> None:
    given = {"X-Request-Id": "trace-17.a_B"}
    assert client.get(EVENTS, headers=given).headers["X-Request-Id"] == "trace-17.a_B"
    refused = api.get(f"{EVENTS}/99", headers=given)
    assert (refused.headers["X-Request-Id"], refused.json["request_id"]) == ("trace-17.a_B", "trace-17.a_B")
    assert "trace-17.a_B" in words(client.get(f"{EVENTS}/99", headers=given))


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", 'a"b', "ä"])
def test_a_request_id_that_is_no_name_is_replaced(visitor: Client, given: str) -> None:
    made = visitor.get("/nowhere", headers={"X-Request-Id": given.encode().decode("latin-1")}).headers["X-Request-Id"]
    assert re.fullmatch(r"req_[a-z0-9]{12}", made)


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
    page, data = client.get(f"{EVENTS}/{event_id}/settings"), api.get(f"{EVENTS}/{event_id}")
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
