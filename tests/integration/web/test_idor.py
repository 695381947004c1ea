"""Every address of the application, asked by whom it is none of the business: never data, never a change, never 5xx.

The walk reads the application's own map of addresses, so a new page is in it without being named here. It fails when
a page takes an argument that it has no value for.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from sqlite3 import connect
from typing import Any

import pytest
from flask import Flask, url_for
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from eventmail.domain.people import colleagues, throttle
from eventmail.models import Suppression
from eventmail.models.account import Role
from eventmail.settings import Settings
from eventmail.states import SuppressionReason
from eventmail.web.core.access import OPEN
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client
from tests.support.world import SECRET, World

KEY = {"Idempotency-Key": "walk"}
# what guests, mail services and somebody who is about to sign in reach; a new one is added here on purpose
PUBLIC = {"account.home", "account.sign_in", "account.begin_session", "account.open_link", "account.join", "static",
          "account.forgotten", "account.ask_for_link", "api_page.document"}  # fmt: skip
PUBLIC_BLUEPRINTS = {"public", "calendar_address", "unsubscribe", "webhooks"}
# outside events: what every colleague may use; whatever else there is, is for owners
EVERYBODYS = {"events.listing", "events.new", "events.create", "account.sign_out", "home.page", "api_page.page"}
EVERYBODYS_BLUEPRINTS = {"me"}
# inside an event: what even those who see it may not do unless they are owners
OWNERS_BLUEPRINTS = {"erasure"}
# bodies that get past the form's own checks, so that it is the id that is refused
BODIES: dict[str, dict[str, Any]] = {
    "guests.save": {"first_name": "Eve"},
    "guests.patch": {"first_name": "Eve"},
    "runs.decide": {"decision": "sent", "all": True},
    "suppressions.delete": {"reason": "because"},
    "suppressions.lift": {"reason": "because"},
}


def public(rule: Rule) -> bool:
    return rule.endpoint in PUBLIC or rule.endpoint.partition(".")[0] in PUBLIC_BLUEPRINTS


def rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every (rule, method) behind the sign-in."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not public(rule):
            yield from ((rule, method) for method in sorted((rule.methods or set()) - {"OPTIONS"}))


def address(app: Flask, rule: Rule, values: dict[str, Any]) -> str:
    values = {name: values.get(f"{rule.endpoint} {name}", values.get(name)) for name in rule.arguments}
    missing = {name for name, value in values.items() if value is None}
    assert not missing, (
        f"{rule.rule} takes {sorted(missing)}, and this walk has no value for it. Make such a row in the restricted "
        "event of tests/support/world.py, and put its id into `World.secret` under that name, or for one "
        "page alone under its endpoint, a blank and that name."
    )
    with app.test_request_context():
        return url_for(rule.endpoint, **values)


def ask(client: Client, method: str, url: str, endpoint: str, *, json: bool, token: str = "") -> TestResponse:
    body = BODIES.get(endpoint, {})
    if json:
        sent = {"json": body} if method not in ("GET", "HEAD") else {}
        return client.open(url, method=method, headers={**KEY, "Accept": "application/json"}, buffered=True, **sent)
    data = {} if method in ("GET", "HEAD") else {"csrf_token": token, **{k: str(v) for k, v in body.items()}}
    return client.open(url, method=method, data=data or None, headers={**KEY, "Accept": "text/html"}, buffered=True)


def everybodys(rule: Rule) -> bool:
    return rule.endpoint in EVERYBODYS or rule.endpoint.partition(".")[0] in EVERYBODYS_BLUEPRINTS


def leaks(answer: TestResponse) -> bool:
    return SECRET.lower() in (answer.get_data(as_text=True) + str(answer.headers)).lower()


def contents(settings: Settings) -> dict[str, list[Any]]:
    """Every row of every table that an outsider must not change by any request to what is not theirs."""
    passing = {"login_session", "api_token", "throttle", "audit_entry", "sqlite_sequence", "alembic_version"}
    with closing(connect(settings.database)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: database.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables if table not in passing
        }


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is slowed down: this asks what is answered, not how often."""
    monkeypatch.setattr(throttle, "take", lambda *_args, **_kwargs: None)


