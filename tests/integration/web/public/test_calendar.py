"""What guests and machines reach without signing in."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import update

from eventmail.db import db, fresh, transaction
from eventmail.domain.events import edit
from eventmail.models import Event, Throttle
from eventmail.settings import Settings
from eventmail.web.core.access import OPEN, csrf
from tests.support.seeding import acting
from tests.support.web import Client, error_code

Link = Callable[[int], str]
_NO_START: dict[str, None] = {"starts_wall": None, "ends_wall": None}


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
            edit.edit(event_id, {"title": title}, acting())
        (found,) = Calendar.from_ical(visitor.get(where).data).walk("VEVENT")
        numbers.append((int(str(found["SEQUENCE"])), str(found["SUMMARY"]), str(found["UID"])))
    (before,) = Calendar.from_ical(first).walk("VEVENT")
    assert numbers == [(1, "Second", str(before["UID"])), (2, "Third", str(before["UID"]))]


def test_every_event_has_a_file_whatever_its_signature_is_made_of_k3(
    visitor: Client, add_event: Any, link: Link
) -> None:
    """A signature may hold hyphens, which also stand before it."""
    links = [link(add_event())]
    while all(where.rpartition("/")[2].count("-") == 1 for where in links):
        links.append(link(add_event()))
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


def test_K3_more_than_1000_refused_requests_a_minute_are_429_and_a_right_one_passes(
    app: Flask, visitor: Client, event_id: int, link: Link
) -> None:
    good = link(event_id)
    wrong, missing = good.replace(".ics", "x.ics"), "/calendar/999-x.ics"
    assert [visitor.get(path).status_code for path in (wrong, missing, good)] == [403, 404, 200]
    with app.app_context(), transaction() as tx:
        assert tx.scalar(update(Throttle).values(tries=1_000 - 2 + Throttle.tries).returning(Throttle.tries)) == 1_000
    answers = [visitor.get(path) for path in (wrong, missing, good)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert 0 < int(answers[0].headers["Retry-After"]) <= 60


@pytest.mark.parametrize("state", ["open", "cancelled", "archived", "restricted", "without a start"])
def test_K3_a_changed_link_is_answered_alike_whatever_state_the_event_is_in(
    visitor: Client, writing: Any, add_event: Any, link: Link, state: str
) -> None:
    asked = add_event(restricted=state == "restricted", **_NO_START if state == "without a start" else {})
    where = link(asked)
    with writing() as tx:
        event = tx.get_one(Event, asked)
        if state in ("cancelled", "archived"):
            setattr(event, f"{state}_at", event.created_at)
    answer = visitor.get(where.replace("-", "-x", 1))
    assert (answer.status_code, error_code(answer)) == (403, ["BAD_SIGNATURE"])


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


# Who needs what


def test_only_what_machines_post_needs_no_token(app: Flask) -> None:
    assert csrf._exempt_views == {
        "eventmail.web.public.unsubscribe.come_back", "eventmail.web.public.unsubscribe.leave",
        "eventmail.web.public.unsubscribe.preview",
        "eventmail.web.public.webhooks.generic",
    }  # fmt: skip
    assert csrf._exempt_blueprints == set()


def test_what_is_open_to_everyone_is_this_and_no_more(app: Flask) -> None:
    opened = {name for name, view in app.view_functions.items() if getattr(view, OPEN, False)}
    assert opened == {
        "account.ask_for_link", "account.forgotten",
        "account.join", "account.home", "account.open_link", "account.sign_in", "account.begin_session",
        "api_page.document", "calendar_address.answer", "public.health", "unsubscribe.come_back",
        "unsubscribe.leave", "unsubscribe.page", "unsubscribe.preview", "unsubscribe.returning", "webhooks.generic",
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


def test_health_counts_what_waits(visitor: Client, api: Client, event_id: int, add_guest: Any) -> None:
    add_guest("ada@guests.org")
    body = {"kind": "one_time", "subject": "Hi", "body": "Text", "audience": {"statuses": ["confirmed"]}}
    api.post(f"/admin/events/{event_id}/mailings", json=body, headers={"Idempotency-Key": "k"})
    health: Any = visitor.get("/healthz").json
    assert (health["due_backlog"], health["status"]) == (1, "ok")


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json"])
def test_a_database_that_can_not_be_written_is_503_in_json(
    app: Flask, visitor: Client, settings: Settings, accept: str
) -> None:
    with app.app_context():
        db.engine.dispose()  # so that the next one is the only one, whoever had others before
        fresh().connection().exec_driver_sql("PRAGMA query_only=ON")
    answer = visitor.get("/healthz", headers={"Accept": accept})
    assert (answer.status_code, answer.json) == (
        503, {"status": "unavailable", "instance": settings.instance.name, "dry_run": True, "database": "unavailable"},
    )  # fmt: skip


def test_a_queue_that_can_not_be_read_is_told_and_changes_no_status(
    app: Flask, visitor: Client, settings: Settings
) -> None:
    app.extensions["huey"].storage.close()
    settings.queue.unlink()
    settings.queue.mkdir()
    answer: Any = visitor.get("/healthz")
    assert (answer.status_code, answer.json["status"], answer.json["queue"]) == (200, "ok", None)


def test_a_calendar_link_that_was_changed_stays_wrong_whatever_hangs_on_it(
    visitor: Client, event_id: int, link: Link
) -> None:
    good = link(event_id)
    changed = good.replace(".ics", "x.ics"), good.replace(".ics", "x.ics)."), good.replace("-", "-x", 1) + "."
    assert {visitor.get(path).status_code for path in changed} == {403}
