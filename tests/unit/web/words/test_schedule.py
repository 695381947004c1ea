"""Scheduled messages in words: what a press does or did, what has changed, when a draft is planned for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from eventmail.domain.mailings.changes_since import Changed
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import Event
from eventmail.web.words import schedule

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 12, 4, 17, tzinfo=UTC)
BEFORE = timedelta(minutes=15)


def test_every_group_has_its_word() -> None:
    assert set(schedule.GROUPS) == set(Group)


@pytest.mark.parametrize(
    ("places", "does", "did"),
    [
        (0, "Nothing of it waits; it moves to Done", "Cancelled. Nothing of it was waiting."),
        (1, "Cancel 1 email, 1 send goes back to your quota",
         "Cancelled. 1 email won’t leave, 1 send went back to your quota."),
        (1_312, "Cancel 1\u2009312 emails, 1\u2009312 sends go back to your quota",
         "Cancelled. 1\u2009312 emails won’t leave, 1\u2009312 sends went back to your quota."),
    ],
)  # fmt: skip
def test_H4_a_cancellation_says_what_it_does_and_did(places: int, does: str, did: str) -> None:
    assert (schedule.cancelling(places), schedule.cancelled(places)) == (does, did)


@pytest.mark.parametrize(
    ("now", "people", "words"),
    [
        (DUE - timedelta(days=1), 6,
         "Scheduled for Fri 4 Dec 2026, 18:00 CET, 6 guests. You can change it until 17:45 CET."),
        (DUE - BEFORE, 1, "Scheduled for Fri 4 Dec 2026, 18:00 CET, 1 guest. It can be cancelled, not changed."),
    ],
)  # fmt: skip
def test_H3_what_was_scheduled_says_until_when_it_can_be_changed(now: datetime, people: int, words: str) -> None:
    assert schedule.scheduled(DUE, people, DUE - BEFORE, BERLIN, now) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Changed("event.title", "Event title", "A & B", "<b>"),
         "Event title is now <bdi>“&lt;b&gt;”</bdi> (was <bdi>“A &amp; B”</bdi>)"),
        (Changed("event.url", "Event page", "", "https://x.org"),
         "Event page is now <bdi>“https://x.org”</bdi> (was empty)"),
        (Changed("service", "Mail service", "outbox", "smtp"),
         "Mail service is now the mail service (smtp) (was practice mode)"),
        (Changed("reply_to", "Answers go to", "a@x.org", ""),
         "Answers go to the address that mail comes from now (was <bdi>“a@x.org”</bdi>)"),
    ],
)  # fmt: skip
def test_H6b_S13_a_change_is_told_with_both_values_as_text(change: Changed, words: str) -> None:
    assert str(schedule.changed(change)) == words


def event(**values: Any) -> Event:
    return Event(timezone="Europe/Berlin", **values)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan("2026-12-04T18:00", "Europe/Berlin"), "Fri 4 Dec 2026, 18:00 CET"),
        (Plan("2026-12-04T12:00", "America/New_York"), "Fri 4 Dec 2026, 18:00 CET"),
        (Plan("2027-03-28T02:30"), "2027-03-28 02:30 (Europe/Berlin)"),  # it does not exist
        (Plan("soon", "Mars/Olympus"), "soon (Mars/Olympus)"),
        (Plan(relative={"anchor": "starts", "days": -1}), "1 day before the event starts: Fri 4 Dec 2026, 18:00 CET"),
        (Plan(relative={"anchor": "ends", "hours": 1}), "a time to choose"),  # the event has no end
    ],
)
def test_D5_the_time_of_a_draft_is_told_whatever_it_holds(plan: Plan, words: str) -> None:
    assert schedule.planned(plan, event(starts_wall=datetime(2026, 12, 5, 18))) == words  # noqa: DTZ001  a wall time