def test_what_is_open_to_everyone_is_known_by_name(app: Flask) -> None:
    open_ = {
        rule.endpoint for rule in app.url_map.iter_rules() if getattr(app.view_functions[rule.endpoint], OPEN, False)
    }
    assert open_ | {"static"} == {rule.endpoint for rule in app.url_map.iter_rules() if public(rule)}


@pytest.mark.parametrize("who", ["nobody", "a removed colleague"])
@pytest.mark.parametrize("kind", ["page", "json"])
def test_without_access_nothing_is_shown(
    *, who: str, kind: str, app: Flask, world: World, owner: Person, visitor: Client, client_for: Any, api_for: Any,
    add_person: Any, settings: Settings
) -> None:  # fmt: skip
    client, token = visitor, visitor.csrf_token()
    if who == "a removed colleague":
        gone = add_person("Rex Removed", "rex@organizers.example", Role.OWNER)
        client = api_for(gone) if kind == "json" else client_for(gone)
        with app.app_context():
            seeding.add_member(world.secret["event_id"], gone)
            colleagues.remove(gone.id, seeding.acting(owner))
    before, wrong = contents(settings), []
    for rule, method in rules(app):
        answer = ask(client, method, address(app, rule, world.secret), rule.endpoint, json=kind == "json", token=token)
        to_sign_in = answer.status_code == 303 and answer.location.startswith("/sign-in")
        if leaks(answer) or not (answer.status_code == 401 or (kind == "page" and to_sign_in)):
            wrong.append((method, rule.rule, answer.status_code, leaks(answer)))
    assert wrong == []
    assert contents(settings) == before


@pytest.mark.parametrize("kind", ["page", "json"])
def test_a_restricted_event_looks_to_another_team_as_if_it_did_not_exist(
    *, kind: str, app: Flask, world: World, client: Client, api: Client, settings: Settings
) -> None:
    asking, token = (api, "") if kind == "json" else (client, client.csrf_token())
    before, wrong = contents(settings), []
    for rule, method in rules(app):
        if "event_id" not in rule.arguments:
            continue
        url = address(app, rule, world.secret)
        answer = ask(asking, method, url, rule.endpoint, json=kind == "json", token=token)
        missing = ask(asking, method, url.replace(f"/{world.secret['event_id']}", "/999999", 1), rule.endpoint,
                      json=kind == "json", token=token)  # fmt: skip
        if leaks(answer) or (answer.status_code, missing.status_code) != (404, 404):
            wrong.append((method, rule.rule, answer.status_code, missing.status_code, leaks(answer)))
    assert wrong == []
    assert contents(settings) == before


@pytest.mark.parametrize("kind", ["page", "json"])
def test_ids_of_another_event_are_unknown_inside_ones_own(
    *, kind: str, app: Flask, world: World, client: Client, api: Client, settings: Settings
) -> None:
    asking, token = (api, "") if kind == "json" else (client, client.csrf_token())
    before, wrong = contents(settings), []
    for rule, method in rules(app):
        if "event_id" not in rule.arguments or rule.arguments == {"event_id"}:
            continue
        url = address(app, rule, {**world.secret, "event_id": world.own_event})
        answer = ask(asking, method, url, rule.endpoint, json=kind == "json", token=token)
        by_id = method in ("GET", "HEAD") or (rule.endpoint in BODIES and (kind == "json" or method == "POST"))
        expected = {404} if by_id else {400, 404}
        if leaks(answer) or answer.status_code not in expected:
            wrong.append((method, rule.rule, answer.status_code, leaks(answer)))
    assert wrong == []
    assert contents(settings) == before


