"""A second page around the composer is one object, one thin template and its own two buttons; all else is served."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any, cast

import pytest
from flask import Blueprint, Flask, Response
from jinja2 import ChoiceLoader, DictLoader

from eventmail.domain.mailings import send
from eventmail.domain.mailings.send import Message
from eventmail.errors import AudienceChanged
from eventmail.models import DraftText, Mailing
from eventmail.settings import Settings
from eventmail.web.composer import draft, fragments
from eventmail.web.composer.page import Composer, Prefix, Urls
from eventmail.web.core.problems import Problem
from eventmail.web.messaging import on_another_page, views
from eventmail.web.messaging.page import answer, typed
from tests.support.web import Client, partial, words

SECOND = Composer(Prefix.SCHEDULED, Urls.of("second"), "second.html", lambda: {"beside": "Beside the composer"})
PAGE = """
{% extends "base.html" %}
{% set warning_test = composer.prefix ~ "-warning" %}
{% block heading %}Scheduled{% endblock %}
{% block actions %}{% include "composer/_send.html" %}{% endblock %}
{% block content %}
{% if review %}{% include "composer/_review.html" %}{% endif %}
{% if problem and problem.code == "AUDIENCE_CHANGED" %}{% include "composer/_changed.html" %}{% endif %}
{% if refused %}{% include "composer/_conflict.html" %}{% endif %}
<p>{{ beside }}</p>
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
on_another_page.serve(SECOND, bp)
bp.add_url_rule("", "compose", views.composer)
bp.add_url_rule("/<id:mailing_id>", "watch", views.watch)
bp.add_url_rule("/sent", "send", views.send, methods=["POST"])


@bp.post("/review")
def review(event_id: int) -> Response:
    form = typed()
    send.prepare(event_id, Message(form.text, form.audience), fragments.terms())
    return answer(form, review=True)


@bp.post("/refused")
def refused(event_id: int) -> Response:
    """Everything that a page shows when something came between."""
    error = AudienceChanged("Others would get it.", joined=[], left=[], joined_count=1, left_count=1, exact_count=2)
    problem = Problem(409, error.code, error.title, error.detail, (), error, "")
    return answer(typed(), problem=problem, refused=True, theirs=draft.Theirs([], None, None), changed=True)


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
    assert [address for address in addresses(text) if re.search(r"/messages\b|/mailings/test-sends\b", address)] == []


def test_every_attribute_and_every_address_is_the_second_pages(client: Client, url: str) -> None:
    empty, written = main(client.get(url).text), main(client.submit(f"{url}/preview", TYPED).text)
    for text in (empty, written):
        assert_none_is_the_first_pages(text)
        assert "Beside the composer" in text
    parts = ("audience-picker", "editor", "recipient-count", "preview", "send-cta", "test-send-cta")
    assert {f"scheduled-message-{part}" for part in parts} <= named(empty) & named(written)
    assert "scheduled-message-gap" in named(written)
    below = {address.removeprefix(url).partition("?")[0] for address in addresses(written) if address.startswith(url)}
    assert below >= {"/preview", "/review", "/drafts", "/fields", "/test-sends", "/exclusions", "/fallbacks"}


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
    assert "Beside the composer" not in part
    [frame] = re.findall(r'<iframe[^>]*src="([^"]+)"', part)
    assert frame.startswith(f"{url}/previews/")
    assert "See you." in client.get(unescape(frame)).text


def test_it_checks(client: Client, url: str) -> None:
    part = client.submit(f"{url}/preview", {"page_mark": "one-page"}, headers=partial()).text
    assert "scheduled-message-blockers" in named(part)
    assert "Write a subject" in words(part)


def test_it_counts_who_has_no_value_for_a_merge_field(client: Client, url: str) -> None:
    part = client.submit(f"{url}/fields", TYPED, headers=partial())
    assert named(part.text) == {"scheduled-message-merge-field-list"}
    assert "First name 8 without" in words(part)
    whole = main(client.submit(f"{url}/fields", TYPED).text)
    assert_none_is_the_first_pages(whole)
    assert "Beside the composer" in whole


