"""The pages of calendar mails: an awkward event, one without a date, and a message that was sent."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.calendar import steps
from tests.browser.steps import Gala, by_test
from tests.browser.tour import LONG, PEOPLE, Tour
from tests.support import seeding


def _event(tour: Tour, **values: Any) -> Gala:
    live = tour.full.live
    with live.app.app_context():
        gala = Gala(live, seeding.add_event(live.organizer, title=f"<b>שלום</b> {LONG[:120]}", **values))
    gala.add_guests(PEOPLE)
    return gala


def undated(tour: Tour) -> None:
    tour.go(_event(tour, starts_wall=None, ends_wall=None, location="").url("/calendar"))
    expect(by_test(tour.page, "calendar-no-links")).to_be_visible()


def sent(tour: Tour) -> None:
    """After its links were looked at, with more in them than fits."""
    long = {"location": LONG[:250], "description": f"{LONG}\n" * 10, "url": f"https://e.com/{'x' * 200}"}
    tour.go(_event(tour, **long).url("/calendar"))
    steps.write(tour.page, f"Save the date {LONG}")
    steps.send(tour.page)
    steps.finished(tour.page)
