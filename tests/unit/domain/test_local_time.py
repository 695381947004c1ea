"""A local time that somebody chose: the one instant it means, or the refusal that says what to choose instead."""

from datetime import UTC, datetime

import pytest

from eventmail.domain import local_time
from eventmail.errors import AmbiguousTime, DomainError, FieldError, InvalidInput, InvalidTimezone, NonexistentTime


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def refused(text: str, timezone: str, fold: int | None = None) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        local_time.instant(wall(text), timezone, fold, field="send_at")
    return refusal.value


@pytest.mark.parametrize(
    ("text", "timezone", "fold", "instant"),
    [
        ("2027-06-19T18:00", "Europe/Berlin", None, "2027-06-19T16:00"),
        ("2027-06-19T18:00", "Europe/Berlin", 1, "2027-06-19T16:00"),  # of a time that occurs once nothing is chosen
        ("2027-10-31T02:30", "Europe/Berlin", 0, "2027-10-31T00:30"),
        ("2027-10-31T02:30", "Europe/Berlin", 1, "2027-10-31T01:30"),
        ("2027-06-19T18:00:30", "Europe/Kiev", None, "2027-06-19T15:00:30"),  # an alias is a name, too
        ("1970-01-01T00:00", "Africa/Monrovia", None, "1970-01-01T00:44:30"),
        ("2199-12-31T23:59:59", "Pacific/Niue", None, "2200-01-01T10:59:59"),
    ],
)
def test_H2_a_local_time_is_one_instant(text: str, timezone: str, fold: int | None, instant: str) -> None:
    found = local_time.instant(wall(text), timezone, fold, field="send_at")
    assert (found, found.tzinfo) == (wall(instant).replace(tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("text", "timezone", "neighbours"),
    [
        ("2027-03-28T02:30", "Europe/Berlin", "01:59 or 03:00"),
        ("2027-03-28T02:00:01", "Europe/Berlin", "01:59 or 03:00"),
        ("2027-09-05T00:00", "America/Santiago", "2027-09-04 23:59 or 01:00"),
        ("2027-03-27T23:30", "America/Nuuk", "22:59 or 2027-03-28 00:00"),
        ("1972-01-07T00:30", "Africa/Monrovia", "1972-01-06 23:59 or 00:44:30"),
    ],
)
@pytest.mark.parametrize("fold", [None, 0, 1])
def test_H2_a_time_that_does_not_exist_is_refused_with_its_neighbours(
    text: str, timezone: str, neighbours: str, fold: int | None
) -> None:
    refusal = refused(text, timezone, fold)
    said = f"{text.replace('T', ' ')} does not exist in {timezone}: the clocks go forward then. Take {neighbours}."
    assert (type(refusal), refusal.fields) == (NonexistentTime, (FieldError("send_at", "NONEXISTENT_TIME", said),))


@pytest.mark.parametrize(
    ("text", "timezone", "choices"),
    [
        ("2027-10-31T02:30", "Europe/Berlin", "the first 02:30 (CEST) or the second 02:30 (CET)"),
        (
            "2027-04-04T01:45:10",
            "Australia/Lord_Howe",
            "the first 01:45:10 (UTC+11:00) or the second 01:45:10 (UTC+10:30)",
        ),
    ],
)
def test_H2_a_time_that_occurs_twice_is_refused_until_one_is_chosen(text: str, timezone: str, choices: str) -> None:
    refusal = refused(text, timezone)
    said = f"{text.replace('T', ' ')} occurs twice in {timezone}: the clocks go back then. Choose {choices}."
    assert (type(refusal), refusal.fields) == (AmbiguousTime, (FieldError("send_at", "AMBIGUOUS_TIME", said),))


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "+02:00", "../x", "America", "localtime", "Berlin" * 50])
def test_H2_an_unknown_zone_is_refused_before_the_time(timezone: str) -> None:
    refusal = refused("0001-01-01T00:00", timezone)
    message = f"“{timezone[:60]}” is not a time zone we know; use a name such as Europe/Berlin."
    assert (type(refusal), refusal.fields) == (
        InvalidTimezone,
        (FieldError("timezone", "INVALID_TIMEZONE", message),),
    )


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "1969-12-31T23:59", "2200-01-01T00:00", "9999-12-31T23:59:59"])
def test_H2_a_year_out_of_range_is_refused(text: str) -> None:
    refusal = refused(text, "Pacific/Kiritimati")
    assert (type(refusal), refusal.fields) == (
        InvalidInput,
        (FieldError("send_at", "INVALID_YEAR", "The year must be between 1970 and 2199."),),
    )


@pytest.mark.parametrize(
    ("text", "timezone", "words"),
    [
        ("2027-10-31T02:30", "Europe/Berlin", ("first 02:30 (CEST)", "second 02:30 (CET)")),
        ("2014-10-26T01:30", "Europe/Moscow", ("first 01:30 (UTC+04:00)", "second 01:30 (UTC+03:00)")),
        ("2027-10-31T03:00", "Europe/Berlin", ()),
        ("2027-03-28T02:30", "Europe/Berlin", ()),
        ("9999-12-31T23:59", "Europe/Berlin", ()),
        ("2027-10-31T02:30", "Mars/Olympus", ()),
    ],
)
def test_H2_only_a_time_that_occurs_twice_has_choices(text: str, timezone: str, words: tuple[str, ...]) -> None:
    assert local_time.choices(wall(text), timezone) == words
