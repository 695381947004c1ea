"""What is done with a row of the list of designs: use, copy, archive, delete (D1, D2, D3)."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventmail.domain.designs import edit, lifecycle, revisions
from eventmail.domain.mailings import test_sends
from eventmail.models import Design, DraftText, Mailing, Recipient
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client, error_code, words
from tests.support.written import PLACE

Add = Callable[..., int]


def names(answer: TestResponse) -> list[str]:
    """The names in the rows, in order."""
    return [unescape(name) for name in re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', answer.text)]


def row(answer: TestResponse, design_id: int) -> str:
    """What a row reads, the menu of it last."""
    return words(answer.text.partition(f'data-design="{design_id}">')[2].partition("</tr>")[0])


def pager(answer: TestResponse) -> list[str]:
    """The addresses below the rows, in order."""
    nav = answer.text.partition('<nav class="pages"')[2].partition("</nav>")[0]
    return [unescape(link) for link in re.findall(r'<a [^>]*?href="([^"]*)"', nav)]


def press(client: Client, answer: TestResponse, label: str, nth: int = 0) -> TestResponse:
    """Press the button of the list with this label."""
    buttons = re.findall(r'form="designs-form" formaction="([^"]*)">([^<]*)<', answer.text)
    found = [unescape(action) for action, said in buttons if said == label]
    key = re.findall(r'name="idempotency_key" value="([^"]+)"', answer.text)[0]
    return client.submit(found[nth], {"idempotency_key": key})


@pytest.mark.parametrize(
    ("label", "body", "number", "path"),
    [
        ("Use v1", "Come to {event.title}.", 1, "messages"),
        ("Use the draft", "Another text", None, "messages"),
        ("Schedule v1 …", "Come to {event.title}.", 1, "scheduled"),
    ],
)
def test_D3_use_begins_a_message_with_the_snapshot_that_the_button_names(
    client: Client, url: str, add: Add, rows: Any, event_id: int, label: str, body: str, number: int | None, path: str
) -> None:
    design_id = add("Changed", changed=True)
    answer = press(client, client.get(url), label)
    [message], [text] = rows(Mailing), rows(DraftText)
    assert (answer.status_code, answer.location) == (303, f"/admin/events/{event_id}/{path}/{message.id}")
    assert (message.state, message.design_id, message.design_number, text.body) == ("draft", design_id, number, body)
    assert body in unescape(client.get(answer.location or "").text)


def test_E1_pressing_use_or_duplicate_twice_on_one_page_makes_one(
    client: Client, url: str, add: Add, count: Any
) -> None:
    add("Draft")
    page = client.get(url)
    used = {press(client, page, "Use draft").location for _ in range(2)}
    copied = {press(client, page, "Duplicate").location for _ in range(2)}
    assert (len(used), len(copied), count(Mailing), count(Design)) == (1, 1, 1, 2)
    press(client, client.get(url), "Duplicate")
    assert count(Design) == 3


def test_D2_archive_and_bring_back_lead_back_to_the_same_place_of_the_list(client: Client, url: str, add: Add) -> None:
    for number in range(5):
        add(f"Design {number}")
    here = f"{url}?state=draft&q=design&page=2&per_page=2"
    answer = press(client, client.get(here), "Archive")
    assert answer.location == here
    after = client.get(here)
    assert names(after) == ["Design 3", "Design 4"]
    assert "“Design 2” is in the archive. Messages that have its text keep it." in words(after)
    archived = client.get(f"{url}?state=archived")
    assert "Use" not in row(archived, 3)
    assert press(client, archived, "Bring back").location == f"{url}?state=archived"
    assert "“Design 2” is back in the list." in words(client.get(url))
    assert names(client.get(url)) == [f"Design {number}" for number in range(5)]


def test_D3_a_refusal_is_shown_above_the_list_where_the_button_was_pressed(
    client: Client, url: str, add: Add, app: Flask, event_id: int, organizer: Person, count: Any
) -> None:
    for number in range(4):
        add(f"Design {number}", published=True)
    page = client.get(f"{url}?state=published&page=2&per_page=2")
    with app.app_context():
        lifecycle.archive(event_id, 3, seeding.acting(organizer))
    refused = press(client, page, "Use v1")
    assert (refused.status_code, error_code(refused), count(Mailing)) == (409, ["DESIGN_ARCHIVED"], 0)
    assert 'data-test="email-design-warning" data-error-code="DESIGN_ARCHIVED"' in refused.text
    assert names(refused) == ["Design 3"]
    first, second = f"{url}?state=published&per_page=2", f"{url}?state=published&per_page=2&page=2"
    assert pager(refused) == [first, first, second]


def test_D3_only_a_design_that_no_message_names_can_be_deleted_from_its_row(client: Client, url: str, add: Add) -> None:
    used, unused = add("Used"), add("Unused")
    press(client, client.get(url), "Use draft", nth=1)
    page = client.get(f"{url}?q=use")
    assert [row(page, one).endswith("Delete …") for one in (used, unused)] == [False, True]
    assert f'href="{url}/{unused}/deletion?q=use"' in page.text
    asked = client.get(f"{url}/{unused}/deletion?q=use")
    [action] = re.findall(r'action="([^"]*/deletion[^"]*)"', asked.text)
    assert client.submit(unescape(action)).location == f"{url}?q=use"
    assert names(client.get(url)) == ["Used"]


def test_a_test_of_a_design_keeps_nobody_from_deleting_it(
    client: Client, url: str, add: Add, app: Flask, event_id: int, organizer: Person, rows: Any
) -> None:
    design_id = add("Tested")
    with app.app_context():
        text, origin = revisions.snapshot(edit.find(event_id, design_id), "draft")
        test_sends.send(event_id, test_sends.Wanted(text, origin=origin), key="t", terms=PLACE,
                        by=seeding.acting(organizer))  # fmt: skip
    assert row(client.get(url), design_id).endswith("Delete …")
    assert [one.email for one in rows(Recipient)] == [organizer.email]


def test_a_copy_goes_to_an_event_that_this_person_sees_and_to_no_other(
    client: Client, url: str, add: Add, add_event: Any, add_person: Any, rows: Any, app: Flask
) -> None:
    design_id = add("Thanks", published=True)
    open_, hidden = add_event(title="Summer <b>Picnic</b>"), add_event(add_person("Bo", "bo@x.org"), restricted=True)
    page = client.get(f"{url}/{design_id}/copies?q=tha")
    choices = re.findall(r'<option value="(\d*)"[^>]*>([^<]*)<', page.text)
    assert [(value, unescape(said)) for value, said in choices] == [
        ("", "Choose …"), (str(open_), "Summer <b>Picnic</b>"),
    ]  # fmt: skip
    for given, code in (("", "REQUIRED"), (str(hidden), "UNKNOWN_EVENT"), ("nonsense", "UNKNOWN_EVENT")):
        refused = client.submit(f"{url}/{design_id}/copies", {"event": given})
        assert (refused.status_code, error_code(refused)[0]) == (400, "INVALID_INPUT")
        assert ('data-test="design-copying-form"' in refused.text, code) == (True, code)
    assert [one.name for one in rows(Design)] == ["Thanks"]
    answer = client.submit(f"{url}/{design_id}/copies", {"event": str(open_)})
    [copied] = rows(Design, Design.event_id == open_)
    assert (copied.name, copied.published, copied.body) == ("Thanks", None, "Come to {event.title}.")
    assert answer.location == f"/admin/events/{open_}/email-templates/{copied.id}"
    said = words(client.get(answer.location or ""))
    assert "This is the copy in “Summer <b>Picnic</b>”. Change it as you like; the other one stays as it is." in said


def test_without_another_event_the_copy_page_says_so(client: Client, url: str, add: Add) -> None:
    page = client.get(f"{url}/{add('Thanks')}/copies")
    assert "There is no other event You see no other event that is not archived. Back to the designs" in words(page)


def test_S1_a_program_that_repeats_its_key_gets_the_same_copy(api: Client, url: str, add: Add, count: Any) -> None:
    design_id, headers = add("Thanks"), {"Idempotency-Key": "once"}
    first, again = (api.post(f"{url}/{design_id}/copies", json={}, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert count(Design) == 2
