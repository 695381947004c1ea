"""What guests and machines reach without signing in."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar

from eventmail.db import fresh
from eventmail.domain import audience, events, merge
from eventmail.domain.audience import Audience
from eventmail.models import Event, Recipient, Suppression
from eventmail.settings import Settings
from eventmail.states import GuestStatus
from eventmail.web.access import OPEN, csrf
from tests.support import seeding
from tests.support.seeding import acting
from tests.support.web import Client

Link = Callable[[int], str]


@pytest.fixture
def link(app: Flask, settings: Settings) -> Link:
    """link(event): the path of its calendar file."""

    def path(event_id: int) -> str:
        place = merge.Place("", settings.secret, outside=False)
        with app.app_context():
            return merge.ics_url(seeding.event(event_id), place)

    return path


# The calendar file


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/calendar", "*/*", "", "image/png"])
def test_the_calendar_file_is_one_whatever_is_accepted_k3(
    visitor: Client, event_id: int, link: Link, accept: str
) -> None:
    answer = visitor.get(link(event_id), headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="event.ics"'
    (found,) = Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(found["SUMMARY"]) == "Fixture Gala"


def test_the_calendar_file_names_the_organizer_and_nobody_else_k3(
    visitor: Client, event_id: int, link: Link, add_guest: Any
) -> None:
    add_guest("secret@guests.org")
    body = visitor.get(link(event_id)).data
    assert (b"secret@guests.org" in body, b"ATTENDEE" in body, b"oscar@organizers.example" in body) == (
        False,
        False,
        True,
    )


def test_the_same_event_gives_the_same_bytes_and_an_edit_a_higher_number_k3(
    app: Flask, visitor: Client, event_id: int, link: Link
) -> None:
    where = link(event_id)
    first = visitor.get(where).data
    assert visitor.get(where).data == first
    numbers = []
    for title in ("Second", "Third"):
        with app.app_context():
            events.edit(event_id, {"title": title}, acting())
        (found,) = Calendar.from_ical(visitor.get(where).data).walk("VEVENT")
        numbers.append((int(str(found["SEQUENCE"])), str(found["SUMMARY"]), str(found["UID"])))
    (before,) = Calendar.from_ical(first).walk("VEVENT")
    assert numbers == [(1, "Second", str(before["UID"])), (2, "Third", str(before["UID"]))]


def test_every_event_has_a_file_whatever_its_signature_is_made_of_k3(
    visitor: Client, add_event: Any, link: Link
) -> None:
    """A signature may hold hyphens, which also stand before it."""
    links = [link(add_event()) for _ in range(24)]
    assert any(where.rpartition("/")[2].count("-") > 1 for where in links)
    assert {visitor.get(where).status_code for where in links} == {200}


def test_a_changed_link_is_403_and_a_missing_event_404_k3(
    app: Flask, visitor: Client, event_id: int, add_event: Any, link: Link
) -> None:
    where, other = link(event_id), link(add_event())
    number, _, signature = where.removeprefix("/calendar/").removesuffix(".ics").partition("-")
    others = other.removesuffix(".ics").partition("-")[2]
    forged = [f"{number}-{others}", f"{number}-{signature[:-1]}", f"{number}-{signature}A", f"{number}-", number,
              f"{number}-{signature.swapcase()}", f"{number}-%00", f"{number}-ü"]  # fmt: skip
    assert {name: visitor.get(f"/calendar/{name}.ics").status_code for name in forged} == dict.fromkeys(forged, 403)
    missing = [
        f"999-{signature}",
        f"0-{signature}",
        f"x-{signature}",
        f"{'9' * 40}-{signature}",
        f"-{signature}",
        f"0{number}-{signature}",
    ]
    assert {name: visitor.get(f"/calendar/{name}.ics").status_code for name in missing} == dict.fromkeys(missing, 404)


def test_a_rotated_secret_ends_every_earlier_link_k3(visitor: Client, event_id: int, link: Link, writing: Any) -> None:
    where = link(event_id)
    with writing() as tx:
        tx.get_one(Event, event_id).ics_secret = "another"
    assert (visitor.get(where).status_code, visitor.get(link(event_id)).status_code) == (403, 200)


def test_without_a_start_there_is_no_file_yet_k2(visitor: Client, add_event: Any, link: Link) -> None:
    answer = visitor.get(link(add_event(starts_wall=None, ends_wall=None)))
    assert (answer.status_code, "The time of this event is not set yet." in answer.text) == (404, True)


def test_a_restricted_event_has_its_file_for_whoever_holds_the_link_k3(
    visitor: Client, add_event: Any, link: Link
) -> None:
    assert visitor.get(link(add_event(restricted=True))).status_code == 200


# Off the list


@pytest.fixture
def off(api: Any, event_id: int, add_guest: Any, app: Flask, settings: Settings, row: Any) -> str:
    """The path of Ada's way off the list."""
    add_guest("Ada@guests.org")
    body = {"kind": "one_time", "subject": "Hi", "body": "Text", "audience": {"statuses": ["confirmed"]}}
    assert (
        api.post(f"/admin/events/{event_id}/mailings", json=body, headers={"Idempotency-Key": "k"}).status_code == 202
    )
    return merge.unsubscribe_url(row(Recipient).id, merge.Place("", settings.secret, outside=False))


