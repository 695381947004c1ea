"""One URL, three answers: page, fragment, JSON."""

from typing import Any

import pytest
from werkzeug.datastructures import Headers

from tests.support.web import Client, partial

EVENTS = "/admin/events"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html, application/json;q=0.5", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
        ("nonsense", "text/html; charset=utf-8"),
    ],
)
def test_a_browser_gets_what_it_accepts(client: Client, event_id: int, accept: str, kind: str) -> None:
    answer = client.get(f"{EVENTS}/{event_id}/mailings", headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (200, kind)
    assert {part.strip() for part in answer.headers["Vary"].split(",")} >= {"Accept", "HX-Request", "HX-Request-Type"}


def test_a_program_gets_json_unless_it_asks_for_a_page(api: Any, event_id: int) -> None:
    url, wanted = f"{EVENTS}/{event_id}/mailings", ("*/*", "application/json", "text/html")
    kinds = [api.get(url, headers=Headers({"Accept": accept})).mimetype for accept in wanted]
    assert kinds == ["application/json", "application/json", "text/html"]


def test_htmx_gets_the_part_of_the_page_it_asked_for(client: Client, event_id: int) -> None:
    url = f"{EVENTS}/{event_id}/messages/preview"
    page, part = client.submit(url), client.submit(url, headers=partial())
    assert (page.status_code, part.status_code) == (200, 200)
    assert ("<html" in page.text, "<html" in part.text) == (True, False)
    assert all('id="recipient-count"' in answer.text for answer in (page, part))


def test_a_boosted_page_is_a_page(client: Client, event_id: int) -> None:
    answer = client.get(f"{EVENTS}/{event_id}/messages", headers={"HX-Request": "true", "HX-Request-Type": "full"})
    assert "<html" in answer.text