@pytest.mark.parametrize(
    ("listed", "heading"),
    [
        ("exclusions", "Who won’t get it"),
        ("fallbacks?field=guest.firstName", "Without first name"),
        ("dead-links?field=guest.lastName", "Links to last name"),
    ],
)
def test_its_lists_lead_back_to_it(client: Client, url: str, listed: str, heading: str) -> None:
    text = main(client.submit(f"{url}/{listed}", TYPED).text)
    assert_none_is_the_first_pages(text)
    assert heading in words(text)
    assert f"{url}/preview" in addresses(text)


def test_it_reviews(client: Client, url: str) -> None:
    text = main(client.submit(f"{url}/review", TYPED).text)
    assert_none_is_the_first_pages(text)
    assert {"scheduled-message-review", "scheduled-message-send-confirm"} <= named(text)
    assert f"{url}/sent" in addresses(text)


def test_D5_what_it_saves_opens_on_it(client: Client, url: str, row: Any) -> None:
    part = client.submit(f"{url}/drafts", TYPED, headers=partial())
    draft_url = f"{url}/{row(Mailing).id}"
    assert (part.status_code, part.headers["HX-Replace-Url"]) == (200, draft_url)
    assert named(part.text) == {"scheduled-message-draft", "scheduled-message-draft-save"}
    answer = client.submit(f"{url}/drafts", {**TYPED, "subject": "Changed"})
    assert (answer.status_code, answer.location) == (303, draft_url)
    assert row(DraftText).subject == "Changed"
    assert 'value="Changed"' in client.get(draft_url).text


def test_D5_two_texts_are_settled_on_it(client: Client, url: str, row: Any, rows: Callable[..., list[Any]]) -> None:
    client.submit(f"{url}/drafts", TYPED)
    mine = {**TYPED, "draft": str(row(Mailing).id), "revision": "0", "page_mark": "another-page", "subject": "Mine"}
    for headers in (partial(), {}):
        answer = client.submit(f"{url}/drafts", mine, headers=headers)
        text = answer.text if headers else main(answer.text)
        assert answer.status_code == 409
        assert {"scheduled-message-warning", "scheduled-message-conflict"} <= named(text)
        assert_none_is_the_first_pages(text)
    assert "Beside the composer" in text
    kept = client.submit(f"{url}/drafts/copies", mine, headers=partial())
    assert kept.headers["HX-Redirect"] == f"{url}/{max(mailing.id for mailing in rows(Mailing))}"
    assert sorted(draft.subject for draft in rows(DraftText)) == ["Hi {guest.firstName}", "Mine"]


def test_E1_its_test_is_told_on_it(client: Client, url: str, row: Any) -> None:
    typed = {**TYPED, "idempotency_key": "k", "to": ""}
    part = client.submit(f"{url}/test-sends", typed, headers=partial()).text
    assert_none_is_the_first_pages(part)
    mailing = row(Mailing)
    assert f"{url}/test-sends/{mailing.id}" in addresses(part)
    assert_none_is_the_first_pages(client.get(f"{url}/test-sends/{mailing.id}", headers=partial()).text)
    answer = client.submit(f"{url}/test-sends", typed)
    assert answer.location == f"{url}?again={mailing.id}&revision=0&page_mark=one-page#test-send"
    text = main(client.get(answer.location).text)
    assert_none_is_the_first_pages(text)
    assert "On its way to" in words(text)


def test_E1_a_refused_test_is_told_on_it(client: Client, url: str, count: Any) -> None:
    typed = {**TYPED, "idempotency_key": "k", "to": "nobody"}
    part = client.submit(f"{url}/test-sends", typed, headers=partial())
    assert (part.status_code, named(part.text)) == (400, {"scheduled-message-warning"})
    text = main(client.submit(f"{url}/test-sends", typed).text)
    assert_none_is_the_first_pages(text)
    assert "scheduled-message-warning" in named(text)
    assert "Beside the composer" in text
    assert count(Mailing) == 0


def test_a_refusal_shows_it_again_and_what_is_sent_is_watched_on_it(client: Client, url: str, row: Any) -> None:
    typed = {**TYPED, "idempotency_key": "k"}
    refused = client.submit(f"{url}/sent", {**typed, "body": "{guest.nickname}"})
    text = main(refused.text)
    assert (refused.status_code, "scheduled-message-warning" in named(text)) == (400, True)
    assert_none_is_the_first_pages(text)
    assert "Beside the composer" in text
    sent = client.submit(f"{url}/sent", typed)
    assert (sent.status_code, sent.location) == (303, f"{url}/{row(Mailing).id}")
