"""Many guests changed over HTTP: by form without script, with its undo, and by JSON."""

import re
from html import unescape
from typing import Any

import pytest

from eventmail.models import Guest, GuestChange
from tests.support.web import words


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests"


def statuses(rows: Any) -> list[str]:
    return [guest.status for guest in rows(Guest)]


def test_ticked_guests_are_changed_and_the_notice_offers_an_undo_that_survives_a_reload(
    client: Any, url: str, add_guests: Any, rows: Any
) -> None:
    ids = add_guests(3, status="invited")
    answer = client.submit(
        f"{url}/changes?status=invited&q=guest",
        {"change": "status", "status": "confirmed", "tag": "", "guests": [str(ids[0]), str(ids[2])], "total": "3"},
    )
    assert (answer.status_code, statuses(rows)) == (303, ["confirmed", "invited", "confirmed"])
    where = answer.headers["Location"]
    assert where.startswith(f"{url}?q=guest&status=invited&changed=")
    for _ in range(2):
        page = client.get(where)
        assert "2 guests set to confirmed" in words(page)
    undo = unescape(re.search(r'action="([^"]*/undo[^"]*)"', page.text)[1])  # type: ignore[index]
    answer = client.submit(undo)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{url}?q=guest&status=invited")
    assert statuses(rows) == ["invited"] * 3
    assert "Undone: 2 guests are as before." in words(client.get(answer.headers["Location"]))
    again = client.get(where)
    assert "Undone by Oscar Organizer ." in words(again)
    assert "/undo" not in again.text
    refused = client.submit(undo)
    assert (refused.status_code, 'data-error-code="UNDO_OVER"' in refused.text) == (409, True)


def test_all_that_match_are_changed_on_every_page(client: Any, url: str, add_guests: Any, rows: Any) -> None:
    add_guests(5, status="invited")
    add_guests(2, status="declined", first_name="Dora")
    page = client.get(f"{url}?status=invited&per_page=2")
    assert "All 5 that match" in words(page)
    assert '<input type="hidden" name="total" value="5">' in page.text
    action = unescape(re.search(r'action="([^"]*/changes[^"]*)"', page.text)[1])  # type: ignore[index]
    answer = client.submit(action, {"change": "add_tag", "tag": "vip", "all": "true", "total": "5"})
    assert answer.status_code == 303
    assert "Tag “vip” added to 5 guests" in words(client.get(answer.headers["Location"]))
    assert [[tag.tag for tag in guest.tags] for guest in rows(Guest)] == [["vip"]] * 5 + [[]] * 2


def test_a_refused_change_keeps_ticks_words_filter_and_page(client: Any, url: str, add_guests: Any, rows: Any) -> None:
    ids = add_guests(5, status="invited")
    answer = client.submit(
        f"{url}/changes?status=invited&per_page=2&page=2",
        {"change": "add_tag", "tag": "a,b", "guests": [str(ids[2])], "status": "declined", "total": "5"},
    )
    assert (answer.status_code, statuses(rows)) == (400, ["invited"] * 5)
    assert "A comma or semicolon separates tags" in words(answer)
    ticked = re.findall(r'name="guests" value="(\d+)"[^>]* checked', answer.text)
    assert (ticked, "3–4 of 5" in words(answer), 'value="a,b"' in answer.text) == ([str(ids[2])], True, True)
    assert '<option value="declined" selected>' in answer.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"change": "status", "status": "declined"}, "Tick the guests first"),
        ({"change": "status", "status": "", "guests": "1"}, "Choose a status first."),
        ({"change": "add_tag", "tag": "", "guests": "1"}, "Type a tag first."),
        ({"change": "status", "status": "declined", "all": "true", "total": "4"}, "now it is 3"),
        (
            {"change": "status", "status": "confirmed", "all": "true", "total": "3"},
            "Each of these 3 guests is confirmed",
        ),
    ],
)
def test_what_cannot_be_done_says_so_and_changes_nobody(
    client: Any, url: str, add_guests: Any, rows: Any, count: Any, given: dict[str, str], said: str
) -> None:
    add_guests(3)
    answer = client.submit(f"{url}/changes", given)
    assert (answer.status_code in (400, 409), said in words(answer)) == (True, True)
    assert (statuses(rows), count(GuestChange)) == (["confirmed"] * 3, 0)


def test_json_changes_and_undoes(api: Any, url: str, add_guests: Any, rows: Any) -> None:
    ids = add_guests(3)
    made = api.post(
        f"{url}/changes", json={"change": "status", "status": "declined", "guests": [str(ids[0]), "nonsense"]}
    )
    assert (made.status_code, {**made.json, "id": ""}) == (
        201, {"id": "", "picked": 1, "changed": 1, "undo": f"{url}/changes/{made.json['id']}/undo"},
    )  # fmt: skip
    undone = api.post(made.json["undo"], json={})
    assert (undone.status_code, undone.json, statuses(rows)) == (200, {"restored": 1, "left": 0}, ["confirmed"] * 3)
    again = api.post(made.json["undo"], json={})
    assert (again.status_code, again.json["code"]) == (409, "UNDO_OVER")
    unsure = api.post(f"{url}/changes", json={"change": "add_tag", "tag": "vip", "all": True})
    assert (unsure.status_code, unsure.json["errors"][0]["field"]) == (400, "total")
    wrong = api.post(f"{url}/changes", json={"change": "delete", "guests": [str(ids[0])]})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (400, "change")


def test_changes_of_other_events_are_404_and_forms_without_a_token_change_nothing(
    api: Any, client: Any, owner: Any, url: str, add_event: Any, add_guest: Any, rows: Any
) -> None:
    guest_id = add_guest()
    made = api.post(f"{url}/changes", json={"change": "status", "status": "declined", "guests": [str(guest_id)]})
    other, hidden = (f"/admin/events/{add_event(by, restricted=bool(by))}/guests" for by in (None, owner))
    for stranger in (other, hidden):
        assert api.post(f"{stranger}/changes/{made.json['id']}/undo", json={}).status_code == 404
    assert api.post(f"{hidden}/changes", json={"change": "add_tag", "tag": "x", "guests": ["1"]}).status_code == 404
    assert client.post(made.json["undo"]).status_code == 403
    assert client.post(f"{url}/changes", data={"change": "add_tag", "tag": "x", "all": "true"}).status_code == 403
    assert statuses(rows) == ["declined"]
    assert client.get(f"{other}?changed={made.json['id']}").status_code == 200
    assert "set to declined" not in words(client.get(f"{other}?changed={made.json['id']}"))
