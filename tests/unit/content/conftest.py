"""What every test of the content package starts from: one event, one guest, one design."""

from datetime import UTC, datetime

import pytest

from eventmail.content.calendar_facts import CalendarFacts
from eventmail.content.calendar_links import calendar_values, links
from eventmail.content.mime import Envelope
from eventmail.content.tokens import known_fields


@pytest.fixture(scope="session")
def fields():
    return known_fields({"Company (full)": "", "seat": "any seat", "ticket": ""})


@pytest.fixture(scope="session")
def facts():
    return CalendarFacts(
        uid="event-1@mail.example.org",
        title="Fixture Gala",
        description="With balloons, clowns and stuff\nBring a dog; bring a frog",
        location="Party Lane 1A, 1337 Funtown",
        url="https://gala.example.org/",
        timezone="Europe/Berlin",
        starts=datetime(2026, 12, 4, 18, 0),  # noqa: DTZ001, a wall time
        ends=datetime(2026, 12, 4, 23, 30),  # noqa: DTZ001
        all_day=False,
        sequence=3,
        updated_at=datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
        cancelled=False,
    )


@pytest.fixture(scope="session")
def event_values(facts):
    return {
        "event.title": "Fixture Gala",
        "event.date": "Friday, 4 December 2026",
        "event.time": "18:00",
        "event.timezone": "Europe/Berlin",
        "event.location": "Party Lane 1A, 1337 Funtown",
        "event.url": "https://gala.example.org/",
        "organizer.name": "Gala Team",
        "organizer.email": "team@example.org",
        **calendar_values(links(facts, "https://mail.example.org/i/abc.ics")),
    }


@pytest.fixture(scope="session")
def guest_values():
    return {
        "guest.firstName": "Ada",
        "guest.lastName": "Lovelace",
        "guest.fullName": "Ada Lovelace",
        "guest.email": "ada@example.org",
        "guest.Company (full)": "Engines & Sons",
        "guest.seat": "12",
        "guest.ticket": "https://tickets.example.org/42",
    }


@pytest.fixture(scope="session")
def envelope():
    return Envelope(
        from_email="gala@example.org",
        from_name="Gala Team",
        reply_to="team@example.org",
        date=datetime(2026, 11, 2, 8, 0, tzinfo=UTC),
        message_id_domain="example.org",
        list_id="gala.example.org",
    )


@pytest.fixture(scope="session")
def body():
    return """# Hello {guest.firstName|friend}

We meet at **{event.location}** on {event.date}: [the page]({event.url}?g={guest.email}), or {event.url}.

- Seat: {guest.seat}
- [Write to us](mailto:{organizer.email}?subject={event.title})

| Who | Company |
|---|---:|
| {guest.fullName|you|them} | {guest.Company (full)} |

> Bring a *friend*.

::: button {guest.ticket}
Your ticket, {guest.firstName}
:::

::: calendar-links
:::
"""
