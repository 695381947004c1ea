"""What merge fields stand for."""

from datetime import datetime
from typing import Any

import pytest

from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.guests import edit
from eventmail.domain.mailings import merge_values
from eventmail.domain.terms import SendingTerms, unsubscribe_url
from tests.support import seeding
from tests.support.seeding import Person, acting

PLACE = SendingTerms("https://mail.organizers.example", b"s" * 32, outside=False)


def constants(event_id: int, **sender: Any) -> dict[str, str | None]:
    event = seeding.event(event_id)
    return merge_values.constants(event, merge_values.sender(event, None), PLACE)


def test_the_fields_of_an_event_are_the_standard_ones_and_its_columns_c1(event_id: int, add_event: Any) -> None:
    standard = set(merge_values.fields(event_id))
    edit.add(event_id, {"first_name": "Ada", "attributes": {"Table": "1", "Diet note": ""}}, acting())
    assert set(merge_values.fields(event_id)) - standard == {"guest.Table"}
    table = merge_values.fields(event_id)["guest.Table"]
    assert (table.label, table.default) == (
        "Table", "not stated",
    )  # fmt: skip
    assert set(merge_values.fields(add_event())) == standard


def test_the_event_in_words_c1(event_id: int) -> None:
    found = constants(event_id)
    assert {name: found[name] for name in found if not name.startswith("calendar.")} == {
        "event.title": "Fixture Gala", "event.date": "Saturday, 19 June 2027", "event.time": "18:00",
        "event.timezone": "Europe/Berlin", "event.location": "Old Town Hall, Berlin", "event.url": "",
        "organizer.name": "Gala Team", "organizer.email": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "date", "time"),
    [
        ({"ends_wall": datetime(2027, 6, 21, 2)}, "Saturday, 19 June 2027 to Monday, 21 June 2027", "18:00"),  # noqa: DTZ001
        ({"all_day": True}, "Saturday, 19 June 2027", ""),
        (
            {"starts_wall": datetime(2027, 10, 31, 2, 30), "starts_fold": 1, "ends_wall": None},  # noqa: DTZ001
            "Sunday, 31 October 2027",
            "02:30 CET",
        ),
        ({"starts_wall": None, "ends_wall": None}, "", ""),
    ],
)
def test_days_and_times_c1(add_event: Any, values: dict[str, Any], date: str, time: str) -> None:
    found = constants(add_event(**values))
    assert (found["event.date"], found["event.time"]) == (date, time)


def test_H2_calendars_get_the_start_and_the_end_that_were_chosen(add_event: Any) -> None:
    twice = datetime(2027, 10, 31, 2, 30)  # noqa: DTZ001
    later = twice.replace(minute=45)
    found = constants(add_event(starts_wall=twice, starts_fold=1, ends_wall=later, ends_fold=1))
    assert "dates=20271031T013000Z/20271031T014500Z&" in str(found["calendar.google"])
    assert "startdt=2027-10-31T01:30:00Z&enddt=2027-10-31T01:45:00Z" in str(found["calendar.outlook"])


def test_an_event_without_a_time_has_no_calendar_links_c3(add_event: Any) -> None:
    found = constants(add_event(starts_wall=None, ends_wall=None))
    assert {name: value for name, value in found.items() if name.startswith("calendar.")} == dict.fromkeys(
        ("calendar.google", "calendar.outlook", "calendar.office365", "calendar.yahoo", "calendar.ics", "calendar.page")
    )
    assert found["event.timezone"] == ""


def test_the_organizer_is_the_events_sender_else_who_wrote_it(add_event: Any, organizer: Person) -> None:
    with_address, without_name = add_event(reply_to="gala@organizers.org"), add_event(sender_name="")
    author, named, plain = seeding.user(organizer), seeding.event(with_address), seeding.event(without_name)
    assert merge_values.sender(named, author) == ("Gala Team", "gala@organizers.org")
    assert merge_values.sender(plain, author) == (organizer.name, organizer.email)
    assert merge_values.sender(plain, None) == ("Fixture Gala", "")


def test_a_column_can_not_pose_as_a_standard_field_c4() -> None:
    attributes = {"email": "evil@x.org", "firstName": "Eve", "Table": 7}
    assert merge_values.guest_values("Ada", "Lovelace", "ada@x.org", attributes) == {
        "guest.email": "ada@x.org", "guest.firstName": "Ada", "guest.lastName": "Lovelace",
        "guest.fullName": "Ada Lovelace", "guest.Table": "7",
    }  # fmt: skip


def test_links_are_signed_for_one_event_and_one_recipient(add_event: Any) -> None:
    first, second = map(seeding.event, [add_event(), add_event()])
    files = {CalendarAddresses.of(event, PLACE).file() for event in (first, second)}
    links = {*files, unsubscribe_url(1, PLACE),
             unsubscribe_url(2, PLACE)}  # fmt: skip
    assert len(links) == 4
    assert max(map(len, links)) < 76  # a List-Unsubscribe that is folded is useless