@pytest.mark.parametrize("kind", ["page", "json"])
def test_what_is_not_of_an_event_is_for_owners_unless_it_is_named_here(
    *, kind: str, app: Flask, world: World, client: Client, api: Client, settings: Settings
) -> None:
    asking, token = (api, "") if kind == "json" else (client, client.csrf_token())
    before, wrong = contents(settings), []
    for rule, method in rules(app):
        if "event_id" in rule.arguments or everybodys(rule):
            continue
        answer = ask(asking, method, address(app, rule, world.secret), rule.endpoint, json=kind == "json", token=token)
        if leaks(answer) or answer.status_code != 403:
            wrong.append((method, rule.rule, answer.status_code, leaks(answer)))
    assert wrong == []
    assert contents(settings) == before


@pytest.mark.parametrize("kind", ["page", "json"])
def test_of_an_event_that_is_seen_what_is_for_owners_is_refused_to_others(
    *, kind: str, app: Flask, world: World, client: Client, api: Client, settings: Settings
) -> None:
    asking, token = (api, "") if kind == "json" else (client, client.csrf_token())
    with app.app_context():
        own = {"event_id": world.own_event, "guest_id": seeding.add_guest(world.own_event, "eve@guests.example.net")}
    before = contents(settings)
    answers = {
        (method, rule.endpoint): ask(asking, method, address(app, rule, own), rule.endpoint, json=kind == "json",
                                     token=token).status_code
        for rule, method in rules(app) if rule.endpoint.partition(".")[0] in OWNERS_BLUEPRINTS
    }  # fmt: skip
    assert (len(answers) >= 3, set(answers.values())) == (True, {403})
    assert contents(settings) == before


@pytest.mark.parametrize("kind", ["page", "json"])
def test_ones_own_pages_show_and_end_nothing_of_a_colleague(
    *, kind: str, app: Flask, world: World, client: Client, api: Client, settings: Settings
) -> None:
    asking, token = (api, "") if kind == "json" else (client, client.csrf_token())
    wrong = []
    for rule, method in rules(app):
        if not everybodys(rule) or rule.endpoint == "account.sign_out":
            continue
        answer = ask(asking, method, address(app, rule, world.secret), rule.endpoint, json=kind == "json", token=token)
        foreign = bool(rule.arguments) and answer.status_code not in (403, 404)
        if leaks(answer) or answer.status_code >= 500 or foreign:
            wrong.append((method, rule.rule, answer.status_code, leaks(answer)))
    assert wrong == []
    with closing(connect(settings.database)) as database:
        ended = database.execute("SELECT revoked_at FROM api_token WHERE id = ?", (world.secret["token_id"],))
        assert ended.fetchall() == [(None,)]


@pytest.fixture
def everywhere(app: Flask, world: World, rows: Callable[..., list[Any]]) -> list[int]:
    """Entries for all events about guests of an event that everybody sees, one of each reason."""
    with app.app_context():
        for reason in SuppressionReason:
            seeding.add_guest(world.own_event, f"{reason}@guests.example.org")
            seeding.suppress(f"{reason}@guests.example.org", "all", reason)
    return [row.id for row in rows(Suppression, Suppression.scope == "all")]


