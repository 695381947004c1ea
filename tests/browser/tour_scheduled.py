"""The pages of scheduled messages: to come, locked, moved, missed, and the picker with all that it says."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import update

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain.mailings import schedule
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import Event, Mailing, Schedule
from eventmail.states import AudienceMode
from tests.browser.steps import Gala, by_test
from tests.browser.tour import LONG, PEOPLE, TEXT, Tour
from tests.support import seeding
from tests.support.written import PLACE


def _days(number: int) -> datetime:
    return (clock.now() + timedelta(days=number)).replace(tzinfo=None, second=0, microsecond=0)


def _made(tour: Tour) -> dict[str, str]:
    """The addresses of an event with a scheduled message of each kind, by that word; made once."""
    if tour.planned:
        return tour.planned
    live = tour.full.live
    with live.app.app_context():
        times: dict[str, Any] = {"starts_wall": _days(60), "ends_wall": _days(61)}
        gala = Gala(live, seeding.add_event(live.organizer, title=f"Planned {LONG[:120]}", **times))
    gala.add_guests(PEOPLE)
    fixed, rule = Plan(_days(30).isoformat()), Plan(relative={"anchor": "starts", "days": -2, "at": "18:00"})
    exact = Plan(_days(31).isoformat(), audience_mode=AudienceMode.EXACT)
    ids = {
        "upcoming": _scheduled(gala, f"<b>שלום</b> {LONG}", exact),
        "moved": _scheduled(gala, "Moved", rule),
        "locked": _scheduled(gala, "Locked", fixed, held={"edit_cutoff_at": clock.now() - timedelta(minutes=1)}),
        "missed": _scheduled(gala, f"Missed {LONG}", fixed, mailing={"state": "missed"}, held={"not_sent": "late"}),
    }
    with live.app.app_context(), transaction() as tx:
        moved = {"starts_wall": _days(62), "location": f"<b>Hall</b> {LONG}"}
        tx.execute(update(Event).where(Event.id == gala.id).values(**moved))
    tour.planned |= {"list": gala.url("/scheduled")}
    tour.planned |= {word: gala.url(f"/scheduled/{mailing_id}") for word, mailing_id in ids.items()}
    return tour.planned


def _scheduled(
    gala: Gala, subject: str, plan: Plan, mailing: dict[str, Any] | None = None, held: dict[str, Any] | None = None
) -> int:
    with gala.live.app.app_context():
        message = Message(Text(subject, "", TEXT), {"statuses": ["confirmed"]}, plan=plan)
        by = seeding.acting(gala.live.organizer)
        made = schedule.create(gala.id, message, key=subject, terms=PLACE, by=by).mailing_id
        with transaction() as tx:
            if mailing:
                tx.execute(update(Mailing).where(Mailing.id == made).values(**mailing))
            if held:
                tx.execute(update(Schedule).where(Schedule.mailing_id == made).values(**held))
    return made


def page(word: str) -> Callable[[Tour], None]:
    """The list, or the page of one message."""
    return lambda tour: tour.go(_made(tour)[word])


def written(tour: Tour) -> None:
    """A message with a time that the server has looked at."""
    page("list")(tour)
    by_test(tour.page, "scheduled-message-audience-picker").get_by_label("Confirmed").check()
    tour.page.get_by_label("Subject").fill("Dear {guest.fullName}")
    tour.page.get_by_label("Message", exact=True).fill(TEXT)
    tour.page.get_by_label("Date and time", exact=True).fill(_days(20).isoformat(timespec="minutes"))
    expect(by_test(tour.page, "scheduled-message-save-cta")).to_contain_text("Schedule for")


def relative(tour: Tour) -> None:
    """One with a time that counts from the event."""
    written(tour)
    tour.page.get_by_role("button", name="1 day before the event").click()
    expect(tour.page.get_by_label("How many")).to_have_value("1")


def refused(tour: Tour) -> None:
    """One for a time that is over."""
    written(tour)
    tour.page.get_by_label("Date and time", exact=True).fill("2020-01-01T00:00")
    by_test(tour.page, "scheduled-message-save-cta").click()
    expect(by_test(tour.page, "scheduled-message-warning")).to_be_visible()
    tour.complaints[:] = [said for said in tour.complaints if "400" not in said]
