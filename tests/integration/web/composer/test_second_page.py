"""A second page around the composer is one object and one thin template: nothing on it is the first page's."""

import re
from html import unescape
from typing import Any, cast

import pytest
from flask import Blueprint, Flask, Response, g, request
from jinja2 import ChoiceLoader, DictLoader

from eventmail.domain.mailings import send
from eventmail.domain.mailings.send import Message
from eventmail.errors import AudienceChanged
from eventmail.settings import Settings
from eventmail.web.composer import draft, fragments
from eventmail.web.composer import form as composer_form
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.page import Composer, Prefix, Urls
from eventmail.web.core.problems import Problem
from eventmail.web.core.respond import respond
from tests.support.web import Client, partial, words

OTHERS = ("mail", "save", "copy", "watch", "fields", "fallbacks", "dead_links", "exclusions", "test", "tested", "send")
SCHEDULED = Composer(
    cast("Prefix", "scheduled-message"),
    Urls(preview="second.preview", review="second.review", **{name: f"second.{name}" for name in OTHERS}),
    "second.html",
)
PAGE = """
{% extends "base.html" %}
{% block heading %}Scheduled{% endblock %}
{% block actions %}{% include "composer/_send.html" %}{% endblock %}
{% block content %}
{% if review %}{% include "composer/_review.html" %}{% endif %}
{% if problem %}{% include "composer/_changed.html" %}{% include "composer/_refused_save.html" %}{% endif %}
<div data-test="scheduled-messages-page">{% include "composer/_composer.html" %}</div>
{% endblock %}
"""
TYPED = {
    "subject": "Hi {guest.firstName}",
    "body": "See you.\n\n[Map]({guest.lastName})",
    "statuses": "confirmed",
    "page_mark": "one-page",
}

bp = Blueprint("second", __name__, url_prefix="/admin/events/<id:event_id>/second")


def typed() -> ComposerForm:
    given = request.form if request.method == "POST" else request.args
    return composer_form.parse(given, composer_form.version(request.values))


@bp.get("")
def page(event_id: int) -> Response:
    return respond(page=SCHEDULED.page, **fragments.page(SCHEDULED, g.event, typed()))


@bp.post("/preview")
def preview(event_id: int) -> Response:
    context = fragments.page(SCHEDULED, g.event, typed())
    return respond(page=SCHEDULED.page, fragment="composer/_live.html", **context)


@bp.post("/review")
def review(event_id: int) -> Response:
    form = typed()
    send.prepare(event_id, Message(form.text, form.audience), fragments.terms())
    return respond(page=SCHEDULED.page, review=True, **fragments.page(SCHEDULED, g.event, form))


@bp.post("/refused")
def refused(event_id: int) -> Response:
    """Everything that a page shows when something came between."""
    error = AudienceChanged("Others would get it.", joined=[], left=[], joined_count=1, left_count=1, exact_count=2)
    problem = Problem(409, error.code, error.title, error.detail, (), error, "")
    context = fragments.page(SCHEDULED, g.event, typed()) | {"theirs": draft.Theirs([], None, None), "changed": True}
    return respond(page=SCHEDULED.page, problem=problem, **context)


for name in OTHERS:
    extra = {"tested": "/<id:mailing_id>", "watch": "/<id:mailing_id>", "mail": "/<id:content_id>"}.get(name, "")
    bp.add_url_rule(f"/{name}{extra}", name, lambda **_: "", methods=["GET", "POST"])


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Behind a proxy an app registers pages of its own (`tests/support/haste.py`), so what is added here goes again."""
    return settings.model_copy(update={"proxies": 1})


@pytest.fixture
def url(app: Flask, event_id: int, add_guests: Any) -> str:
    app.register_blueprint(bp)
    app.jinja_env.loader = ChoiceLoader([DictLoader({"second.html": PAGE}), cast(Any, app.jinja_env.loader)])
    nameless = [{"email": f"nameless{n}@guests.org", "first_name": ""} for n in range(8)]
    add_guests([*nameless, {"email": "ben@guests.org", "first_name": "Ben"}, {"email": None}])
    return f"/admin/events/{event_id}/second"


def main(text: str) -> str:
    return unescape(text.partition("<main")[2].partition("</main>")[0] or text)


def named(text: str) -> set[str]:
    return set(re.findall(r'data-test="([^"]+)"', text))


def addresses(text: str) -> set[str]:
    return set(re.findall(r'(?:href|src|action|formaction|hx-post|hx-get)="(/[^"]*)"', text))


def assert_none_is_the_first_pages(text: str) -> None:
    assert [name for name in named(text) if name.startswith("guest-message")] == []
    assert [address for address in addresses(text) if re.search(r"/messages\b|/test-sends\b", address)] == []


def test_every_attribute_and_every_address_is_the_second_pages(client: Client, url: str) -> None:
    empty, written = main(client.get(url).text), main(client.submit(f"{url}/preview", TYPED).text)
    for text in (empty, written):
        assert_none_is_the_first_pages(text)
    parts = ("audience-picker", "editor", "recipient-count", "preview", "send-cta", "test-send-cta")
    assert {f"scheduled-message-{part}" for part in parts} <= named(empty) & named(written)
    assert "scheduled-message-gap" in named(written)
    below = {address.removeprefix(url).partition("?")[0] for address in addresses(written) if address.startswith(url)}
    assert below >= {"/preview", "/review", "/save", "/fields", "/test", "/exclusions", "/fallbacks"}


def test_what_comes_between_stands_on_the_second_page_too(client: Client, url: str) -> None:
    text = main(client.submit(f"{url}/refused", TYPED).text)
    assert_none_is_the_first_pages(text)
    parts = ("changed", "recount", "send-exact", "warning", "conflict", "theirs", "keep-mine", "take-theirs", "draft")
    assert {f"scheduled-message-{part}" for part in parts} <= named(text)


def test_it_counts_and_previews(client: Client, url: str) -> None:
    part = client.submit(f"{url}/preview", TYPED, headers=partial()).text
    assert_none_is_the_first_pages(part)
    assert re.findall(r'data-count="(\d+)"', part) == ["9"]
    assert "1 without an address" in words(part)
    frame = re.search(r'<iframe[^>]*src="([^"]+)"', part)
    assert frame
    assert frame[1].startswith(f"{url}/mail/")


def test_it_checks(client: Client, url: str) -> None:
    part = client.submit(f"{url}/preview", {"page_mark": "one-page"}, headers=partial()).text
    assert "scheduled-message-blockers" in named(part)
    assert "Write a subject" in words(part)


def test_it_reviews(client: Client, url: str) -> None:
    text = main(client.submit(f"{url}/review", TYPED).text)
    assert_none_is_the_first_pages(text)
    assert {"scheduled-message-review", "scheduled-message-send-confirm"} <= named(text)
    assert f"{url}/send" in addresses(text)
