"""Next year's event from last year's: what comes along, what stays behind."""

from typing import Any

import pytest

from eventmail.db import transaction
from eventmail.domain.audience import segments
from eventmail.domain.designs import lifecycle as designs
from eventmail.domain.events import copy
from eventmail.domain.guests import column_defaults, values
from eventmail.domain.mailings import copied_plans
from eventmail.errors import InvalidInput
from eventmail.models import AuditEntry, Event, EventMember, Guest, Mailing, Segment, SegmentGuest, Suppression
from tests.support import seeding
from tests.support.seeding import Person, acting


@pytest.fixture
def source(event_id: int, organizer: Person) -> int:
    """The Gala with guests, columns and their defaults, and segments by rule and by hand."""
    people = seeding.add_guests(event_id, [{"email": "ana@guests.example.net", "tags": ("vip",)}])
    with transaction() as tx:
        values.record_columns(tx, event_id, ["Table", "Menu"])
    table = next(column.id for column in column_defaults.columns(event_id) if column.name == "Table")
    column_defaults.set_defaults(event_id, {table: "any table"}, acting(organizer))
    with transaction() as tx:
        rule = {"all": [{"field": "Table", "op": "is", "value": "7"}]}
        segments.add(tx, event_id, {"name": "Sevens", "rule": rule, "guests": [str(people[0])]}, acting(organizer))
        segments.add(tx, event_id, {"name": "Friends", "guests": [str(people[0])]}, acting(organizer))
    return event_id


def test_settings_columns_and_rules_come_along_and_dates_do_not(source: int, organizer: Person, rows: Any) -> None:
    made = copy.copy(source, {"title": "Gala 2028"}, acting(organizer), copied_plans.copy, designs.copy_all).event_id
    old, new = rows(Event)
    assert new.id == made
    same = ("description", "location", "timezone", "all_day", "url", "sender_name", "reply_to", "restricted", "busy",
            "reminder_minutes")  # fmt: skip
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert (new.title, new.starts_wall, new.ends_wall, new.archived_at, new.cancelled_at) == (
        "Gala 2028", None, None, None, None,
    )  # fmt: skip
    assert [(c.name, c.default_text) for c in column_defaults.columns(made)] == [("Menu", ""), ("Table", "any table")]
    ruled, *others = rows(Segment, Segment.event_id == made)
    assert (ruled.name, ruled.rule, others) == (
        "Sevens", {"all": [{"field": "Table", "op": "is", "value": "7"}]}, [],
    )  # fmt: skip


def test_nobody_and_nothing_that_was_sent_comes_along(source: int, organizer: Person, rows: Any, count: Any) -> None:
    copy.copy(source, {}, acting(organizer), copied_plans.copy, designs.copy_all)
    assert [guest.event_id for guest in rows(Guest)] == [source]
    assert (count(Mailing), count(Suppression)) == (0, 0)
    assert {picked.segment_id for picked in rows(SegmentGuest)} <= {
        s.id for s in rows(Segment, Segment.event_id == source)
    }


def test_K3_a_copy_signs_with_a_secret_of_its_own(source: int, organizer: Person, rows: Any) -> None:
    copy.copy(source, {}, acting(organizer), copied_plans.copy, designs.copy_all)
    old, new = rows(Event)
    assert (new.ics_secret != old.ics_secret, new.ics_sequence) == (True, 0)


def test_a_restricted_event_stays_its_members_and_the_copiers(
    source: int, owner: Person, organizer: Person, writing: Any, rows: Any
) -> None:
    with transaction() as tx:
        tx.get_one(Event, source).restricted = True
        tx.add(EventMember(event_id=source, user_id=organizer.id))
    made = copy.copy(source, {}, acting(owner), copied_plans.copy, designs.copy_all).event_id
    assert rows(Event)[-1].restricted
    members = [member.user_id for member in rows(EventMember, EventMember.event_id == made)]
    assert sorted(members) == sorted([organizer.id, owner.id])


def test_a_refused_copy_leaves_nothing_behind(source: int, organizer: Person, count: Any) -> None:
    before = count(Event), count(AuditEntry), count(Segment)
    with pytest.raises(InvalidInput, match="An event needs a title"):
        copy.copy(source, {"title": ""}, acting(organizer), copied_plans.copy, designs.copy_all)
    assert (count(Event), count(AuditEntry), count(Segment)) == before


def test_the_log_of_the_copy_says_where_it_came_from(source: int, organizer: Person, rows: Any) -> None:
    made = copy.copy(source, {}, acting(organizer), copied_plans.copy, designs.copy_all).event_id
    entry = rows(AuditEntry, AuditEntry.action == "event.copied")[0]
    assert (entry.event_id, entry.subject, entry.detail) == (
        made, f"event:{made}",
        {"source": f"event:{source}", "title": "Fixture Gala", "columns": 2, "segments": 1, "plans": 0, "designs": 0},
    )  # fmt: skip