def test_a_scanner_that_opens_the_link_changes_nothing_f2(visitor: Client, off: str, count: Any) -> None:
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch"}), ("OPTIONS", {})):
        assert visitor.open(off, method=method, headers=headers).status_code == 200
    assert count(Suppression) == 0
    page = visitor.get(off).text
    assert ("Ada@guests.org" in page, "Stop these mails" in page) == (True, True)


def test_one_press_is_enough_and_two_change_nothing_more_f2(
    visitor: Client, off: str, event_id: int, row: Any, app: Flask
) -> None:
    for _ in range(2):
        answer = visitor.post(off)
        assert (answer.status_code, "You are off the list" in answer.text) == (200, True)
    entry = row(Suppression)
    assert (entry.address, entry.scope, entry.reason) == ("ada@guests.org", str(event_id), "unsubscribed")
    assert "Stop these mails" not in visitor.get(off).text
    with app.app_context():
        found = audience.resolve(fresh(), Audience(event_id, (GuestStatus.CONFIRMED,), ()))
        assert (found.count, dict(found.excluded)) == (0, {"unsubscribed": 1})


def test_a_mail_service_posts_by_itself_f2(visitor: Client, off: str, count: Any) -> None:
    answer = visitor.post(off, data={"List-Unsubscribe": "One-Click"}, headers={"Accept": "*/*"})
    assert (answer.status_code, count(Suppression)) == (200, 1)


def test_a_link_that_was_changed_does_nothing_f2(visitor: Client, off: str, count: Any) -> None:
    forged = [
        off + "x",
        off[:-1],
        off.replace("-", "_", 1),
        "/unsubscribe/1-",
        "/unsubscribe/x",
        "/unsubscribe/999-abc",
    ]
    statuses = {(visitor.get(path).status_code, visitor.post(path).status_code) for path in forged}
    assert (statuses, count(Suppression)) == ({(403, 403)}, 0)


def test_the_link_of_a_preview_or_a_test_is_inert_e2(visitor: Client, off: str, count: Any) -> None:
    page = visitor.get("/unsubscribe/preview")
    press = visitor.post("/unsubscribe/preview", data={"List-Unsubscribe": "One-Click"})
    assert [(answer.status_code, "This link changes nothing" in answer.text) for answer in (page, press)] == [
        (200, True), (200, True),
    ]  # fmt: skip
    assert "<form" not in re.sub(r"(?s)<header.*?</header>", "", page.text)
    assert count(Suppression) == 0


def test_only_what_machines_post_needs_no_token(app: Flask) -> None:
    assert csrf._exempt_views == {
        "eventmail.web.public.unsubscribe", "eventmail.web.public.unsubscribe_preview",
        "eventmail.web.webhooks.generic",
    }  # fmt: skip
    assert csrf._exempt_blueprints == set()


def test_what_is_open_to_everyone_is_this_and_no_more(app: Flask) -> None:
    opened = {name for name, view in app.view_functions.items() if getattr(view, OPEN, False)}
    assert opened == {
        "account.become_owner", "account.home", "account.open_link", "account.sign_in", "account.begin_session",
        "public.calendar_file", "public.health", "public.unsubscribe", "public.unsubscribe_page",
        "public.unsubscribe_preview",
    }  # fmt: skip


# Health


def test_health_is_200_with_everything_a_monitor_asks_for(visitor: Client, settings: Settings) -> None:
    answer = visitor.get("/healthz")
    body: Any = answer.json
    assert answer.status_code == 200
    del body["version"]
    assert body == {
        "status": "ok", "instance": settings.instance.name, "dry_run": True, "database": "ok", "queue": 0,
        "worker_age_s": None, "due_backlog": 0,
    }  # fmt: skip


def test_health_counts_what_waits(visitor: Client, off: str) -> None:
    body: Any = visitor.get("/healthz").json
    assert (body["due_backlog"], body["status"]) == (1, "ok")


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json"])
def test_a_database_that_can_not_be_written_is_503_in_json(
    app: Flask, visitor: Client, writing: Any, accept: str
) -> None:
    with app.app_context():
        fresh().connection().exec_driver_sql("PRAGMA query_only=ON")
    answer = visitor.get("/healthz", headers={"Accept": accept})
    assert (answer.status_code, answer.json) == (
        503, {"status": "unavailable", "dry_run": True, "database": "unavailable"},
    )  # fmt: skip
