"""Scheduled messages: an organizer chooses when a message goes out, changes or cancels it, or lets it become due.

The clock of the web process, of the worker and of this test is set forward together, as time would pass.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, update

from eventmail import clock
from eventmail.db import fresh, transaction
from eventmail.models import Event, Guest, GuestField
from tests.browser import steps
from tests.browser.steps import Gala, body, by_test
from tests.support import seeding
from tests.support.browser import assert_fits, assert_visible_everywhere, axe_everywhere
from tests.support.live import PROCFILE, ROOT, Live
from tests.support.waiting import wait_for

ANA, BO, QUIET = (f"{name}@guests.example.net" for name in ("ana", "bo", "quiet"))
PAGE = (
    "scheduled-messages-page", "scheduled-message-date-picker", "scheduled-message-audience-picker",
    "scheduled-message-editor", "scheduled-message-save-cta", "scheduled-message-test-send-cta",
)  # fmt: skip
WARNING, TRACKED, ROW = "scheduled-message-warning", "scheduled-message-job-tracker", "scheduled-message-row"
TEXT = "Hi {guest.firstName},\n\nsee you at {event.location}."
SECONDS = 60.0
BERLIN = ZoneInfo("Europe/Berlin")


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
        command = [sys.executable, "-m", "tests.support.shifted", str(self.file), "eventmail", "tick"]
        subprocess.run(command, cwd=ROOT, env=self.live.environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[Passing]:
    """A running instance whose time these tests let pass."""
    folder = tmp_path_factory.mktemp("scheduled")
    file = folder / "ahead"
    file.write_text("0")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("web", "worker"):
            patch.setitem(PROCFILE, name, f"{sys.executable} -m tests.support.shifted {file} {PROCFILE[name]}")
        live = Live(folder / "instance", template_database)
        try:
            live.start()
            yield Passing(live, file)
        finally:
            live.stop()


@pytest.fixture
def gala(passing: Passing, monkeypatch: pytest.MonkeyPatch) -> Gala:
    """An event of this test alone, in Berlin in ten days, with Ana, Bo and somebody without a first name."""
    monkeypatch.setattr(clock, "now", passing.now)
    starts = (passing.now() + timedelta(days=10)).replace(hour=18, minute=0, second=0, microsecond=0, tzinfo=None)
    with passing.live.app.app_context():
        event_id = seeding.add_event(
            passing.live.organizer, timezone="Europe/Berlin", location="Old Town Hall", starts_wall=starts,
            ends_wall=starts + timedelta(hours=5),
        )  # fmt: skip
    gala = Gala(passing.live, event_id)
    gala.add_guests([
        {"email": ANA, "first_name": "Ana"}, {"email": BO, "first_name": "Bo"}, {"email": QUIET, "first_name": ""},
    ])  # fmt: skip
    return gala


@pytest.fixture
def page(watched: Page, gala: Gala) -> Page:
    """The page “Scheduled messages” of that event, for its organizer."""
    steps.sign_in(watched, gala, "/scheduled")
    return watched


@pytest.fixture
def in_hours(passing: Passing) -> Callable[..., datetime]:
    """in_hours(2): a whole minute so far ahead."""
    return lambda hours: (passing.now() + timedelta(hours=hours)).replace(second=0, microsecond=0)


def wall(gala: Gala, at: datetime) -> str:
    """What a clock in the event's zone shows then, as the picker takes it."""
    with gala.live.app.app_context():
        zone = fresh().get_one(Event, gala.id).zone
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def write(page: Page, subject: str = "Doors open", text: str = TEXT, *, confirmed: bool = True) -> None:
    if confirmed:
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


