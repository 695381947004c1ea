"""A scheduled message becomes due: once, to those it is for then, with what they can be told then."""

from collections.abc import Callable
from datetime import datetime

from playwright.sync_api import Page, expect
from sqlalchemy import delete, update

from eventmail.db import transaction
from eventmail.models import Event, Guest, GuestField
from tests.browser.scheduled.steps import ROW, SECONDS, Passing, planned, schedule, states
from tests.browser.steps import Gala, body, by_test
from tests.support.waiting import wait_for


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
