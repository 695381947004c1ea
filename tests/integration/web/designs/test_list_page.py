"""The page of the list, and what somebody may have typed into a design: nothing of it becomes markup (D2, C4)."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask

from tests.support import seeding
from tests.support.designing import WRITTEN, design
from tests.support.forms import filled
from tests.support.web import partial, words

EVIL = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
OTHER = "<svg/onload=alert(3)>"  # one word, so that a comparison shows it whole
LITERAL = "&lt;img src=x onerror=alert(1)&gt;"
LIVE = re.compile(r"<img src=x|<script>alert|<a href=//evil|<svg/onload", re.IGNORECASE)


def links(page: Any, url: str) -> list[dict[str, list[str]]]:
    """The queries of the links to the list, except that of the navigation."""
    found = [urlsplit(unescape(target)) for target in re.findall(r'href="([^"]+)"', page.text)]
    return [parse_qs(one.query) for one in found if one.path == url and one.query]


@pytest.fixture
def many(app: Flask, organizer: Any, event_id: int) -> None:
    """Sixty designs, three of them reminders."""
    with app.app_context():
        by = seeding.acting(organizer)
        for number in range(60):
            kind = "reminder" if number < 3 else "update"
            design(event_id, by, name=f"Day & night {number:02}", message_type=kind)


def test_G11_a_filter_chosen_on_page_three_leads_to_its_first_page_and_the_pager_keeps_the_filters(
    client: Any, url: str, many: None
) -> None:
    third = client.get(f"{url}?q=day+%26&state=draft&per_page=20&page=3")
    assert names(third) == [f"Day & night {number}" for number in range(40, 60)]
    narrowed = {"q": ["day &"], "state": ["draft"], "per_page": ["20"]}
    found = links(third, url)
    assert narrowed in found, "page 1 is the list without a page"
    assert {query["page"][0] for query in found if "page" in query} == {"2", "3"}
    for query in found:
        is_of_the_pager = query.get("state") == ["draft"]
        assert {**query, "page": [], "state": []} == {**narrowed, "page": [], "state": []}
        assert is_of_the_pager or "page" not in query
    form = filled(third.text, "type")
    assert {name: values for name, values in form.items() if values != [""]} == narrowed
    chosen = client.get(f"{url}?q=day+%26&state=draft&per_page=20&type=reminder")
    past = client.get(f"{url}?q=day+%26&state=draft&per_page=20&type=reminder&page=3")
    assert names(chosen) == names(past) == ["Day & night 00", "Day & night 01", "Day & night 02"]


def names(page: Any) -> list[str]:
    """The names in the table, from its first row to its last."""
    found = re.findall(r'dir="auto">(Day &amp; night \d\d)<', page.text)
    return [unescape(name) for name in found]


def test_D2_the_numbers_on_the_filters_are_those_of_the_rows_behind_them(client: Any, url: str, many: None) -> None:
    for query in ("", "?q=night+0", "?state=draft", "?type=reminder", "?q=zebra", "?state=archived&type=update"):
        page = client.get(url + query)
        tabs = re.findall(rf'href="({re.escape(url)}[^"]*)"[^>]*>\s*[^<]+?\s*<span class="number">([\d,]+)<', page.text)
        types = re.findall(r'<option value="(\w*)"[^>]*>[^<]+ \((\d+)\)</option>', page.text)
        assert (len(tabs), len(types)) == (5, 6)
        behind = [(unescape(target), number) for target, number in tabs]
        others = parse_qs(query.removeprefix("?")) | {"type": []}
        behind += [(f"{url}?{urlencode(others | {'type': [kind]}, doseq=True)}", number) for kind, number in types]
        for target, number in behind:
            assert client.get(target, headers={"Accept": "application/json"}).json["total"] == int(number)


def test_D2_a_page_past_the_end_shows_the_last_one(client: Any, url: str, many: None) -> None:
    last, past = (client.get(f"{url}?per_page=20&page={page}") for page in (3, 99))
    assert names(last) == names(past) == [f"Day & night {number}" for number in range(40, 60)]


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