def test_scheduled_messages_render_and_one_is_scheduled_and_goes_out_when_it_is_due(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    # scheduled-messages-renders
    assert_visible_everywhere(page, PAGE)
    for absent in (WARNING, TRACKED, "scheduled-message-gap-panel", "scheduled-message-cancel-cta"):
        expect(by_test(page, absent)).to_have_count(0)
    picker = by_test(page, "scheduled-message-date-picker")
    expect(picker.locator("[name=timezone]")).to_have_value("Europe/Berlin")

    # schedule-message: the picker is honest about the time, and refuses what is over
    at = in_hours(2)
    write(page)
    choose(page, gala, at - timedelta(hours=3))
    expect(picker).to_contain_text("is over already")
    refused(page, 400, "PAST_SEND_AT")
    assert steps.nothing_left(gala)
    choose(page, gala, at)
    card = by_test(page, "scheduled-message-when")
    expect(card).to_contain_text(f"{at:%Y-%m-%d, %H:%M}")  # UTC
    cutoff = f"{(at - timedelta(minutes=15)).astimezone(BERLIN):%H:%M}"  # with its day, when that is another one
    expect(card).to_contain_text(re.compile(rf"until (\w+ \d+ \w+( \d+)?, )?{cutoff}"))
    expect(by_test(page, "scheduled-message-recipient-count").locator("[data-count]")).to_have_text("3")
    expect(by_test(page, "scheduled-message-save-cta")).to_contain_text("(3)")
    by_test(page, "scheduled-message-save-cta").click()

    # the row shows the number of recipients, the time and the cutoff
    row = by_test(page, ROW)
    expect(by_test(page, "scheduled-message-count")).to_contain_text("3 recipients")
    expect(by_test(page, "scheduled-message-send-at")).to_contain_text(f"{at.astimezone(BERLIN):%H:%M}")
    expect(by_test(page, "scheduled-message-send-at")).to_have_attribute("title", f"{at:%Y-%m-%d %H:%M} UTC")
    told = by_test(page, "scheduled-message-cutoff")
    expect(told).to_contain_text(re.compile(rf"Can be changed until (\w+ \d+ \w+( \d+)?, )?{cutoff}"))
    expect(row).to_have_attribute("data-state", "scheduled")
    assert_visible_everywhere(page, ["scheduled-message-cancel-cta", *PAGE])
    assert (states(gala), gala.reservations(), gala.mails()) == (["scheduled"], [(3, 0, 0)], [])
    axe_everywhere(page)
    assert_fits(page)

    # let the time pass: it starts by itself, and the tracker stands on the page
    passing.until(at)
    passing.tick()
    page.reload()
    tracker = by_test(page, TRACKED)
    expect(tracker).to_have_attribute("data-state", "finished")
    assert_visible_everywhere(page, [TRACKED, "scheduled-messages-page"])
    assert {address: row["state"] for address, row in gala.recipients().items()} == dict.fromkeys(
        (ANA, BO, QUIET), "sent"
    )
    mails = gala.by_address()
    assert {address: body(mail).partition("\n")[0] for address, mail in mails.items()} == {
        ANA: "Hi Ana,", BO: "Hi Bo,", QUIET: "Hi there,",
    }  # fmt: skip
    assert all(mail["Date"].datetime >= at for mail in mails.values())
    assert (states(gala), gala.reservations()) == (["finished"], [(3, 3, 0)])


def test_cancel_scheduled_message_before_it_is_due(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    """Resolution: pending count decrements, sends refund, audit row records actor."""
    at = in_hours(2)
    schedule(page, gala, at)
    expect(by_test(page, ROW)).to_contain_text("3 sends go back")
    by_test(page, "scheduled-message-cancel-cta").click()
    expect(by_test(page, ROW)).to_have_attribute("data-state", "cancelled")
    assert (states(gala), gala.reservations()) == (["cancelled"], [(3, 0, 3)])
    assert {row["state"] for row in gala.recipients().values()} == {"cancelled"}
    page.goto(gala.url("/audit"))
    expect(page.get_by_text("Oscar Organizer cancelled who still waited for the message").first).to_be_visible()
    passing.until(at + timedelta(seconds=1))
    passing.tick()
    passing.tick()
    assert (states(gala), gala.mails()) == (["cancelled"], [])


@pytest.mark.parametrize(("text", "code"), [
    ("Hi {guest.nickname}", "UNRESOLVED_TOKEN"), ("", "INVALID_INPUT"),
])  # fmt: skip
def test_send_blocked_on_validation_failure_of_the_text(
    page: Page, gala: Gala, in_hours: Callable[..., datetime], text: str, code: str
) -> None:
    """Resolution: 400/409 blocks send before any email leaves."""
    write(page, text=text)
    choose(page, gala, in_hours(2))
    refused(page, 400, code)
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_have_value("Doors open")
    assert steps.nothing_left(gala)


def test_send_blocked_on_validation_failure_of_the_audience(
    page: Page, gala: Gala, in_hours: Callable[..., datetime]
) -> None:
    write(page, confirmed=False)
    choose(page, gala, in_hours(2))
    refused(page, 400, "INVALID_AUDIENCE")
    assert steps.nothing_left(gala)


def test_recipient_resolution_empty_G33(page: Page, gala: Gala, in_hours: Callable[..., datetime]) -> None:
    """Resolution: 409 NO_RECIPIENTS and no queued scheduled message."""
    write(page, confirmed=False)
    by_test(page, "scheduled-message-audience-picker").get_by_label("Declined").check()
    choose(page, gala, in_hours(2))
    refused(page, 409, "NO_RECIPIENTS")
    expect(by_test(page, WARNING)).to_contain_text("No recipients match this audience.")
    assert steps.nothing_left(gala)


def test_H2_a_time_that_does_not_exist_offers_its_neighbours_and_one_that_occurs_twice_asks(
    page: Page, gala: Gala, passing: Passing
) -> None:
    now = passing.now()
    years = [year for year in (now.year, now.year + 1) if datetime(year, 3, 31, tzinfo=UTC) > now]
    spring = _sunday(years[0], 3)
    with gala.live.app.app_context(), transaction() as tx:
        ends = (spring + timedelta(days=240)).replace(tzinfo=None)
        tx.execute(update(Event).where(Event.id == gala.id).values(ends_wall=ends))
    page.reload()
    write(page)
    picker = by_test(page, "scheduled-message-date-picker")
    picker.locator("[name=send_at]").fill(f"{spring:%Y-%m-%d}T02:30")
    expect(picker).to_contain_text("does not exist in Europe/Berlin")
    refused(page, 400, "NONEXISTENT_TIME")
    by_test(page, "scheduled-message-date-picker").get_by_role("button", name=re.compile("03:00")).click()
    expect(by_test(page, "scheduled-message-when")).to_contain_text(f"{spring:%Y-%m-%d}, 01:00")
    autumn = _sunday(spring.year, 10)
    picker.locator("[name=send_at]").fill(f"{autumn:%Y-%m-%d}T02:30")
    which = page.get_by_role("group", name="Which of the two?")
    expect(which).to_be_visible()
    refused(page, 400, "AMBIGUOUS_TIME")
    which.get_by_label(re.compile("second", re.IGNORECASE)).check()
    expect(by_test(page, "scheduled-message-when")).to_contain_text(f"{autumn:%Y-%m-%d}, 01:30")
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW)).to_have_count(1)
    assert [row["send_at"][:16] for row in planned(gala)] == [f"{autumn:%Y-%m-%d} 01:30"]

    # opened and saved untouched it is the same instant, without a question
    by_test(page, "scheduled-message-edit").click()
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW)).to_have_count(1)
    assert [(row["send_at"][:16], row["revision"]) for row in planned(gala)] == [(f"{autumn:%Y-%m-%d} 01:30", 2)]


