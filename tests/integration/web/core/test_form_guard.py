"""Forms that were open while somebody else changed what they show: nothing is taken back unseen."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.audience import segments
from eventmail.domain.events import edit
from eventmail.domain.guests import bulk_change
from eventmail.domain.guests import edit as guest_edit
from eventmail.domain.guests.filters import Filter
from eventmail.models import AuditEntry, Event, Guest, Segment, SegmentGuest
from eventmail.states import ChangeKind
from tests.support.forms import filled
from tests.support.meanwhile import at_first_write
from tests.support.seeding import Person, acting
from tests.support.web import Client, error_code, words

GUEST = {"email": "ana@guests.org", "first_name": "Ana", "last_name": "Ruis", "status": "confirmed", "tags": ("vip",),
         "attributes": {"Table": "7", "Note": "two\nlines"}}  # fmt: skip
VIP = {"all": [{"field": "tag", "op": "is", "value": "vip"}, {"field": "email", "op": "is_not_empty", "value": ""}]}


@pytest.fixture
def colleague(app: Flask, add_person: Callable[..., Person]) -> Callable[..., Any]:
    """colleague(command, *its arguments): somebody else does this."""
    cleo = add_person("Cleo <b>", "cleo@organizers.example")

    def does(command: Callable[..., Any], *arguments: Any) -> Any:
        with app.app_context():
            return command(*arguments, acting(cleo))

    return does


@pytest.fixture
def guest_id(app: Flask, event_id: int, colleague: Callable[..., Any]) -> int:
    return int(colleague(guest_edit.add, event_id, GUEST))


@pytest.fixture
def guest_url(event_id: int, guest_id: int) -> str:
    return f"/admin/events/{event_id}/guests/{guest_id}"


def form(client: Client, url: str, having: str, **typed: Any) -> dict[str, Any]:
    """The form on a page as it stands, with something typed into it."""
    return filled(client.get(url).text, having) | typed


def test_a_status_that_a_colleague_set_is_not_taken_back_by_a_form_that_was_open(
    client: Client, event_id: int, guest_id: int, guest_url: str, colleague: Any, row: Any, rows: Any
) -> None:
    mine = form(client, guest_url, "first_name", last_name="Ruiz", first_name="Anna")
    colleague(guest_edit.edit, event_id, guest_id, {"status": "declined", "last_name": "Ruhs", "tags": []})
    answer = client.submit(guest_url, mine)
    assert (answer.status_code, error_code(answer)) == (409, ["STALE_REVISION"])
    said = words(answer)
    assert "Cleo <b> changed this at " in said
    for told in ("Last name is “Ruhs” now.", "Status is “declined” now.", "Tags is empty now.", "Nothing was saved."):
        assert told in said
    assert (row(Guest).status, row(Guest).last_name, row(Guest).first_name) == ("declined", "Ruhs", "Ana")
    again = filled(answer.text, "first_name")  # what I typed is kept; what I left alone is what is there now
    assert [again[name] for name in ("first_name", "last_name", "status", "tags")] == [
        ["Anna"], ["Ruiz"], ["declined"], [""],
    ]  # fmt: skip
    assert client.submit(guest_url, again).status_code == 303  # having seen it
    guest = row(Guest)
    assert (guest.first_name, guest.last_name, guest.status, guest.tags) == ("Anna", "Ruiz", "declined", [])
    last = rows(AuditEntry, AuditEntry.action == "guest.edited")[-1]
    assert last.detail["after"] == {"first_name": "Anna", "last_name": "Ruiz"}


def test_a_change_of_many_is_seen_too_and_a_second_change_is_refused_again(
    app: Flask, client: Client, event_id: int, guest_id: int, guest_url: str, colleague: Any, row: Any
) -> None:
    mine = form(client, guest_url, "first_name", first_name="Anna")
    everybody = bulk_change.Everybody(Filter.ALL, "", 1)
    colleague(bulk_change.change, event_id, everybody, ChangeKind.STATUS, "declined")
    answer = client.submit(guest_url, mine)
    assert (answer.status_code, "Cleo <b> changed this at " in words(answer)) == (409, True)
    colleague(guest_edit.edit, event_id, guest_id, {"attributes": {"Table": "8"}})
    answer = client.submit(guest_url, filled(answer.text, "first_name"))
    assert (answer.status_code, "“Table” is “8” now." in words(answer)) == (409, True)
    assert (row(Guest).first_name, row(Guest).attributes["Table"]) == ("Ana", "8")


def test_a_form_that_shows_what_is_there_is_saved_and_so_is_one_field_by_a_program(
    client: Client, api: Client, event_id: int, guest_id: int, guest_url: str, colleague: Any, row: Any
) -> None:
    for first_name in ("Anna", "Anne"):
        assert client.submit(guest_url, form(client, guest_url, "first_name", first_name=first_name)).status_code == 303
    assert row(Guest).attributes == {"Table": "7", "Note": "two\nlines"}
    colleague(guest_edit.edit, event_id, guest_id, {"status": "declined"})
    assert api.patch(guest_url, json={"last_name": "Ruiz"}).json["status"] == "declined"  # type: ignore[index]


def test_a_change_that_comes_while_the_form_is_on_its_way_is_seen_in_the_transaction(
    app: Flask, client: Client, event_id: int, guest_id: int, guest_url: str, colleague: Any, row: Any
) -> None:
    mine = form(client, guest_url, "first_name", first_name="Anna")
    with at_first_write(app, lambda: colleague(guest_edit.edit, event_id, guest_id, {"status": "declined"})):
        assert client.submit(guest_url, mine).status_code == 409
    assert (row(Guest).status, row(Guest).first_name) == ("declined", "Ana")


def test_a_form_refused_for_another_reason_keeps_what_it_had_shown(
    client: Client, event_id: int, guest_id: int, guest_url: str, colleague: Any, row: Any
) -> None:
    mine = form(client, guest_url, "first_name", first_name="Anna")
    colleague(guest_edit.edit, event_id, guest_id, {"status": "declined"})
    answer = client.submit(guest_url, mine | {"no_such_field": "x"})
    assert answer.status_code == 400
    assert client.submit(guest_url, filled(answer.text, "first_name")).status_code == 409
    assert row(Guest).status == "declined"


@pytest.mark.parametrize("seen", ["{", "[]", "{}", '{"": 1}', "[" * 5000, '{"": "", "\\ud800": "x"}'])
def test_marks_that_cannot_be_read_save_nothing(client: Client, guest_url: str, row: Any, seen: str) -> None:
    answer = client.submit(guest_url, form(client, guest_url, "first_name", status="declined", seen=seen))
    assert (answer.status_code, row(Guest).status) == (400, "confirmed")


def test_a_segment_that_was_changed_meanwhile_is_not_put_back(
    client: Client, event_id: int, guest_id: int, colleague: Any, row: Any, rows: Any
) -> None:
    made = colleague(segments.create, event_id, {"name": "VIP", "rule": VIP, "guests": [str(guest_id)]})
    url = f"/admin/events/{event_id}/segments/{made}"
    mine = form(client, url, "match", name="Very important")
    narrowed = {"any": [{"field": "status", "op": "is", "value": "declined"}]}
    colleague(segments.edit, event_id, made, {"rule": narrowed, "guests": []})
    shown = client.submit(f"{url}/preview", mine)  # a look keeps what the page had shown
    answer = client.submit(url, filled(shown.text, "match"))
    assert (answer.status_code, error_code(answer)) == (409, ["STALE_REVISION"])
    said = words(answer)
    assert "Cleo <b> changed this at " in said
    assert "The rule is “status is declined” now. The number of guests picked by hand is “0” now." in said
    assert (row(Segment).name, row(Segment).rule, rows(SegmentGuest)) == ("VIP", narrowed, [])
    again = filled(answer.text, "match")
    assert (again["name"], again["field"], again.get("guests")) == (["Very important"], ["status"], None)
    assert client.submit(url, again).status_code == 303
    assert (row(Segment).name, row(Segment).rule, rows(SegmentGuest)) == ("Very important", narrowed, [])
    assert client.submit(url, form(client, url, "match", match="all")).status_code == 303


def test_an_event_that_was_changed_meanwhile_is_not_put_back(
    client: Client, event_id: int, colleague: Any, row: Any
) -> None:
    url = f"/admin/events/{event_id}/settings"
    colleague(edit.edit, event_id, {"description": "One\r\ntwo", "all_day": False})
    mine = form(client, url, "title", location="Pier 2", all_day="yes")
    before = row(Event)
    colleague(edit.edit, event_id, {"location": "Pier 1", "sender_name": "Cleo", "description": ""})
    answer = client.submit(url, mine)
    assert (answer.status_code, error_code(answer)) == (409, ["STALE_REVISION"])
    for told in ("Cleo <b> changed this at", "Location is “Pier 1” now.", "Sender name is “Cleo” now.",
                 "Description is empty now."):  # fmt: skip
        assert told in words(answer)
    assert (row(Event).location, row(Event).all_day) == ("Pier 1", False)
    again = filled(answer.text, "title")
    assert [again[name] for name in ("location", "sender_name", "description", "all_day", "title")] == [
        ["Pier 2"], ["Cleo"], [""], ["yes"], [before.title],
    ]  # fmt: skip
    assert client.submit(url, again).status_code == 303
    event = row(Event)
    assert (event.location, event.sender_name, event.description, event.all_day) == ("Pier 2", "Cleo", "", True)


def test_my_own_change_from_another_page_is_told_as_mine(client: Client, event_id: int, guest_url: str) -> None:
    first, second = (form(client, guest_url, "first_name", first_name=name) for name in ("Anna", "Anne"))
    assert client.submit(guest_url, first).status_code == 303
    assert "You changed this from somewhere else at " in words(client.submit(guest_url, second))


def test_what_changed_by_itself_is_nobodys_doing(
    app: Flask, client: Client, event_id: int, guest_id: int, colleague: Any
) -> None:
    made = colleague(segments.create, event_id, {"name": "VIP", "rule": VIP, "guests": [str(guest_id)]})
    url = f"/admin/events/{event_id}/segments/{made}"
    mine = form(client, url, "match", guests=[])
    colleague(guest_edit.delete, event_id, guest_id)
    answer = client.submit(url, mine)
    assert (answer.status_code, "Somebody changed this after you opened it." in words(answer)) == (409, True)
