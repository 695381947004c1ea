"""Segments: made, changed, copied, removed; who is in them; what is kept for them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from eventmail.db import fresh, transaction
from eventmail.domain.audience import rule as audience_rule
from eventmail.domain.audience import segment_usage, segments, value_index
from eventmail.domain.guests import values as guest_values
from eventmail.domain.instance import housekeeping
from eventmail.domain.mailings import drafts
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Written
from eventmail.errors import FieldError, InvalidInput, NotFound
from eventmail.models import AuditEntry, Guest, Mailing, Segment, SegmentField
from tests.support import seeding
from tests.support.queries import count_queries
from tests.support.time import FrozenClock

VIP = {"all": [{"field": "tag", "op": "is", "value": "vip"}]}
IN_BERLIN = {"all": [{"field": "city", "op": "is", "value": "berlin"}]}


def make(event_id: int, name: str = "VIP", rule: Any = VIP, **values: Any) -> int:
    return segments.create(event_id, {"name": name, "rule": rule, **values}, seeding.acting())


def refused(call: Callable[[], object]) -> dict[str, str]:
    """Field to code of a refusal."""
    with pytest.raises(InvalidInput) as found:
        call()
    return {error.field: error.code for error in found.value.fields}


def column(event_id: int, *names: str) -> None:
    with transaction() as tx:
        guest_values.record_columns(tx, event_id, names)


def kept(event_id: int) -> dict[str, int]:
    """How many values are kept of each field."""
    rows = fresh().execute(
        text("SELECT name, count(guest_id) FROM segment_field LEFT JOIN guest_value ON field_id = id"
             " WHERE event_id = :event GROUP BY id"),
        {"event": event_id},
    )  # fmt: skip
    return {row[0]: row[1] for row in rows}


def test_a_segment_holds_who_meets_its_rule_and_who_was_picked(event_id: int, add_guest: Any) -> None:
    vip, picked, _ = add_guest(tags=("VIP",)), add_guest("ben@guests.org"), add_guest("c@guests.org", tags=("vips",))
    made = segments.get(event_id, make(event_id, guests=[str(picked), str(vip), str(picked)]))
    assert (made.name, made.rule, made.picked, made.count) == ("VIP", VIP, 2, 2)
    assert segments.picked(made.id) == [picked, vip]


def test_its_count_follows_the_guests(event_id: int, add_guest: Any) -> None:
    made = make(event_id)
    assert segments.get(event_id, made).count == 0
    add_guest(tags=("vip",))
    fresh().rollback()
    assert segments.get(event_id, made).count == 1


def test_guests_of_another_event_are_never_in_it(event_id: int, add_event: Any) -> None:
    other = add_event()
    column(event_id, "city")
    column(other, "city")
    foreign = seeding.add_guest(other, tags=("vip",), attributes={"city": "Berlin"})
    assert segments.get(event_id, make(event_id)).count == 0
    for name, rule in (("A", IN_BERLIN), ("B", {"any": [{"field": "first_name", "op": "is not empty"}]})):
        assert segments.get(event_id, make(event_id, name, rule)).count == 0
    assert refused(lambda: make(event_id, "C", None, guests=[str(foreign)])) == {"guests": "UNKNOWN_GUEST"}


def test_a_segment_of_another_event_is_not_found(event_id: int, add_event: Any) -> None:
    made, other = make(event_id), add_event()
    by = seeding.acting()
    for call in (
        lambda: segments.get(other, made),
        lambda: segments.edit(other, made, {"name": "x"}, by),
        lambda: segments.copy(other, made, by),
        lambda: segments.remove(other, made, by),
    ):
        with pytest.raises(NotFound):
            call()
    assert segments.chosen(fresh(), other, [made]) == {}
    assert segments.get(event_id, made).name == "VIP"


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"name": ""}, {"name": "REQUIRED"}),
        ({"name": " \t "}, {"name": "REQUIRED"}),
        ({"name": "x" * 101}, {"name": "TOO_LONG"}),
        ({"name": "VÏP"}, {"name": "TAKEN"}),
        ({"rule": None}, {"rule": "REQUIRED"}),
        ({"guests": ["0", "abc", "999"]}, {"guests": "UNKNOWN_GUEST"}),
        ({"guests": [str(n) for n in range(1, 5002)]}, {"guests": "TOO_MANY"}),
        ({"rule": {"all": [{"field": "planet", "op": "is", "value": "x"}]}}, {"rule.all.0.field": "UNKNOWN_FIELD"}),
    ],
)
def test_what_cannot_be_a_segment_is_refused_and_nothing_is_made(
    event_id: int, values: dict[str, Any], wrong: dict[str, str]
) -> None:
    make(event_id, "vïp")
    assert refused(lambda: make(event_id, **{"name": "New", **values})) == wrong
    assert [segment.name for segment in segments.everyone(event_id)] == ["vïp"]


def test_a_name_is_taken_in_its_own_event_only_and_may_keep_itself(event_id: int, add_event: Any) -> None:
    made = make(event_id)
    make(add_event())
    segments.edit(event_id, made, {"name": "vip"}, seeding.acting())
    assert segments.get(event_id, made).name == "vip"


def test_the_database_refuses_a_second_segment_of_one_name(event_id: int) -> None:
    make(event_id)
    now = seeding.acting().now
    with pytest.raises(IntegrityError), transaction() as tx:
        tx.add(Segment(event_id=event_id, name="Vip", name_key="vip", rule=VIP, created_at=now, updated_at=now))


def test_an_edit_changes_what_it_names_and_says_so_in_the_log(event_id: int, add_guest: Any) -> None:
    first, second = add_guest("a@guests.org"), add_guest("b@guests.org")
    made = make(event_id, guests=[str(first)])
    by = seeding.acting()
    segments.edit(event_id, made, {"guests": [str(second)], "rule": None}, by)
    segments.edit(event_id, made, {"guests": [str(second)]}, by)  # nothing new
    found = segments.get(event_id, made)
    assert (found.name, found.rule, segments.picked(made)) == ("VIP", None, [second])
    entries = fresh().scalars(select(AuditEntry).where(AuditEntry.subject == f"segment:{made}").order_by(AuditEntry.id))
    assert [(entry.action, entry.detail) for entry in entries] == [
        ("segment.created", {"after": {"name": "VIP", "rule": VIP, "guests": [first]}}),
        ("segment.edited", {"before": {"rule": VIP, "guests": [first]}, "after": {"rule": None, "guests": [second]}}),
    ]
    assert refused(lambda: segments.edit(event_id, made, {"guests": []}, by)) == {"rule": "REQUIRED"}
    assert segments.picked(made) == [second]


def test_a_refused_edit_changes_nothing(event_id: int) -> None:
    made = make(event_id)
    assert refused(lambda: segments.edit(event_id, made, {"name": "New", "rule": {"all": []}}, seeding.acting())) == {
        "rule.all": "EMPTY_RULE"
    }
    fresh().rollback()
    assert segments.get(event_id, made).name == "VIP"


def test_a_copy_has_the_same_guests_under_a_free_name(event_id: int, add_guest: Any) -> None:
    made = make(event_id, "x" * 100, guests=[str(add_guest())])
    by = seeding.acting()
    copies = [segments.get(event_id, segments.copy(event_id, made, by)) for _ in range(2)]
    assert [copy.name for copy in copies] == ["x" * 93 + " (copy)", "x" * 91 + " (copy 2)"]
    assert [(copy.rule, copy.picked) for copy in copies] == [(VIP, 1), (VIP, 1)]


def test_removing_a_segment_keeps_its_guests(event_id: int, add_guest: Any, count: Any) -> None:
    made = make(event_id, guests=[str(add_guest())])
    assert segments.remove(event_id, made, seeding.acting()) == "VIP"
    assert (segments.everyone(event_id), count(Guest)) == ([], 1)


def test_the_segments_of_an_event_come_along_without_picked_guests(
    event_id: int, add_event: Any, add_guest: Any
) -> None:
    column(event_id, "city")
    make(event_id, guests=[str(add_guest())])
    make(event_id, "Berlin", IN_BERLIN)
    make(event_id, "Picked", None, guests=[str(add_guest("b@guests.org"))])
    other = add_event()
    column(other, "city")
    with transaction() as tx:
        copies = segments.copy_all(tx, event_id, other, seeding.acting())
    assert [(old.name, old.id in copies) for old in segments.everyone(event_id)] == [
        ("Berlin", True), ("Picked", False), ("VIP", True),
    ]  # fmt: skip
    assert [copies[old.id] for old in segments.everyone(event_id) if old.id in copies] == [
        new.id for new in segments.everyone(other)
    ]
    assert [(found.name, found.rule, found.picked) for found in segments.everyone(other)] == [
        ("Berlin", IN_BERLIN, 0), ("VIP", VIP, 0),
    ]  # fmt: skip


def test_the_list_costs_the_same_for_one_segment_and_for_three(event_id: int) -> None:
    numbers = []
    for name in ("A", "B", "C"):
        make(event_id, name)
        with count_queries() as queries:
            segments.listing(event_id)
        numbers.append(len(queries))
    assert (len(set(numbers)), numbers[0] <= 7) == (1, True)


# What is kept of the guests


def test_values_are_kept_of_the_fields_that_a_segment_uses_and_of_no_other(event_id: int, add_guest: Any) -> None:
    column(event_id, "city", "size")
    add_guest(attributes={"city": "Berlin", "size": "7"})
    assert kept(event_id) == {}
    make(event_id, "Berlin", {"any": [*IN_BERLIN["all"], {"field": "status", "op": "is", "value": "invited"}]})
    assert kept(event_id) == {"city": 1}
    add_guest("b@guests.org", attributes={"city": " ", "size": "8"})
    assert kept(event_id) == {"city": 1}


def test_a_field_that_nothing_uses_is_let_go_a_day_later_and_not_before(
    event_id: int, add_guest: Any, clock: FrozenClock
) -> None:
    """A request that is under way may be counting by it, and without the values everybody would be "not in Berlin"."""
    column(event_id, "city")
    add_guest(attributes={"city": "Berlin"})
    made = make(event_id, "Berlin", IN_BERLIN)
    asked = segments.chosen(fresh(), event_id, [made])[made]
    segments.edit(event_id, made, {"rule": VIP}, seeding.acting())
    housekeeping.purge(clock.now())
    assert kept(event_id) == {"city": 1}
    assert asked.places == ((audience_rule.fields(["city"])["city"], fresh().scalars(select(SegmentField.id)).one()),)
    housekeeping.purge(clock.now() + timedelta(days=1, minutes=1))
    fresh().rollback()
    assert (kept(event_id), fresh().scalar(text("SELECT count(*) FROM guest_value"))) == ({}, 0)


def test_a_field_that_is_used_again_stays(event_id: int, clock: FrozenClock) -> None:
    column(event_id, "city")
    made = make(event_id, "Berlin", IN_BERLIN)
    segments.edit(event_id, made, {"rule": VIP}, seeding.acting())
    segments.edit(event_id, made, {"rule": IN_BERLIN}, seeding.acting())
    housekeeping.purge(clock.now() + timedelta(days=2))
    assert set(value_index.kept(fresh(), event_id)) == {("attribute", "city")}


# Who uses it


def test_a_mailing_that_is_still_sending_is_named_and_one_that_is_over_is_not(
    event_id: int, add_guest: Any, queued_mail: Callable[..., int]
) -> None:
    made, guest = make(event_id), add_guest()
    mailing = queued_mail(event_id, [guest], ["queued"])
    assert segment_usage.used_by(event_id, made) == []
    for part in ("segments", "exclude_segments"):
        with transaction() as tx:
            tx.get_one(Mailing, mailing).audience = {part: [str(made)]}
        assert segment_usage.used_by(event_id, made) == [("s", "sending")]
    with transaction() as tx:
        tx.execute(text("UPDATE mailing SET state = 'finished'"))
    assert segment_usage.used_by(event_id, made) == []


def test_a_draft_that_names_it_is_named_with_the_subject_it_has_so_far(event_id: int, organizer: Any) -> None:
    made, by = make(event_id), seeding.acting(organizer)
    for subject, part in (("", "segments"), ("Doors", "exclude_segments"), ("Other", "guests")):
        drafts.save(event_id, DraftVersion(), Written(Text(subject, "", "Hi"), {part: [str(made)]}), by)
    assert segment_usage.used_by(event_id, made) == [("Doors", "draft"), ("", "draft")]


def test_errors_name_the_name_that_is_there(event_id: int) -> None:
    make(event_id, "Straße")
    with pytest.raises(InvalidInput) as found:
        make(event_id, "STRASSE")
    assert found.value.fields == (FieldError("name", "TAKEN", "There is a segment “Straße” already."),)
    assert (
        fresh().scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "segment.created")) == 1
    )
