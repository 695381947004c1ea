"""Nothing that somebody types into a design becomes markup, on no page (C4, G14)."""

import re
from typing import Any

import pytest

from tests.support.designing import WRITTEN
from tests.support.web import partial, words

EVIL = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
OTHER = "<svg/onload=alert(3)>"  # one word, so that a comparison shows it whole
LITERAL = "&lt;img src=x onerror=alert(1)&gt;"
LIVE = re.compile(r"<img src=x|<script>alert|<a href=//evil|<svg/onload", re.IGNORECASE)


@pytest.fixture
def evil(api: Any, client_for: Any, add_person: Any, url: str) -> str:
    """The address of a design with EVIL in every part, changed after its publication by somebody named like it."""
    parts = {**dict.fromkeys(("name", "subject", "preheader", "body"), EVIL), "message_type": "update"}
    one = f"{url}/{api.post(url, json=parts).json['id']}"
    assert api.post(f"{one}/publication").status_code == 201
    changed = dict.fromkeys(("subject", "preheader", "body"), OTHER)
    assert api.patch(one, json={"revision": 1, **changed}).status_code == 200
    assert api.post(f"{one}/revisions", json={"name": EVIL}).status_code == 201
    mallory = client_for(add_person(EVIL, "mallory@organizers.example"))
    typed = {**changed, "name": EVIL, "message_type": "update", "page_mark": "hers", "revision": "2"}
    mallory.submit(f"{one}/presence", typed, headers=partial())
    answer = mallory.submit(f"{one}/draft", {**typed, "body": f"{OTHER} and more"}, headers=partial())
    assert answer.status_code == 200
    return one


@pytest.mark.parametrize(
    "ask",
    [
        "list", "search", "detail", "revisions", "deletion", "new", "review", "conflict", "presence", "autosave",
        "test", "message", "draft", "log",
    ],
)  # fmt: skip
def test_C4_what_was_typed_stands_literally_on_every_page(
    client: Any, api: Any, url: str, evil: str, event_id: int, add_guests: Any, ask: str
) -> None:
    add_guests([{"email": "a@x.org", "first_name": EVIL}])
    event = f"/admin/events/{event_id}"
    typed = {"name": EVIL, "message_type": "update", "subject": EVIL, "preheader": EVIL, "body": EVIL, "page_mark": "p"}
    message = {"kind": "one_time", "design": {"id": evil.rpartition("/")[2]}, "audience": {"statuses": ["confirmed"]}}

    def made(**more: Any) -> str:
        answer = api.post(f"{event}/mailings", json={**message, **more}, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 202
        return str(answer.location)

    pages: dict[str, Any] = {
        "list": lambda: client.get(url),
        "search": lambda: client.get(url, query_string={"q": EVIL}),
        "detail": lambda: client.get(evil),
        "revisions": lambda: client.get(f"{evil}/revisions"),
        "deletion": lambda: client.get(f"{evil}/deletion"),
        "new": lambda: client.submit(url, {"name": EVIL, "message_type": EVIL}),
        "review": lambda: client.submit(f"{evil}/publication/review", {**typed, "revision": "3"}),
        "conflict": lambda: client.submit(f"{evil}/draft", {**typed, "revision": "2"}, headers=partial()),
        "presence": lambda: client.submit(f"{evil}/presence", {**typed, "revision": "2"}, headers=partial()),
        "autosave": lambda: client.submit(f"{evil}/draft", {**typed, "revision": "3"}, headers=partial()),
        "test": lambda: client.submit(
            f"{evil}/test-sends",
            {**typed, "revision": "3", "to": "<script>alert(2)</script>", "idempotency_key": "t"},
            headers=partial(),
        ),
        "message": lambda: client.get(made()),
        "draft": lambda: client.get(made(draft=True), follow_redirects=True),
        "log": lambda: client.get(f"{event}/audit"),
    }
    answer = pages[ask]()
    assert answer.status_code in (200, 400, 409)
    assert LIVE.findall(answer.text) == []
    told = {"autosave": False, "test": False}.get(ask, True)  # the one says when, the other what is no address
    assert (LITERAL in answer.text) == told
    if ask in ("detail", "revisions", "conflict"):
        assert re.search(
            r"<ins>[^<]*&lt;svg/onload=alert\(3\)&gt;|<del>[^<]*&lt;svg/onload=alert\(3\)&gt;", answer.text
        )


@pytest.mark.parametrize("first_name", ["<a href=//evil>x</a>", EVIL, "{event.title}", "**bold**"])
def test_G14_a_value_of_a_guest_is_literal_text_in_html_text_and_subject(
    api: Any, published: str, add_guests: Any, first_name: str
) -> None:
    [guest] = add_guests([{"email": "a@x.org", "first_name": first_name}])
    api.patch(published, json={"revision": 1, "body": "Dear {guest.firstName}!"})
    for snapshot, subject in (("published", f"Hi {first_name}"), ("draft", f"Hi {first_name}")):
        shown = api.get(f"{published}/preview?snapshot={snapshot}&guest={guest}").json
        assert shown["subject"] == subject
    assert shown["text"].splitlines()[0] == f"Dear {first_name}!"
    assert f"Dear {first_name}!" in words(unescape_once(shown["html"]))
    assert LIVE.findall(shown["html"]) == []


def unescape_once(html: str) -> str:
    """The paragraph that greets the guest; its own marks, had it any, would be left out by `words`."""
    found = re.search(r"<p[^>]*>(Dear .*?!)</p>", html, re.DOTALL)
    assert found, html[:500]
    assert "<" not in found[1]
    return found[1]


def test_C4_a_body_that_is_html_is_cleaned_in_the_preview_and_literal_where_it_is_shown(api: Any, evil: str) -> None:
    for snapshot in ("published", "draft"):
        shown = api.get(f"{evil}/preview?snapshot={snapshot}").json
        assert LIVE.findall(shown["html"]) == []
        assert shown["subject"] == {"published": EVIL, "draft": OTHER}[snapshot]
    assert WRITTEN["name"] not in api.get(evil).json["name"]
