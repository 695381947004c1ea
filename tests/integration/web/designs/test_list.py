"""The list of designs as a page: rows, filters, pages (D1, D2)."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventmail.domain.designs import edit, revisions
from eventmail.domain.designs.edit import DesignVersion
from eventmail.domain.mailings import test_sends
from tests.support import seeding
from tests.support.queries import count_queries
from tests.support.seeding import Person
from tests.support.web import Client, error_code, partial, words
from tests.support.written import PLACE

Add = Callable[..., int]


@pytest.fixture
def kinds(add: Add) -> dict[str, int]:
    """One design of each state, of three types."""
    return {
        "Archived": add("Archived", "reminder", archived=True),
        "Changed": add("Changed", "invitation", changed=True),
        "Draft": add("Draft", "calendar"),
        "Published": add("Published", "invitation", published=True),
    }


def names(answer: TestResponse) -> list[str]:
    """The names in the rows, in order."""
    return [unescape(name) for name in re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', answer.text)]


def row(answer: TestResponse, design_id: int) -> str:
    """What a row reads, the menu of it last."""
    return words(answer.text.partition(f'data-design="{design_id}">')[2].partition("</tr>")[0])


def states(answer: TestResponse) -> list[tuple[str, str, str]]:
    """(current, label, number) of each filter by state."""
    nav = answer.text.partition('aria-label="Filter by state"')[2].partition("</nav>")[0]
    return re.findall(r'<a [^>]*?( aria-current="page")?>([\w +]+) <span class="number">(\d+)</span>', nav)


def types(answer: TestResponse) -> list[tuple[str, str, str]]:
    """(selected, label, number) of each choice of the filter by type."""
    return re.findall(r'<option value="[a-z_]*"( selected)?>([\w -]+) \((\d+)\)', answer.text)


def links(answer: TestResponse) -> list[str]:
    """The addresses of the list that this page leads to, in order, each once."""
    found = re.findall(r'href="([^"]*/email-templates(?:\?[^"]*)?)"', answer.text)
    return list(dict.fromkeys(unescape(link) for link in found))


def pager(answer: TestResponse) -> list[str]:
    """The addresses below the rows, in order."""
    nav = answer.text.partition('<nav class="pages"')[2].partition("</nav>")[0]
    return [unescape(link) for link in re.findall(r'<a [^>]*?href="([^"]*)"', nav)]


def test_D1_a_row_tells_name_first_words_type_state_last_test_and_who_wrote_last(
    client: Client, url: str, add: Add, app: Flask, event_id: int, organizer: Person, clock: Any
) -> None:
    body = "Hi {guest.firstName|you},\n\n**come** to {event.title}!"
    design_id = add("Save the date", "invitation", published=True, body=body)
    with app.app_context():
        text, origin = revisions.snapshot(edit.find(event_id, design_id), "published")
        wanted = test_sends.Wanted(text, to=("ann@x.org", "bo@x.org"), origin=origin)
        test_sends.send(event_id, wanted, key="t", terms=PLACE, by=seeding.acting(organizer))
    at = clock.now().astimezone(ZoneInfo("Europe/Berlin"))
    assert row(client.get(url), design_id) == (
        "Save the date Hi First name, or you , come to Event title ! Invitation Published v1 On its way "
        f"{at:%-d %b}, {at:%H:%M} to ann@x.org, bo@x.org {at:%-d %b %Y} by Oscar Organizer Use v1 : Save the date "
        "Schedule v1 … Duplicate Copy to another event … Archive Delete …"
    )
    bare = add("Blank", body="")
    assert row(client.get(url), bare) == (
        f"Blank Nothing written yet Update Draft None yet {at:%-d %b %Y} by Oscar Organizer Use draft : Blank "
        "Schedule the draft … Duplicate Copy to another event … Archive Delete …"
    )


def test_D2_filters_count_what_they_would_show_the_other_filters_as_they_are(
    client: Client, url: str, kinds: dict[str, int]
) -> None:
    everything = client.get(url)
    assert names(everything) == ["Changed", "Draft", "Published"]
    current = ' aria-current="page"'
    assert states(everything) == [
        (current, "All", "3"), ("", "Draft", "1"), ("", "Published", "2"), ("", "Published + changes", "1"),
        ("", "Archived", "1"),
    ]  # fmt: skip
    assert types(everything) == [
        ("", "Every type", "3"), ("", "Invitation", "2"), ("", "Update", "0"), ("", "Reminder", "0"),
        ("", "Calendar mail", "1"), ("", "Follow-up", "0"),
    ]  # fmt: skip
    one = client.get(f"{url}?type=invitation&state=changed&q=chang")
    assert names(one) == ["Changed"]
    assert states(one) == [
        ("", "All", "1"), ("", "Draft", "0"), ("", "Published", "1"), (current, "Published + changes", "1"),
        ("", "Archived", "0"),
    ]  # fmt: skip
    assert [(chosen, label, number) for chosen, label, number in types(one) if number != "0"] == [
        ("", "Every type", "1"), (" selected", "Invitation", "1"),
    ]  # fmt: skip
    assert links(one) == [
        url, f"{url}?type=invitation&q=chang", f"{url}?state=draft&type=invitation&q=chang",
        f"{url}?state=published&type=invitation&q=chang", f"{url}?state=changed&type=invitation&q=chang",
        f"{url}?state=archived&type=invitation&q=chang",
    ]  # fmt: skip


def test_D2_G11_a_filter_chosen_on_page_3_shows_its_page_1_and_no_link_names_a_page_that_is_gone(
    client: Client, url: str, add: Add
) -> None:
    for number in range(6):
        add(f"Design {number}", "reminder" if number == 4 else "update")
    third = client.get(f"{url}?per_page=2&page=3")
    assert names(third) == ["Design 4", "Design 5"]
    filters = third.text.partition('aria-label="Filter by state"')[2].partition("</nav>")[0]
    assert [unescape(link) for link in re.findall(r'href="([^"]*)"', filters)] == [
        f"{url}?per_page=2",
        *(f"{url}?state={state}&per_page=2" for state in ("draft", "published", "changed", "archived")),
    ]
    search = third.text.partition('role="search"')[2].partition("</form>")[0]
    assert re.findall(r'name="(\w+)"', search) == ["q", "type", "per_page"]
    reminders = client.get(f"{url}?type=reminder&per_page=2&page=3")  # as a shared address may still say
    assert names(reminders) == ["Design 4"]
    assert "1–1 of 1" in words(reminders)
    assert [link for link in links(reminders) if re.search(r"\Wpage=", link)] == []
    middle = client.get(f"{url}?state=draft&type=update&q=design&per_page=2&page=2")
    kept = f"{url}?state=draft&type=update&q=design"
    assert pager(middle) == [
        f"{kept}&per_page=2", f"{kept}&per_page=2", f"{kept}&per_page=2&page=2", f"{kept}&per_page=2&page=3",
        f"{kept}&per_page=2&page=3",
    ]  # fmt: skip


def test_D2_a_search_swaps_the_rows_and_the_numbers_alone_and_names_the_address_to_share(
    client: Client, url: str, kinds: dict[str, int]
) -> None:
    part = client.get(f"{url}?q=&type=invitation&state=", headers=partial())
    assert names(part) == ["Changed", "Published"]
    assert part.headers["HX-Push-Url"] == f"{url}?type=invitation"
    assert "<html" not in part.text
    assert 'name="q"' not in part.text
    assert [number for _, _, number in types(part)] == ["3", "2", "0", "0", "1", "0"]
    shared = client.get(part.headers["HX-Push-Url"])
    assert (names(shared), states(shared), types(shared)) == (names(part), states(part), types(part))


def test_D2_a_filter_that_does_not_exist_is_refused_in_words(client: Client, url: str) -> None:
    answer = client.get(f"{url}?state=lost")
    assert (answer.status_code, error_code(answer)) == (400, ["INVALID_INPUT"])
    assert "The state must be one of draft, published, changed, archived." in words(answer)


def test_D2_while_fifty_rows_are_written_each_name_stands_on_one_page_and_the_numbers_agree(
    client: Client, url: str, add: Add, app: Flask, event_id: int, organizer: Person
) -> None:
    made = [add(f"Design {number:02}") for number in range(60)]
    first = client.get(f"{url}?per_page=20")
    with app.app_context():
        for design_id in made[:50]:
            edit.save(event_id, design_id, DesignVersion(1), {"body": "Written meanwhile"}, seeding.acting(organizer))
    rest = [client.get(f"{url}?per_page=20&page={page}") for page in (2, 3)]
    assert [name for page in (first, *rest) for name in names(page)] == [f"Design {number:02}" for number in range(60)]
    for page in (first, *rest):
        assert states(page)[0][2] == "60"
        assert words(page).count("of 60") == 1


def test_D2_a_page_of_fifty_takes_as_many_statements_as_one_of_two(client: Client, url: str, add: Add) -> None:
    def ask() -> int:
        with count_queries() as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    for number in range(2):
        add(f"Design {number}")
    ask()  # what each page counts is remembered until somebody writes
    few = ask()
    for number in range(2, 50):
        add(f"Design {number}")
    ask()
    assert ask() == few


def test_what_people_typed_is_read_and_never_run(client: Client, url: str, add: Add) -> None:
    evil = "<img src=x onerror=alert(1)>"
    design_id = add(evil, subject=evil, body=f"{evil} {{guest.firstName|{evil}}} `{{event.title}}`")
    page = client.get(f"{url}?q={evil}")
    assert names(page) == [evil]
    assert row(page, design_id).startswith(f"{evil} {evil} First name, or {evil} Event title ")
    assert "<img src=x" not in page.text


def test_each_empty_list_says_what_to_do_next(client: Client, url: str, add: Add) -> None:
    nothing = client.get(url)
    assert "No designs yet A design is a text that you keep and use again" in words(nothing)
    assert (states(nothing), types(nothing)) == ([], [])
    design_id = add("Only one")
    assert "Nothing here No design is in the archive. Show all designs" in words(client.get(f"{url}?state=archived"))
    assert "Nothing here No design is published. Show all designs" in words(client.get(f"{url}?state=published"))
    assert "No design matches Try fewer letters or another filter." in words(client.get(f"{url}?q=none"))
    assert "No design matches No design here is of this type." in words(client.get(f"{url}?type=calendar"))
    client.submit(f"{url}/{design_id}/archiving")
    left = client.get(url)
    assert "Every design is in the archive Bring one back, or write a new one. Open the archive" in words(left)
    assert names(client.get(f"{url}?state=archived")) == ["Only one"]
