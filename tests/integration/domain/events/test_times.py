"""The start and the end of an event where the clocks change: asked about, never guessed (H2)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from eventmail.domain.events import edit
from eventmail.errors import AmbiguousTime, DomainError, FieldError, InvalidInput, NonexistentTime
from eventmail.models import AuditEntry, Event
from tests.support.seeding import acting

TWICE = datetime(2027, 10, 31, 2, 30)  # noqa: DTZ001  in Berlin, as all walls here
ONCE = datetime(2027, 10, 31, 5, 0)  # noqa: DTZ001
NEVER = datetime(2027, 3, 28, 2, 30)  # noqa: DTZ001


def folds(event: Any) -> tuple[int | None, int | None]:
    return event.starts_fold, event.ends_fold


def refused(event_id: int, values: dict[str, Any]) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        edit.edit(event_id, values, acting())
    return refusal.value


@pytest.fixture
def night(add_event: Any) -> int:
    """An event in Berlin that begins at the second 02:30 and ends at 05:00 of the night of the change."""
    return int(add_event(starts_wall=TWICE, starts_fold=1, ends_wall=ONCE))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"starts_wall": TWICE, "ends_wall": ONCE}, "starts_at"),
        ({"starts_wall": TWICE, "starts_fold": None, "ends_wall": ONCE}, "starts_at"),
        ({"starts_wall": TWICE, "starts_fold": 0, "ends_wall": TWICE}, "ends_at"),
        ({"ends_wall": TWICE, "starts_fold": 1}, "ends_at"),
    ],
)
def test_H2_a_start_or_an_end_that_occurs_twice_is_refused_until_one_is_chosen(
    event_id: int, row: Any, values: dict[str, Any], field: str
) -> None:
    refusal = refused(event_id, values)
    said = (
        "2027-10-31 02:30 occurs twice in Europe/Berlin: the clocks go back then. "
        "Choose the first 02:30 (CEST) or the second 02:30 (CET)."
    )
    assert (type(refusal), refusal.fields) == (AmbiguousTime, (FieldError(field, "AMBIGUOUS_TIME", said),))
    assert (row(Event).starts_wall, folds(row(Event))) == (datetime(2027, 6, 19, 18), (None, None))  # noqa: DTZ001


@pytest.mark.parametrize(("fold", "hours"), [(0, 2), (1, 1)])
def test_H2_the_chosen_one_counts(event_id: int, row: Any, fold: int, hours: int) -> None:
    edit.edit(event_id, {"starts_wall": TWICE, "starts_fold": fold, "ends_wall": ONCE}, acting())
    event = row(Event)
    assert (folds(event), event.starts_at.utcoffset()) == ((fold, None), timedelta(hours=hours))


def test_H2_a_time_that_does_not_exist_is_refused_with_its_neighbours(event_id: int) -> None:
    refusal = refused(event_id, {"starts_wall": NEVER})
    said = "2027-03-28 02:30 does not exist in Europe/Berlin: the clocks go forward then. Take 01:59 or 03:00."
    assert (type(refusal), refusal.fields) == (NonexistentTime, (FieldError("starts_at", "NONEXISTENT_TIME", said),))


def test_H2_an_event_from_the_first_half_past_two_to_the_second_takes_an_hour(event_id: int, row: Any) -> None:
    walls = {"starts_wall": TWICE, "ends_wall": TWICE}
    backwards = refused(event_id, {**walls, "starts_fold": 1, "ends_fold": 0})
    assert (type(backwards), backwards.detail) == (InvalidInput, "The event ends before it begins.")
    edit.edit(event_id, {**walls, "starts_fold": 0, "ends_fold": 1}, acting())
    event = row(Event)
    assert event.ends_at.timestamp() - event.starts_at.timestamp() == 3600


@pytest.mark.parametrize("values", [{"location": "Harbour"}, {"starts_wall": TWICE, "timezone": "Europe/Berlin"}])
def test_H2_what_was_chosen_stays_while_the_time_and_the_zone_do(night: int, row: Any, values: dict[str, Any]) -> None:
    edit.edit(night, values, acting())
    assert folds(row(Event)) == (1, None)


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"starts_wall": ONCE.replace(hour=4)}, None),
        ({"starts_wall": ONCE.replace(hour=4), "starts_fold": 0}, None),
        ({"timezone": "Asia/Tokyo"}, None),
        ({"timezone": "Asia/Tokyo", "starts_fold": 1}, None),
        ({"all_day": True}, None),
        ({"starts_wall": None, "ends_wall": None}, None),
        ({"starts_wall": TWICE.replace(minute=40), "starts_fold": 0}, 0),
        ({"timezone": "Europe/Paris", "starts_fold": 1}, 1),
    ],
)
def test_H2_what_was_chosen_goes_with_the_time_it_was_chosen_for(
    night: int, row: Any, values: dict[str, Any], kept: int | None
) -> None:
    edit.edit(night, values, acting())
    assert folds(row(Event)) == (kept, None)


@pytest.mark.parametrize(
    "values",
    [{"starts_wall": TWICE.replace(minute=40)}, {"timezone": "Europe/Paris"}, {"starts_fold": None}],
)
def test_H2_another_time_that_occurs_twice_is_asked_about_anew(night: int, row: Any, values: dict[str, Any]) -> None:
    assert type(refused(night, values)) is AmbiguousTime
    assert (row(Event).starts_wall, row(Event).timezone, folds(row(Event))) == (TWICE, "Europe/Berlin", (1, None))


def test_H2_an_all_day_event_is_asked_when_it_gets_hours(night: int, row: Any) -> None:
    edit.edit(night, {"all_day": True, "starts_fold": 1}, acting())
    assert folds(row(Event)) == (None, None)
    assert type(refused(night, {"all_day": False})) is AmbiguousTime
    edit.edit(night, {"all_day": False, "starts_fold": 0}, acting())
    assert folds(row(Event)) == (0, None)


def test_H2_calendars_and_the_log_hear_of_another_choice(night: int, row: Any, rows: Any) -> None:
    before = row(Event).ics_sequence
    edit.edit(night, {"starts_fold": 0}, acting())
    assert row(Event).ics_sequence == before + 1
    assert rows(AuditEntry)[-1].detail == {"before": {"starts_fold": "second"}, "after": {"starts_fold": "first"}}


def test_H2_a_new_event_is_asked_as_well_and_its_choice_is_logged(in_app: Any, rows: Any, row: Any) -> None:
    values = {"title": "Night", "timezone": "Europe/Berlin", "starts_wall": TWICE}
    with pytest.raises(AmbiguousTime):
        edit.create(values, acting())
    assert rows(Event) == []
    edit.create({**values, "starts_fold": 0}, acting())
    assert folds(row(Event)) == (0, None)
    assert rows(AuditEntry)[-1].detail["after"]["starts_fold"] == "first"
