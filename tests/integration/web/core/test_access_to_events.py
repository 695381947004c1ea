"""A page of an event runs only for whoever may see the event, whatever the page itself asks."""

from typing import Any

import pytest
from flask import Flask, g
from werkzeug.routing import Rule

from eventmail.settings import Settings
from eventmail.web.core.access import OPEN
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Behind a proxy an app registers pages of its own (`tests/support/haste.py`), so what is added here goes again."""
    return settings.model_copy(update={"proxies": 1})


@pytest.fixture
def theirs(app: Flask, owner: Person, organizer: Person) -> int:
    """The id of an event that `client` does not see."""
    with app.app_context():
        return seeding.add_event(owner, restricted=True)


def careless(**_: Any) -> str:
    """A view that asks for nothing and tells everything."""
    return "told everything"


def test_a_new_page_of_an_event_that_asks_for_nothing_is_not_there_for_a_stranger(
    app: Flask, client: Client, organizer: Person, theirs: int
) -> None:
    app.url_map.add(Rule("/admin/events/<id:event_id>/careless", endpoint="scheduled", methods=["GET", "POST"]))
    app.view_functions["scheduled"] = careless
    with app.app_context():
        own = seeding.add_event(organizer)
    token = client.csrf_token()
    assert client.get(f"/admin/events/{own}/careless").text == "told everything"
    assert client.get(f"/admin/events/{theirs}/careless").status_code == 404
    assert client.get("/admin/events/999999/careless").status_code == 404
    assert client.post(f"/admin/events/{theirs}/careless", data={"csrf_token": token}).status_code == 404


def test_no_page_of_an_event_runs_for_a_stranger(app: Flask, client: Client, theirs: int) -> None:
    """Every view is replaced by one that asks for nothing, and still none is reached."""
    token, reached = client.csrf_token(), []
    for rule in [rule for rule in app.url_map.iter_rules() if "event_id" in rule.arguments]:
        app.view_functions[rule.endpoint] = careless
        values: dict[str, Any] = {**dict.fromkeys(rule.arguments, "1"), **(rule.defaults or {}), "event_id": theirs}
        with app.test_request_context():
            _, url = rule.build(values) or ("", "")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(url, method=method, data={"csrf_token": token}, headers={"X-CSRFToken": token})
            if answer.status_code != 404:
                reached.append((method, rule.rule, answer.status_code))
    assert reached == []


def test_every_address_below_an_event_names_it_alike_and_is_open_to_nobody_else(app: Flask) -> None:
    """The check reads the name, so an address that called its event otherwise would slip by it."""
    below = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin/events/<")]
    assert [rule.rule for rule in below if not rule.rule.startswith("/admin/events/<id:event_id>")] == []
    named = [rule for rule in app.url_map.iter_rules() if "event_id" in rule.arguments]
    assert {rule.rule for rule in named} == {rule.rule for rule in below}
    assert [rule.rule for rule in named if getattr(app.view_functions[rule.endpoint], OPEN, False)] == []


def test_a_view_finds_its_event_before_it_begins(app: Flask, client: Client, organizer: Person) -> None:
    app.url_map.add(Rule("/admin/events/<id:event_id>/careless", endpoint="scheduled"))
    app.view_functions["scheduled"] = lambda **_: g.event.title
    with app.app_context():
        own = seeding.add_event(organizer, title="Summer Gala")
    assert client.get(f"/admin/events/{own}/careless").text == "Summer Gala"
