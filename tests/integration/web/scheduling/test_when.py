"""The card “When”: what the server says about a chosen time, before anything is scheduled (H1, H2, H6a)."""

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import pytest

from tests.integration.web.scheduling.conftest import TYPED
from tests.support.web import Client, partial, words

Card = Callable[..., str]
TOO_LATE = (
    "2027-07-20 00:00 (Europe/Berlin) is too late: a message can be scheduled until 2027-07-19 23:00 (Europe/Berlin), "
    "30 days after the event."
)
NO_NUMBER = "A relative time needs one whole number of days, hours or minutes."
RELATIVE = {"when": "relative", "relative_unit": "days", "relative_side": "before", "relative_anchor": "starts"}


def buttons(part: str) -> dict[str, str]:
    """The value of each button that fills in the picker, by its label."""
    found = re.findall(r'name="take" value="([^"]*)"[^>]*>([^<]*)<', part)
    return {label: unescape(value) for value, label in found}


def test_H1_it_tells_the_time_on_each_clock_and_until_when_it_can_be_changed(card: Card, client: Client) -> None:
    client.set_cookie("viewer_zone", "America/New_York")
    assert card() == (
        "Fri 30 Apr 2027, 18:00 CEST , in 57 days "
        "Event time Fri 30 Apr 2027, 18:00 CEST (Europe/Berlin) "
        "Your time Fri 30 Apr 2027, 12:00 EDT (America/New_York) "
        "UTC 2027-04-30, 16:00 Can be changed until 17:45 CEST "
        "Worth knowing: The clocks change in between."
    )


def test_H1_another_zone_is_told_beside_the_events(card: Card) -> None:
    told = card(send_at="2027-03-10T09:00", timezone="America/Los_Angeles")
    assert told == (
        "Wed 10 Mar 2027, 18:00 CET , in 6 days As chosen Wed 10 Mar 2027, 09:00 PST (America/Los_Angeles) "
        "Event time Wed 10 Mar 2027, 18:00 CET (Europe/Berlin) UTC 2027-03-10, 17:00 "
        "Can be changed until 17:45 CET"
    )


def test_H1_an_alias_is_taken_as_it_was_chosen(card: Card, client: Client, url: str) -> None:
    assert "As chosen Wed 10 Mar 2027, 09:00 EET (Europe/Kiev)" in card(
        send_at="2027-03-10T09:00", timezone="Europe/Kiev"
    )
    page = client.submit(f"{url}/preview", {**TYPED, "timezone": "Europe/Kiev"}).text
    assert 'name="timezone" type="text" value="Europe/Kiev"' in page
    assert '<option value="Europe/Kiev"><option value="Europe/Kirov">' in page


@pytest.mark.parametrize("named", ["", "Mars/Olympus", "<b>"])
def test_H1_a_browser_without_a_zone_is_told_none(named: str, card: Card, client: Client) -> None:
    client.set_cookie("viewer_zone", named)
    assert "Your time" not in card()


def test_H1_the_range_stands_in_the_control_and_in_words(client: Client, url: str) -> None:
    page = client.get(url)
    assert 'min="2027-03-04T13:01" max="2027-07-19T23:00"' in page.text
    assert "From now until Mon 19 Jul 2027, 23:00 CEST, 30 days after the event." in words(page)
    moved = client.submit(f"{url}/preview", {**TYPED, "timezone": "America/New_York"})
    assert 'min="2027-03-04T07:01" max="2027-07-19T17:00"' in moved.text


def test_H1_without_a_time_of_the_event_the_range_is_a_year(client: Client, url: str, move_event: Any) -> None:
    move_event(starts_wall=None, ends_wall=None)
    page = client.get(url)
    assert "From now until Sat 4 Mar 2028, 13:00 CET, a year ahead, while the event has no time." in words(page)
    assert list(buttons(page.text)) == ["Tomorrow 09:00"]


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        ({"send_at": "2027-03-04T12:59"}, "2027-03-04 12:59 (Europe/Berlin) is over already. Choose a later time."),
        ({"send_at": "2027-07-20T00:00"}, TOO_LATE),
        ({"timezone": "Mars/<b>"}, "“Mars/<b>” is not a time zone we know; use a name such as Europe/Berlin."),
        ({"send_at": "tomorrow"}, "Choose a date and a time, as in 2027-05-01T18:00, without an offset."),
        ({**RELATIVE, "relative_number": "-2"}, NO_NUMBER),
        ({**RELATIVE, "relative_number": "9" * 5_000}, NO_NUMBER),
    ],
)
def test_H2_why_a_time_is_refused_stands_there_before_it_is_scheduled(
    time: dict[str, str], sentence: str, card: Card
) -> None:
    assert card(**time) == sentence