def test_bounced_recipient_tracked_and_suppressed(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    """Resolution: bounce event is recorded and later scheduled sends skip the address."""
    gone = "gone+hardbounce@guests.example.net"
    gala.add_guests([{"email": gone, "first_name": "Gone"}])
    first, second = in_hours(2), in_hours(3)
    schedule(page, gala, first, "First")
    schedule(page, gala, second, "Second")
    expect(by_test(page, ROW).filter(has_text="Second")).to_contain_text("4 recipients")
    passing.until(first)
    passing.tick()
    wait_for(lambda: states(gala)[0] == "finished", SECONDS, "the first message")
    page.reload()
    expect(by_test(page, ROW).filter(has_text="Second")).to_contain_text("3 recipients")
    events = gala.live.query("SELECT kind, address FROM email_event WHERE event_id = ?", gala.id)
    assert events == [{"kind": "bounce", "address": gone}]
    passing.until(second)
    passing.tick()
    wait_for(lambda: states(gala) == ["finished"] * 2, SECONDS, "the second message")
    tries = gala.live.query(
        "SELECT recipient.mailing_id, attempts, recipient.state FROM recipient JOIN mailing ON mailing.id = mailing_id "
        "WHERE event_id = ? AND address = ?",
        gala.id, gone,
    )  # fmt: skip
    assert tries == [{"mailing_id": planned(gala)[0]["id"], "attempts": 1, "state": "failed"}]
    assert [row["recipient_count"] for row in planned(gala)] == [4, 3]


def test_scheduled_message_edit_window(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    """Trigger: edit is attempted after cutoff. Resolution: 409 PAST_EDIT_WINDOW and stale row is not patched."""
    at = in_hours(2)
    schedule(page, gala, at)
    by_test(page, "scheduled-message-edit").click()
    by_test(page, "scheduled-message-editor").get_by_label("Subject").fill("Too late")
    before = planned(gala)
    passing.until(at - timedelta(minutes=10))
    refused(page, 409, "PAST_EDIT_WINDOW")
    assert planned(gala) == before
    page.goto(gala.url("/scheduled"))
    expect(by_test(page, ROW)).to_contain_text("Doors open")
    expect(by_test(page, "scheduled-message-edit")).to_be_disabled()
    assert_visible_everywhere(page, ["scheduled-message-cancel-cta", "scheduled-message-reopen"])

    # the way out until the last moment
    by_test(page, "scheduled-message-reopen").click()
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_have_value("Doors open")
    assert (states(gala), gala.reservations(), len(gala.drafts())) == (["cancelled"], [(3, 0, 3)], 1)


def test_past_due_edit_rejected(page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]) -> None:
    """Resolution: edit controls are disabled and API still returns 409."""
    at = in_hours(2)
    schedule(page, gala, at)
    mailing = planned(gala)[0]["id"]
    passing.until(at + timedelta(hours=2))
    passing.tick()
    page.goto(gala.url(f"/scheduled/{mailing}"))
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_be_disabled()
    expect(by_test(page, "scheduled-message-save-cta")).to_be_disabled()
    answer = gala.live.api("PATCH", f"/admin/events/{gala.id}/mailings/{mailing}", {"subject": "Too late"})
    assert (answer.status, answer.json["code"]) == (409, "PAST_EDIT_WINDOW")

    # it was missed, nothing left, and somebody sends it now
    page.goto(gala.url("/scheduled"))
    expect(by_test(page, ROW)).to_have_attribute("data-state", "missed")
    assert (states(gala), gala.mails()) == (["missed"], [])
    by_test(page, "scheduled-message-send-now").click()
    expect(by_test(page, TRACKED)).to_have_attribute("data-state", "finished")
    assert len(gala.by_address()) == 3


def test_retry_on_transient_failure(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    """Trigger: provider 5xx at due time. Resolution: retry uses same Idempotency-Key and sent_count is one."""
    slow = "grey+transient@guests.example.net"
    gala.add_guests([{"email": slow, "first_name": "Grey"}])
    at = in_hours(2)
    schedule(page, gala, at)
    passing.until(at)
    passing.tick()
    wait_for(lambda: states(gala) == ["finished"], SECONDS, "the end of the run")
    row = gala.recipients()[slow]
    assert (row["state"], row["attempts"]) == ("sent", 3)
    assert gala.reservations() == [(4, 4, 0)]
    assert len(gala.by_address()) == 4


def test_idempotency_key_on_test_send(page: Page, gala: Gala, in_hours: Callable[..., datetime]) -> None:
    """Trigger: test-send double-click while scheduling. Resolution: one test email is produced."""
    write(page)
    choose(page, gala, in_hours(2))
    by_test(page, "scheduled-message-test-send-cta").dblclick()
    expect(by_test(page, "scheduled-messages-page")).to_contain_text("Kept in outbox")
    tests = gala.live.query("SELECT id FROM mailing WHERE event_id = ? AND kind = 'test'", gala.id)
    assert len(tests) == 1
    assert [mail["Subject"] for mail in gala.mails()] == ["[Test] Doors open"]
    assert planned(gala) == []


def test_token_rendering_fallback(page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]) -> None:
    """Trigger: token becomes undefined when the schedule executes. Resolution: fallback renders for everybody."""
    with gala.live.app.app_context(), transaction() as tx:
        tx.add(GuestField(event_id=gala.id, name="Table"))
        tx.execute(update(Guest).where(Guest.event_id == gala.id).values(attributes={"Table": "7"}))
    at = in_hours(2)
    schedule(page, gala, at, text="Your table: {guest.Table|at the door}, at {event.location}.")
    with gala.live.app.app_context(), transaction() as tx:
        tx.execute(delete(GuestField).where(GuestField.event_id == gala.id))
        tx.execute(update(Guest).where(Guest.event_id == gala.id).values(attributes={}))
        tx.execute(update(Event).where(Event.id == gala.id).values(location=""))
    page.reload()
    expect(by_test(page, "scheduled-message-since")).to_contain_text("Old Town Hall")
    passing.until(at)
    passing.tick()
    wait_for(lambda: states(gala) == ["finished"], SECONDS, "the end of the run")
    texts = {body(mail).partition("\n")[0] for mail in gala.by_address().values()}
    assert texts == {"Your table: at the door, at Location to be announced."}


def test_due_time_fan_out_starts_once(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    """Trigger: worker polls the same due scheduled message twice. Resolution: one async job."""
    at = in_hours(2)
    schedule(page, gala, at)
    passing.until(at)
    for _ in range(3):
        passing.tick()
    wait_for(lambda: states(gala) == ["finished"], SECONDS, "the end of the run")
    jobs = gala.live.query("SELECT run FROM job JOIN mailing ON mailing.id = mailing_id WHERE event_id = ?", gala.id)
    assert jobs == [{"run": 1}]
    assert len(gala.by_address()) == 3


def test_H6a_a_moved_event_asks_before_a_reminder_leaves(page: Page, gala: Gala, passing: Passing) -> None:
    mailing = gala.live.api(
        "POST", f"/admin/events/{gala.id}/mailings",
        {"kind": "one_time", "subject": "Tomorrow", "body": "See you.", "audience": {"statuses": ["confirmed"]},
         "relative": {"anchor": "starts", "days": -1}},
        {"Idempotency-Key": "k"},
    ).json  # fmt: skip
    with gala.live.app.app_context(), transaction() as tx:
        event = tx.get_one(Event, gala.id)
        for name in ("starts_wall", "ends_wall"):
            setattr(event, name, getattr(event, name) + timedelta(days=1))
    page.reload()
    expect(by_test(page, "scheduled-message-moved")).to_contain_text("The event moved")
    by_test(page, "scheduled-message-accept").click()
    expect(by_test(page, "scheduled-message-moved")).to_have_count(0)
    before = datetime.fromisoformat(mailing["send_at"])
    [row] = planned(gala)
    assert datetime.fromisoformat(row["send_at"]).replace(tzinfo=UTC) == before + timedelta(days=1)


def _sunday(year: int, month: int) -> datetime:
    """The last Sunday of March or October."""
    last = datetime(year, month, 31, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


# The failure modes of the story “guest messaging”: a message from “New message” that is to be sent later


def send_later(page: Page, gala: Gala, at: datetime) -> int:
    """Write on “New message”, press “Send later…”, choose the time, schedule: the id of the mailing."""
    page.goto(gala.url("/messages?new=1"))
    steps.write(page, "Doors open", TEXT)
    by_test(page, "guest-message-send-later").click()
    page.wait_for_url(re.compile(r"/scheduled/\d+"))
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_have_value("Doors open")
    choose(page, gala, at)
    expect(by_test(page, "scheduled-message-save-cta")).to_contain_text("(3)")
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW)).to_have_count(1)
    return int(planned(gala)[0]["id"])


def test_guest_message_that_is_scheduled_has_an_edit_window(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    at = in_hours(2)
    mailing = send_later(page, gala, at)
    assert gala.drafts() == []
    before = planned(gala)
    passing.until(at - timedelta(minutes=15))
    answer = gala.live.api("PATCH", f"/admin/events/{gala.id}/mailings/{mailing}", {"subject": "Too late"})
    assert (answer.status, answer.json["code"]) == (409, "PAST_EDIT_WINDOW")
    assert planned(gala) == before
    page.goto(gala.url(f"/scheduled/{mailing}"))
    expect(by_test(page, "scheduled-message-save-cta")).to_be_disabled()
    expect(by_test(page, "scheduled-message-locked")).to_contain_text("It can’t be changed any more")
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_be_disabled()


def test_guest_message_that_is_scheduled_can_be_cancelled_before_it_is_sent(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    at = in_hours(2)
    mailing = send_later(page, gala, at)
    passing.until(at - timedelta(minutes=1))
    page.reload()
    by_test(page, "scheduled-message-cancel-cta").click()
    expect(by_test(page, ROW)).to_have_attribute("data-state", "cancelled")
    passing.until(at)
    passing.tick()
    assert (states(gala), gala.mails(), gala.reservations()) == (["cancelled"], [], [(3, 0, 3)])
    page.goto(gala.url(f"/mailings/{mailing}"))
    expect(page.get_by_text("Oscar Organizer cancelled who still waited").first).to_be_visible()
