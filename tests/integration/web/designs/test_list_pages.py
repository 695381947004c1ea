"""The pages of the list: its filters and its pager keep each other (D2, G11)."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask

from tests.support import seeding
from tests.support.designing import design
from tests.support.forms import filled


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