def test_H2_G19_a_time_that_does_not_exist_offers_its_neighbours(card: Card, client: Client, url: str) -> None:
    gap = {**TYPED, "send_at": "2027-03-28T02:30"}
    assert card(send_at="2027-03-28T02:30") == (
        "2027-03-28 02:30 does not exist in Europe/Berlin: the clocks go forward then. Take 01:59 or 03:00. "
        "Sun 28 Mar, 01:59 Sun 28 Mar, 03:00"
    )
    taken = buttons(client.submit(f"{url}/preview", gap, headers=partial()).text)["Sun 28 Mar, 03:00"]
    part = client.submit(f"{url}/preview", {**gap, "take": taken}, headers=partial())
    assert 'value="2027-03-28T03:00"' in part.text.partition('hx-target="#when-fields"')[2]
    assert "Sun 28 Mar 2027, 03:00 CEST" in words(part)
    assert part.headers["HX-Trigger"] == "time-taken"
    whole = client.submit(f"{url}/preview", {**gap, "take": taken})
    assert 'name="send_at" type="datetime-local" value="2027-03-28T03:00"' in whole.text


def test_H2_G19_a_time_that_occurs_twice_asks_which(card: Card, move_event: Any, client: Client, url: str) -> None:
    move_event(**{name: datetime.fromisoformat("2027-10-31T18:00") for name in ("starts_wall", "ends_wall")})
    twice = "2027-10-31T02:30"
    assert card(send_at=twice) == (
        "2027-10-31 02:30 occurs twice in Europe/Berlin: the clocks go back then. Choose the first 02:30 (CEST) or the "
        "second 02:30 (CET). Which of the two? The clocks go back then, so this time occurs twice. "
        "First 02:30 (CEST) Second 02:30 (CET)"
    )
    assert card(send_at=twice, fold="0").startswith("Sun 31 Oct 2027, 02:30 CEST , in 241 days")
    assert card(send_at=twice, fold="1").startswith("Sun 31 Oct 2027, 02:30 CET , in 241 days")
    part = client.submit(f"{url}/preview", {**TYPED, "send_at": twice, "fold": "1"}, headers=partial()).text
    assert re.findall(r'name="fold" value="(\d)" checked', part) == ["1"]


def test_H6a_G23_a_relative_time_says_what_it_is_by_now_and_that_it_moved_out_of_a_gap(
    card: Card, move_event: Any
) -> None:
    assert card(**RELATIVE, relative_number="2", relative_at="18:00").startswith(
        "Thu 17 Jun 2027, 18:00 CEST , in 105 days"
    )
    move_event(starts_wall=datetime.fromisoformat("2027-03-29T02:30"))
    told = card(**RELATIVE, relative_number="1")
    assert told.startswith("Sun 28 Mar 2027, 03:30 CEST , in 24 days")
    assert "The clocks go forward then, so it moves forward to a time that exists." in told


def test_H6a_of_hours_there_is_no_clock_time(card: Card) -> None:
    hours = {**RELATIVE, "relative_unit": "hours", "relative_side": "after", "relative_anchor": "ends"}
    assert card(**hours, relative_number="2", relative_at="18:00").startswith("Sun 20 Jun 2027, 01:00 CEST")


def test_H3_inside_the_cutoff_it_can_be_cancelled_only(card: Card) -> None:
    assert card(send_at="2027-03-04T13:10") == (
        "Thu 4 Mar 2027, 13:10 CET , in 10 minutes Event time Thu 4 Mar 2027, 13:10 CET (Europe/Berlin) "
        "UTC 2027-03-04, 12:10 Can be changed not any more "
        "Look at this: It is inside the cutoff: it can be cancelled, not edited."
    )


def test_H1_presets_fill_in_the_picker_without_script(client: Client, url: str) -> None:
    filled = buttons(client.get(url).text)
    assert list(filled) == ["Tomorrow 09:00", "1 day before the event", "1 hour before it starts"]
    said = {
        "Tomorrow 09:00": "Fri 5 Mar 2027, 09:00 CET",
        "1 day before the event": "Fri 18 Jun 2027, 18:00 CEST",
        "1 hour before it starts": "Sat 19 Jun 2027, 17:00 CEST",
    }
    for label, time in said.items():
        page = client.submit(f"{url}/preview", {**TYPED, "take": filled[label]})
        assert f"Schedule for {time.replace(' 2027', '')} (2)" in words(page)
        [way] = re.findall(r'name="when" value="(\w+)" checked', page.text)
        assert way == ("at" if "Tomorrow" in label else "relative")


def test_H1_a_preset_whose_time_is_over_is_not_there(client: Client, url: str, move_event: Any) -> None:
    move_event(starts_wall=datetime.fromisoformat("2027-03-04T14:30"))
    assert list(buttons(client.get(url).text)) == ["Tomorrow 09:00", "1 hour before it starts"]
    move_event(starts_wall=datetime.fromisoformat("2027-03-04T13:30"))
    assert list(buttons(client.get(url).text)) == ["Tomorrow 09:00"]