def of_owners(world: World, entries: list[int]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(what, method, path, body): each way from an event that everybody sees to what belongs to the whole team."""
    here, everywhere = f"/admin/events/{world.own_event}/suppressions", {"scope": "all"}
    yield "add", "POST", here, {"address": "walk@guests.example", **everywhere}
    yield "import", "POST", f"{here}/import", {"addresses": "walk@guests.example", **everywhere}
    for entry in entries:
        yield "lift", "DELETE", f"{here}/{entry}", {"reason": "A walk."}
        yield "lift by form", "POST", f"{here}/{entry}", {"reason": "A walk."}


@pytest.mark.parametrize("kind", ["page", "json"])
def test_what_belongs_to_the_whole_team_is_changed_by_owners_from_whatever_event(
    *, kind: str, world: World, everywhere: list[int], client: Client, api: Client, settings: Settings
) -> None:
    asking, token = (api, "") if kind == "json" else (client, client.csrf_token())
    before, wrong = contents(settings), []
    for what, method, path, body in of_owners(world, everywhere):
        sent = {"json": body} if kind == "json" else {"data": {"csrf_token": token, **body}}
        headers = {"Accept": "application/json" if kind == "json" else "text/html"}
        if kind == "page" and method == "DELETE":  # no form does
            continue
        answer = asking.open(path, method=method, headers=headers, **sent)
        if answer.status_code != 403:
            wrong.append((what, method, path, answer.status_code))
    assert wrong == []
    assert contents(settings) == before


IN_THE_QUERY = [
    "/messages?again={mailing_id}",
    "/messages?guest_shown={guest_id}",
    "/messages?statuses=confirmed&step={guest_id}",
    "/messages?guests={guest_id}",
    "/messages/exclusions?guests={guest_id}",
    "/messages/fallbacks?guests={guest_id}&field=guest.firstName",
    "/messages/fallbacks?statuses=confirmed&field=guest.firstName",
    "/guests?q=" + SECRET.lower()[:4],
    "/outbox?mailing={mailing_id}",
    "/mailings?mailing={mailing_id}",
    "/audit?q={mailing_id}",
    "/audit?who=Ines+Insider",
    "/suppressions?q=" + SECRET.lower()[:4],
]


@pytest.mark.parametrize("path", IN_THE_QUERY)
def test_a_foreign_id_in_a_query_brings_nothing(path: str, world: World, client: Client, api: Client) -> None:
    for asking, accept in ((client, "text/html"), (api, "application/json")):
        answer = asking.get(f"/admin/events/{world.own_event}{path}".format(**world.secret), headers={"Accept": accept})
        assert answer.status_code in (200, 400, 404)
        assert not leaks(answer)


IN_THE_BODY: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "audience-previews": lambda ids: {"audience": {"guests": [str(ids["guest_id"])]}},
    "audience-previews#": lambda ids: {"audience": {"segments": [str(ids["segment_id"])]}},
    "mailings": lambda ids: {
        "kind": "one_time", "subject": "a", "body": "b", "audience": {"guests": [str(ids["guest_id"])]}
    },
    "mailings/test-sends": lambda ids: {"subject": "a", "body": "b", "guest": str(ids["guest_id"])},
}  # fmt: skip


@pytest.mark.parametrize("path", IN_THE_BODY)
def test_a_foreign_id_in_a_body_is_refused(path: str, world: World, api: Client, settings: Settings) -> None:
    before = contents(settings)
    answer = api.post(
        f"/admin/events/{world.own_event}/{path}", json=IN_THE_BODY[path](world.secret), headers=KEY
    )  # fmt: skip
    assert answer.status_code == 400
    assert not leaks(answer)
    assert contents(settings) == before


def test_the_event_list_and_the_log_show_nothing_of_it(world: World, client: Client, api: Client) -> None:
    for url in (
        "/admin/events",
        "/admin/events?state=all",
        f"/admin/events?q={SECRET[:3]}",
        f"/admin/events/{world.own_event}/audit",
        f"/admin/events/{world.own_event}/audit?format=csv",
    ):
        for asking in (client, api):
            answer = asking.get(url, buffered=True)
            assert answer.status_code == 200
            assert not leaks(answer) or "q=" in url


def test_a_member_and_an_owner_are_let_in(world: World, owner: Person, api_for: Any, app: Flask) -> None:
    """The walk would pass on an application that shows nothing to anybody."""
    member = Person(world.secret["user_id"], "Ines Insider", "ines@organizers.example", Role.ORGANIZER)
    for person in (member, owner):
        asking = api_for(person)
        for rule, method in rules(app):
            if method != "GET" or "event_id" not in rule.arguments or rule.endpoint.endswith("_page"):
                continue
            if person is member and rule.endpoint.partition(".")[0] in OWNERS_BLUEPRINTS:
                continue
            if rule.endpoint == "drafts.deletion":  # the message there was sent; only a draft can be deleted
                continue
            answer = asking.get(address(app, rule, world.secret), buffered=True)
            assert answer.status_code in (200, 303, 400), (rule.rule, answer.status_code)
        assert re.search(SECRET, asking.get(f"/admin/events/{world.secret['event_id']}").text)
