"""The picker's fields: what they ask for, and that a plan which is shown and posted again stays the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmail.domain.mailings.send_time import Plan
from eventmail.states import AudienceMode
from eventmail.web.composer import time_fields
from eventmail.web.composer.time_fields import TimeFields

WALLS = st.datetimes().map(lambda wall: wall.replace(microsecond=0).isoformat())
PARTS = st.sampled_from(["days", "hours", "minutes"])
NUMBERS = st.integers(-999_999, 999_999)
ANCHORS = st.sampled_from(["starts", "ends"])
CLOCKS = st.times().map(lambda time: f"{time:%H:%M}")


def posted(fields: TimeFields) -> TimeFields:
    """What arrives of a form with these fields."""
    return time_fields.parse(fields.named)


@given(wall=WALLS, timezone=st.sampled_from(["Europe/Kiev", "UTC"]), fold=st.sampled_from([None, 0, 1]),
       mode=st.sampled_from(AudienceMode))  # fmt: skip
def test_H1_a_time_that_is_shown_and_posted_again_is_the_same(
    wall: str, timezone: str, fold: int | None, mode: AudienceMode
) -> None:
    plan = posted(time_fields.of(Plan(wall, timezone, fold, audience_mode=mode), "Europe/Berlin")).plan
    assert plan is not None
    assert (plan.wall if len(wall) == len(plan.wall) else f"{plan.wall}:00") == wall
    assert (plan.timezone, plan.fold, plan.relative, plan.audience_mode) == (timezone, fold, None, mode)


@given(part=PARTS, number=NUMBERS, anchor=ANCHORS, at=CLOCKS)
def test_H6a_a_relative_time_that_is_shown_and_posted_again_is_the_same(
    part: str, number: int, anchor: str, at: str
) -> None:
    rule = {"anchor": anchor, part: number, **({"at": at} if part == "days" else {})}
    plan = posted(time_fields.of(Plan(relative=rule), "Europe/Berlin")).plan
    assert plan == Plan(relative=rule)


@pytest.mark.parametrize(
    "fields",
    [{}, {"timezone": "Europe/Berlin"}, {"when": "relative"}, {"when": "relative", "send_at": "2027-05-01T18:00"}],
)
def test_without_a_time_nothing_is_asked_for(fields: dict[str, str]) -> None:
    assert time_fields.parse(fields).plan is None


@pytest.mark.parametrize(
    ("typed", "number"),
    [("-2", "-2"), ("2.5", "2.5"), ("two", "two"), ("9" * 5_000, "9" * 5_000), ("٣", -3), (" 4 ", -4)],
)
def test_H6a_a_number_that_is_none_stays_as_it_was_typed(typed: str, number: Any) -> None:
    plan = time_fields.parse({"when": "relative", "relative_number": typed}).plan
    assert plan is not None
    assert plan.relative == {"anchor": "starts", "days": number}


def test_a_button_counts_more_than_the_fields_and_only_for_what_it_names() -> None:
    typed = {"when": "relative", "relative_number": "3", "timezone": "Asia/Tokyo", "audience_mode": "exact"}
    taken = time_fields.take({"when": "at", "send_at": "2027-05-01T09:00", "fold": ""})
    fields = time_fields.parse({**typed, time_fields.TAKE: taken, "fold": "1"})
    assert fields.plan == Plan("2027-05-01T09:00", "Asia/Tokyo", None, audience_mode=AudienceMode.EXACT)
    assert (fields.relative_number, fields.taken) == ("3", True)
    assert not time_fields.parse(typed).taken


@pytest.mark.parametrize("taken", ["taken=True&__class__=x", "%00", "=", "when"])
def test_a_button_that_nobody_made_fills_in_nothing(taken: str) -> None:
    fields = time_fields.parse({time_fields.TAKE: taken, "send_at": "2027-05-01T09:00"})
    assert (fields.send_at, fields.audience_mode) == ("2027-05-01T09:00", "at_due")
