"""What the stories of scheduled messages do again and again, and the time they let pass."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from eventmail.db import fresh
from eventmail.models import Event
from tests.browser import steps
from tests.browser.steps import Gala, by_test
from tests.support.live import Live
from tests.support.programs import around

ANA, BO, QUIET = (f"{name}@guests.example.net" for name in ("ana", "bo", "quiet"))
PAGE = (
    "scheduled-messages-page", "scheduled-message-date-picker", "scheduled-message-audience-picker",
    "scheduled-message-editor", "scheduled-message-save-cta", "scheduled-message-test-send-cta",
)  # fmt: skip
WARNING, TRACKED, ROW = "scheduled-message-warning", "scheduled-message-job-tracker", "scheduled-message-row"
TEXT = "Hi {guest.firstName},\n\nsee you at {event.location}."
SECONDS = 60.0


class Passing:
    """The time of all processes: `file` says by how many seconds it is ahead of the real one. It only goes forward."""

    def __init__(self, live: Live, file: Path) -> None:
        self.live, self.file = live, file

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self.file.read_text()))

    def until(self, instant: datetime) -> None:
        """Let the time pass until `instant`."""
        ahead = (instant - datetime.now(UTC)).total_seconds()
        draft = self.file.with_suffix(".new")
        draft.write_text(str(ahead))
        draft.replace(self.file)

    def tick(self) -> None:
        """The worker's look of each minute, at once."""
        self.live.run(around(f"shifted {self.file}", "eventmail tick"))


def wall(gala: Gala, at: datetime) -> str:
    """What a clock in the event's zone shows then, as the picker takes it."""
    with gala.live.app.app_context():
        zone = fresh().get_one(Event, gala.id).zone
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def write(page: Page, subject: str = "Doors open", text: str = TEXT, *, confirmed: bool = True) -> None:
    if confirmed:
        steps.unfold(page)
        by_test(page, "scheduled-message-audience-picker").get_by_label("Confirmed").check()
    editor = by_test(page, "scheduled-message-editor")
    editor.get_by_label("Subject").fill(subject)
    editor.get_by_label("Message", exact=True).fill(text)


def choose(page: Page, gala: Gala, at: datetime) -> None:
    by_test(page, "scheduled-message-date-picker").locator("[name=send_at]").fill(wall(gala, at))


def schedule(page: Page, gala: Gala, at: datetime, subject: str = "Doors open", text: str = TEXT) -> None:
    """Write, choose the time, press Schedule: the row is there."""
    page.goto(gala.url("/scheduled"))
    write(page, subject, text)
    choose(page, gala, at)
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW).filter(has_text=subject)).to_have_count(1)


def planned(gala: Gala) -> list[dict[str, Any]]:
    return gala.live.query(
        "SELECT mailing.*, edit_cutoff_at, wall, revision FROM mailing "
        "JOIN schedule ON schedule.mailing_id = mailing.id WHERE event_id = ? ORDER BY mailing.id",
        gala.id,
    )


def states(gala: Gala) -> list[str]:
    return [row["state"] for row in planned(gala)]


def refused(page: Page, status: int, code: str) -> None:
    """Press Schedule: the answer has this status, and the warning of the page tells why."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.status == status):
        by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, WARNING)).to_have_attribute("data-error-code", code)


def send_later(page: Page, gala: Gala, at: datetime, path: str = "/messages", prefix: str = steps.MESSAGE) -> int:
    """Write on a page such as “New message”, press “Send later…”, choose the time, schedule: the id of the mailing."""
    page.goto(gala.url(f"{path}?new=1"))
    steps.write(page, "Doors open", TEXT, prefix=prefix)
    by_test(page, f"{prefix}-send-later").click()
    page.wait_for_url(re.compile(r"/scheduled/\d+"))
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_have_value("Doors open")
    choose(page, gala, at)
    expect(by_test(page, "scheduled-message-save-cta")).to_contain_text("(3)")
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW)).to_have_count(1)
    return int(planned(gala)[0]["id"])
