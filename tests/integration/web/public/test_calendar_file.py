"""What the calendar file of an event says while the event changes, and what a program that has it already gets."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask
from icalendar import Calendar

from eventmail.domain.events import edit, lifecycle
from eventmail.models import Event, User
from tests.support.seeding import acting
from tests.support.web import Client

Link = Callable[[int], str]


def entry(data: bytes) -> Any:
    (found,) = Calendar.from_ical(data).walk("VEVENT")
    return found


def test_K3_an_event_moved_three_times_then_saved_unchanged_keeps_its_name_and_rises_in_sequence(
    app: Flask, visitor: Client, event_id: int, link: Link
) -> None:
    where, form = link(event_id), {}
    files = [visitor.get(where).data]
    for hour, location in ((19, "Pier 1"), (20, "Pier 2"), (18, "Old Town Hall, Berlin")):  # the third as at first
        form = {"starts_wall": datetime(2027, 6, 19, hour), "location": location}  # noqa: DTZ001  a wall time
        with app.app_context():
            edit.edit(event_id, form, acting())
        files.append(visitor.get(where).data)
    with app.app_context():
        edit.edit(event_id, form, acting())
    assert visitor.get(where).data == files[-1]
    found = [entry(data) for data in files]
    assert (len(set(files)), len({str(each["UID"]) for each in found})) == (4, 1)
    numbers = [each["SEQUENCE"] for each in found]
    assert numbers == sorted(set(numbers))


def test_G36_a_cancelled_event_says_so_in_front_and_rises_in_sequence(
    app: Flask, visitor: Client, event_id: int, link: Link
) -> None:
    where, found = link(event_id), []
    for change in (lambda: None, lambda: lifecycle.cancel(event_id, acting())):
        with app.app_context():
            change()
        found.append(entry(visitor.get(where).data))
    before, after = found
    assert (str(after["STATUS"]), str(after["SUMMARY"])) == ("CANCELLED", f"Cancelled: {before['SUMMARY']}")
    assert (after["SEQUENCE"] > before["SEQUENCE"], after["UID"]) == (True, before["UID"])


def test_K3_a_rotated_secret_leaves_the_entry_in_calendars_the_same(
    visitor: Client, event_id: int, link: Link, writing: Any
) -> None:
    before = visitor.get(link(event_id)).data
    with writing() as tx:
        tx.get_one(Event, event_id).ics_secret = "another"
    assert visitor.get(link(event_id)).data == before


def test_K3_the_file_says_what_the_settings_say_about_busy_and_reminder(
    api: Any, visitor: Client, event_id: int, link: Link
) -> None:
    api.patch(f"/admin/events/{event_id}", json={"busy": False, "reminder_minutes": 15})
    body = visitor.get(link(event_id)).data
    assert (b"\r\nTRANSP:TRANSPARENT\r\n" in body, b"\r\nTRIGGER:-PT15M\r\n" in body) == (True, True)


def test_K3_who_has_the_file_gets_nothing_anew_until_it_changes(
    app: Flask, visitor: Client, event_id: int, link: Link
) -> None:
    where = link(event_id)
    first = visitor.get(where)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = visitor.get(where, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert visitor.get(where, headers={"If-None-Match": f'W/{tag}, "other"'}).status_code == 304
    assert visitor.get(where, headers={"If-None-Match": '"other"'}).data == first.data
    with app.app_context():
        edit.edit(event_id, {"title": "Second"}, acting())
    changed = visitor.get(where, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)


def test_K3_a_compressed_file_has_a_weak_tag_that_is_known_again(
    app: Flask, visitor: Client, event_id: int, link: Link
) -> None:
    with app.app_context():
        edit.edit(event_id, {"description": "So much to say. " * 90}, acting())
    compressed = visitor.get(link(event_id), headers={"Accept-Encoding": "gzip"})
    tag = compressed.headers["ETag"]
    assert (compressed.headers["Content-Encoding"], tag[:2]) == ("gzip", "W/")
    assert visitor.get(link(event_id), headers={"Accept-Encoding": "gzip", "If-None-Match": tag}).status_code == 304


def test_K3_another_name_of_the_sender_is_another_file(
    app: Flask, visitor: Client, event_id: int, link: Link, writing: Any
) -> None:
    """It comes from the account where the event has none, and leaves the event's own time of change alone."""
    with app.app_context():
        edit.edit(event_id, {"sender_name": ""}, acting())
    where = link(event_id)
    tag = visitor.get(where).headers["ETag"]
    with writing() as tx:
        author = tx.get_one(User, tx.get_one(Event, event_id).created_by)
        author.name = "Somebody Else"
    answer = visitor.get(where, headers={"If-None-Match": tag})
    assert (answer.status_code, b"Somebody Else" in answer.data) == (200, True)


def test_K3_a_wrong_link_is_refused_whatever_the_caller_has_already(visitor: Client, event_id: int, link: Link) -> None:
    tag = visitor.get(link(event_id)).headers["ETag"]
    answer = visitor.get(link(event_id).replace(".ics", "x.ics"), headers={"If-None-Match": tag})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (403, "no-store")
