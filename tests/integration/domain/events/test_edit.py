"""Events: who sees which, and what a change does."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from eventmail.db import fresh
from eventmail.domain.events import edit
from eventmail.domain.outcomes import overview
from eventmail.errors import DomainError, InvalidInput, InvalidTimezone, NonexistentTime, NotFound
from eventmail.models import AuditEntry, Event
from tests.support import seeding
from tests.support.seeding import Person, acting, user
from tests.support.time import FrozenClock


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def seen_by(person: Person) -> list[int]:
    return [event.id for event in fresh().scalars(edit.visible_to(user(person)).order_by(Event.id))]


def test_an_open_event_is_everybodys(event_id: int, organizer: Person, owner: Person) -> None:
    assert [seen_by(organizer), seen_by(owner)] == [[event_id], [event_id]]


def test_a_restricted_event_is_its_members_and_the_owners(organizer: Person, owner: Person, add_person: Any) -> None:
    member = add_person("Mia Member", "mia@organizers.example")
    secret = seeding.add_event(owner, restricted=True)
    elsewhere = seeding.add_event(owner, restricted=True)
    seeding.add_member(secret, member)
    seeding.add_member(elsewhere, organizer)
    assert [seen_by(member), seen_by(organizer), seen_by(owner)] == [[secret], [elsewhere], [secret, elsewhere]]


def test_a_missing_event_and_a_foreign_one_look_alike(organizer: Person, owner: Person) -> None:
    secret = seeding.add_event(owner, restricted=True)
    for event_id in (secret, secret + 1):
        with pytest.raises(NotFound) as refused:
            edit.visible(event_id, user(organizer))
        assert refused.value.detail == NotFound.sentence


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("große bäll", True), ("GROSSE BÄLL", True), ("grosse bäll", True), ("köln", True), ("zu kö", True),
        ("100%", True), ("0_", False), ("Bern", False),
    ],
)  # fmt: skip
def test_an_event_is_found_by_any_part_of_its_title_or_place_whatever_the_case(
    organizer: Person, add_event: Any, q: str, found: bool
) -> None:
    add_event(title="Große BÄLLE 100%", location="zu KÖLN")
    asked = edit.listed(seeding.user(organizer), archived=False, q=q)
    assert [event.title for event in fresh().scalars(asked)] == ["Große BÄLLE 100%"] * found


def test_an_event_is_made_of_a_title_and_a_zone(organizer: Person, row: Any) -> None:
    event_id = edit.create({"title": "Ball", "timezone": "Asia/Kathmandu"}, acting(organizer))
    event = row(Event)
    assert (event.id, event.title, event.timezone, event.created_by) == (
        event_id,
        "Ball",
        "Asia/Kathmandu",
        organizer.id,
    )
    assert [event.description, event.location, event.url, event.sender_name, event.reply_to] == [""] * 5
    assert [event.starts_wall, event.ends_wall, event.all_day, event.restricted] == [None, None, False, False]


def test_every_event_signs_with_a_secret_of_its_own(organizer: Person, rows: Any) -> None:
    for _ in range(2):
        seeding.add_event(organizer)
    first, second = rows(Event)
    assert first.ics_secret != second.ics_secret


def test_moving_to_another_zone_keeps_the_hour_on_the_invitation(event_id: int, row: Any) -> None:
    edit.edit(event_id, {"timezone": "America/New_York"}, acting())
    assert row(Event).starts_wall == wall("2027-06-19T18:00")
    assert row(Event).starts_at.utcoffset() == timedelta(hours=-4)


@pytest.mark.parametrize(
    ("values", "kind", "field", "code"),
    [
        ({"title": "   "}, InvalidInput, "title", "REQUIRED"),
        ({"title": None}, InvalidInput, "title", "REQUIRED"),
        ({"title": "x" * 201}, InvalidInput, "title", "TOO_LONG"),
        ({"location": "x" * 301}, InvalidInput, "location", "TOO_LONG"),
        ({"description": "x" * 5001}, InvalidInput, "description", "TOO_LONG"),
        ({"url": "gala.example"}, InvalidInput, "url", "INVALID_URL"),
        ({"url": "javascript:alert(1)"}, InvalidInput, "url", "INVALID_URL"),
        ({"url": 'https://gala.example/"x'}, InvalidInput, "url", "INVALID_URL"),
        ({"reply_to": "nobody"}, InvalidInput, "reply_to", "INVALID_EMAIL"),
        ({"reply_to": "a@b.example, c@d.example"}, InvalidInput, "reply_to", "INVALID_EMAIL"),
        ({"timezone": "Mars/Olympus"}, InvalidTimezone, "timezone", "INVALID_TIMEZONE"),
        ({"timezone": ""}, InvalidTimezone, "timezone", "INVALID_TIMEZONE"),
        ({"timezone": None}, InvalidTimezone, "timezone", "INVALID_TIMEZONE"),
        ({"timezone": "America"}, InvalidTimezone, "timezone", "INVALID_TIMEZONE"),
        ({"timezone": "../etc/passwd"}, InvalidTimezone, "timezone", "INVALID_TIMEZONE"),
        ({"timezone": "localtime"}, InvalidTimezone, "timezone", "INVALID_TIMEZONE"),
        ({"starts_wall": wall("2027-03-28T02:30")}, NonexistentTime, "starts_at", "NONEXISTENT_TIME"),
        ({"ends_wall": wall("2028-03-26T02:00")}, NonexistentTime, "ends_at", "NONEXISTENT_TIME"),
        ({"starts_wall": wall("0001-01-01T00:00")}, InvalidInput, "starts_at", "INVALID_YEAR"),
        ({"ends_wall": wall("9999-12-31T23:59")}, InvalidInput, "ends_at", "INVALID_YEAR"),
        ({"ends_wall": wall("2027-06-19T17:59")}, InvalidInput, "ends_at", "INVALID_END"),
        ({"starts_wall": None}, InvalidInput, "ends_at", "INVALID_END"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_changes(
    *, values: dict[str, Any], kind: type[DomainError], field: str, code: str, event_id: int, row: Any, count: Any
) -> None:
    before, logged = row(Event), count(AuditEntry)
    with pytest.raises(DomainError) as refused:
        edit.edit(event_id, {"location": "Harbour", **values}, acting())
    assert type(refused.value) is kind
    assert [(error.field, error.code) for error in refused.value.fields] == [(field, code)]
    after = row(Event)
    assert {n: getattr(after, n) for n in Event.__table__.c.keys()} == {  # noqa: SIM118
        n: getattr(before, n)
        for n in Event.__table__.c.keys()  # noqa: SIM118
    }
    assert count(AuditEntry) == logged


def test_an_all_day_event_has_no_hours_that_could_be_missing(event_id: int, row: Any) -> None:
    midnight = wall("2027-09-05T00:00")  # Santiago's clocks go forward at midnight
    values = {"timezone": "America/Santiago", "starts_wall": midnight, "ends_wall": midnight}
    with pytest.raises(NonexistentTime):
        edit.edit(event_id, values, acting())
    edit.edit(event_id, {**values, "all_day": True}, acting())
    assert row(Event).starts_wall == midnight


def test_none_clears(event_id: int, row: Any) -> None:
    names = ("starts_wall", "ends_wall", "location", "sender_name", "all_day")
    edit.edit(event_id, dict.fromkeys(names), acting())
    assert [getattr(row(Event), name) for name in names] == [None, None, "", "", False]


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({"title": "Ball"}, 1),
        ({"location": "Harbour"}, 1),
        ({"starts_wall": wall("2027-06-19T19:00")}, 1),
        ({"sender_name": "Team"}, 0),
        ({"title": "Fixture Gala"}, 0),
    ],
)
def test_K3_a_calendar_hears_of_what_concerns_it(values: dict[str, Any], step: int, event_id: int, row: Any) -> None:
    before = row(Event).ics_sequence
    edit.edit(event_id, values, acting())
    assert row(Event).ics_sequence == before + step


def test_a_change_is_logged_with_before_and_after(event_id: int, organizer: Person, rows: Any) -> None:
    edit.edit(event_id, {"title": "Ball", "location": "Old Town Hall, Berlin"}, acting(organizer))
    entry = rows(AuditEntry)[-1]
    assert (entry.actor, entry.action, entry.event_id) == (organizer.name, "event.edited", event_id)
    assert entry.detail == {"before": {"title": "Fixture Gala"}, "after": {"title": "Ball"}}


def test_saving_what_is_there_already_is_no_change(event_id: int, row: Any, count: Any, clock: FrozenClock) -> None:
    before, logged = row(Event).updated_at, count(AuditEntry)
    clock.advance(minutes=5)
    edit.edit(event_id, {"title": "Fixture Gala"}, acting())
    assert (row(Event).updated_at, count(AuditEntry)) == (before, logged)


def test_the_next_event_is_guessed_to_be_where_the_last_was(organizer: Person, owner: Person) -> None:
    assert edit.usual_timezone(user(organizer)) == ""
    seeding.add_event(organizer, timezone="Asia/Tokyo")
    seeding.add_event(owner, timezone="Europe/Paris", restricted=True)
    assert edit.usual_timezone(user(organizer)) == "Asia/Tokyo"


def test_the_overview_counts_guests_by_status(event_id: int, add_guests: Any) -> None:
    add_guests(3)
    add_guests(2, status="declined")
    facts = overview.facts(event_id)
    assert (facts.by_status, facts.guests) == ({"invited": 0, "confirmed": 3, "declined": 2}, 5)
    assert (facts.last, facts.running, facts.failed, facts.unknown, facts.attention) == (None, 0, 0, 0, ())


def test_the_overview_costs_the_same_for_1_and_for_3_guests(event_id: int, add_guest: Any, count_queries: Any) -> None:
    counted = []
    for guests in (1, 2):
        for number in range(guests):
            add_guest(f"guest-{guests}-{number}@guests.example.net")
        with count_queries() as queries:
            overview.facts(event_id)
        counted.append(len(queries))
    assert counted == [3, 3]
