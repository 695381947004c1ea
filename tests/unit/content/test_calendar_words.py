"""What a page says of an event's time beside its calendar links (K1a)."""

import pytest

from eventmail.content import calendar_words
from tests.support.calendars import FACTS, event

ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (event("2026-11-01", "2026-11-04", ZONE, all_day=True), "1–4 Nov 2026"),
        (event("2026-11-01", "2026-11-01", ZONE, all_day=True), "1 Nov 2026"),
        (event("2026-11-01", None, ZONE, all_day=True), "1 Nov 2026"),
        (event("2026-10-30", "2026-11-02", ZONE, all_day=True), "30 Oct – 2 Nov 2026"),
        (event("2026-12-31", "2027-01-01", ZONE, all_day=True), "31 Dec 2026 – 1 Jan 2027"),
        (event("2026-12-04T18:00", "2026-12-04T23:30", ZONE), "4 Dec 2026, 18:00–23:30"),
        (event("2026-12-04T18:00", "2026-12-05T02:00", ZONE), "4 Dec 2026, 18:00 – 5 Dec 2026, 02:00"),
        (event("2026-10-25T02:30", "2026-10-25T05:00", ZONE), "25 Oct 2026, 02:30 CEST–05:00"),
    ],
)
def test_G34_days_and_hours_are_told_as_people_do(facts, said):
    assert calendar_words.when(facts) == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (event("2026-12-04T18:00", None, ZONE), "No end is set, so calendars get one hour, until 19:00."),
        (event("2026-12-04T18:00", "2026-12-04T18:00", ZONE), "No end is set, so calendars get one hour, until 19:00."),
        (event("2026-12-04", None, ZONE, all_day=True), "No end is set, so calendars get one day."),
        (event("2026-12-04T18:00", "2026-12-04T19:00", ZONE), ""),
        (event("2026-12-04", "2026-12-04", ZONE, all_day=True), ""),
    ],
)
def test_K1a_an_end_that_nobody_set_is_told(facts, said):
    assert calendar_words.assumed_end(facts) == said


def test_K2_without_a_start_there_is_nothing_to_tell():
    undated = FACTS.__class__(**{**vars(FACTS), "starts": None})
    assert (calendar_words.when(undated), calendar_words.assumed_end(undated)) == ("", "")
