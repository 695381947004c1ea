"""The story's failure modes that a mail service brings about, with a real mail server. See `test_failure_modes`."""

import contextlib
import csv
import io
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy import delete

from eventmail import clock
from eventmail.db import transaction
from eventmail.models import EVERYWHERE, Worker
from tests.browser import steps
from tests.browser.postbox import Postbox
from tests.browser.steps import TRACKED, Gala, by_test, finished, news, tiles
from tests.support.browser import assert_visible_everywhere, axe
from tests.support.live import request
from tests.support.webhooks import signed


@pytest.fixture
def gala(posted_gala: Gala) -> Gala:
    return posted_gala


def sent_to(page: Page, gala: Gala, *addresses: str) -> None:
    """Write to guests of these addresses and wait until the run is over."""
    gala.add_guests([{"email": address} for address in addresses])
    steps.sign_in(page, gala)
    steps.write(page, "Doors open", "Hello")
    steps.send(page)
    finished(page)


def left_out_next_time(page: Page, gala: Gala, bounced: str, box: Postbox, *others: str) -> None:
    """The next message goes to the others alone, and its composer says why before anybody sends it."""
    listed = gala.live.query("SELECT address, scope, reason FROM suppression WHERE address = ?", bounced)
    assert listed == [{"address": bounced, "scope": EVERYWHERE, "reason": "hard_bounce"}]
    page.goto(gala.url("/messages?new=1"))
    expect(by_test(page, "guest-message-audience-picker")).to_contain_text(
        "1 can’t be mailed (1 bounced, 0 on the do-not-mail list)"
    )
    steps.write(page, "Parking", "Hello again")
    expect(by_test(page, "guest-message-recipient-count")).to_contain_text("1 won’t: 1 bounced.")
    steps.send(page)
    finished(page)
    [_, second] = gala.mailings()
    left_out = gala.live.query("SELECT email, reason FROM exclusion WHERE mailing_id = ?", second["id"])
    assert left_out == [{"email": bounced, "reason": "bounced"}]
    assert box.to(*others) == sorted([*others, *others])


@contextlib.contextmanager
def served_slowly(gala: Gala) -> Iterator[None]:
    """Meanwhile a second worker lives, which its mail server has kept waiting for a minute and a half."""
    now = clock.now()
    waiting = Worker(
        owner="second", started_at=now, seen_at=now, waits_for="the mail server mail.example to greet",
        waits_since=now - timedelta(seconds=90),
    )  # fmt: skip
    with gala.live.app.app_context():
        with transaction() as tx:
            tx.add(waiting)
        yield
        with transaction() as tx:
            tx.execute(delete(Worker).where(Worker.owner == "second"))


# Bounced recipient tracked and suppressed


def test_bounced_recipient_tracked_and_suppressed_that_the_mail_server_does_not_know_F1(
    watched: Page, gala: Gala, box: Postbox
) -> None:
    """Trigger: a recipient bounces, in the answer to the send.

    Resolution: email_events records bounce and suppression excludes future sends.
    """
    gone, bo = f"gone{gala.id}@guests.example.net", f"bo{gala.id}@guests.example.net"
    sent_to(watched, gala, gone, bo)
    tracker = by_test(watched, TRACKED)
    expect(tracker.get_by_role("heading")).to_have_text("Finished, not for everyone")
    expect(tracker).to_contain_text("1 of 2 were sent. 1 failed.")
    assert tiles(watched) == {"Queued": "0", "Sent": "1", "Failed": "1", "On the do-not-mail list": "0"}
    assert {email: row["state"] for email, row in gala.recipients().items()} == {gone: "failed", bo: "sent"}
    assert news(gala) == [
        {"kind": "bounce", "address": gone, "code": "550 5.1.1", "detail": "No such user here"},
    ]
    assert gala.reservations() == [(2, 1, 1)]
    left_out_next_time(watched, gala, gone, box, bo)
    assert gone not in [address for address, _ in box.offered]


def test_bounced_recipient_tracked_and_suppressed_that_the_mail_service_reports_later_F1(
    watched: Page, gala: Gala, box: Postbox
) -> None:
    """Trigger: a recipient bounces, after the mail was taken: the mail service says so in a signed report.

    Resolution: email_events records bounce and suppression excludes future sends.
    """
    ana, bo = f"ana{gala.id}@guests.example.net", f"bo{gala.id}@guests.example.net"
    sent_to(watched, gala, ana, bo)
    key = dict(box.taken)[ana]["X-Eventmail-Id"]
    report = {"type": "bounce", "data": {"eventmail_id": key, "code": "550 5.1.1", "reason": "No such user here"}}
    asked = signed(report, clock.now(), delivery=f"msg_{gala.id}")
    told = [
        request("POST", f"{gala.live.url}/webhooks/generic", headers=asked["headers"], raw=asked["data"]).json
        for _ in range(2)
    ]
    assert told == [{"received": 1, "new": 1}, {"received": 1, "new": 0}]
    assert news(gala) == [{"kind": "bounce", "address": ana, "code": "550 5.1.1", "detail": "No such user here"}]
    recipients = {email: (row["state"], row["delivery"]) for email, row in gala.recipients().items()}
    assert recipients == {ana: ("sent", "bounced"), bo: ("sent", None)}

    watched.get_by_role("link", name="Each recipient, the text, and the log").click()
    expect(watched.get_by_role("row", name=ana).locator(".badge")).to_have_text(["Sent", "Bounced"])
    left_out_next_time(watched, gala, ana, box, bo)
    assert box.to(ana) == [ana]


# Retry on transient failure


def test_retry_on_transient_failure_uses_the_same_key_and_delivers_once_S3_S4(
    watched: Page, gala: Gala, box: Postbox
) -> None:
    """Trigger: the provider fails for the moment during fan-out.

    Resolution: retries use same Idempotency-Key (over SMTP the Message-ID) and recipients receive at most one message.
    """
    again, bo = f"again{gala.id}@guests.example.net", f"bo{gala.id}@guests.example.net"
    box.busy_for.add(again)  # until the page has said so, however busy this box is
    gala.add_guests([{"email": again}, {"email": bo}])
    steps.sign_in(watched, gala)
    steps.write(watched, "Doors open", "Hello")
    tracker = steps.send(watched)
    expect(tracker).to_contain_text("Next try")
    expect(tracker).to_contain_text("Try again later (451 4.3.2)")
    expect(tracker.get_by_role("heading")).to_have_text("Sending to 2")
    assert tiles(watched) == {"Queued": "1", "Sent": "1", "Failed": "0", "On the do-not-mail list": "0"}
    box.busy_for.clear()
    finished(watched)
    expect(tracker.get_by_role("heading")).to_have_text("Finished")
    assert tiles(watched) == {"Queued": "0", "Sent": "2", "Failed": "0", "On the do-not-mail list": "0"}

    # offered under one key each time, taken once
    offered = [mail for address, mail in box.offered if address == again]
    tries = len(offered)
    assert tries > 1
    [mailing] = gala.mailings()
    key = f"{mailing['key']}-{gala.recipients()[again]['id']}"
    assert [mail["X-Eventmail-Id"] for mail in offered] == [key] * tries
    assert [str(mail["Message-ID"]).partition("@")[0] for mail in offered] == [f"<{key}"] * tries
    assert box.to(again, bo) == [again, bo]
    assert gala.reservations() == [(2, 2, 0)]

    # each try has a request id of its own, and the page shows them all
    watched.get_by_role("link", name="Each recipient, the text, and the log").click()
    assert steps.request_ids(watched) == gala.request_ids()
    tried = gala.request_ids()
    assert (len(tried[again]), len(set(tried[again])), len(tried[bo])) == (tries, tries, 1)
    outcomes = gala.live.query(
        "SELECT number, outcome, code FROM attempt WHERE recipient_id = ? ORDER BY number",
        gala.recipients()[again]["id"],
    )
    refused = [{"number": number, "outcome": "transient", "code": "451 4.3.2"} for number in range(1, tries)]
    assert outcomes == [*refused, {"number": tries, "outcome": "accepted", "code": ""}]


# Bulk send observability


def test_bulk_send_observability_of_partial_failures_by_state_with_request_ids_T1_S4_S5(
    watched: Page, gala: Gala, box: Postbox
) -> None:
    """Trigger: large audience fan-out has partial provider failures.

    Resolution: async job tracker shows per-state counts and request ids. Both follow the run by themselves.
    """
    page = watched
    again, lost, gone, held = (f"{name}{gala.id}@guests.example.net" for name in ("again", "lost", "gone", "held"))
    gala.add_guests([{"email": email} for email in (again, lost, gone, held)])
    gala.add_guests(296)
    steps.sign_in(page, gala)
    steps.write(page, "Doors open", "Hello")
    tracker = steps.send(page)
    expect(tracker.get_by_role("heading")).to_have_text("Sending to 300")

    # each recipient while it runs, and beside it those alone who wait
    page.get_by_role("link", name="Each recipient, the text, and the log").click()
    table = by_test(page, "mailing-recipients")
    expect(page.get_by_role("row", name=held).locator(".badge")).to_have_text("Sending")
    waiting = page.context.new_page()
    waiting.goto(f"{page.url}?state=queued&page=2")
    expect(by_test(waiting, "mailing-recipients").locator("tbody tr")).to_have_count(50)
    with served_slowly(gala):  # another worker has told of its wait
        expect(by_test(page, "guest-message-waits")).to_contain_text("the mail server mail.example to greet")
        assert_visible_everywhere(page, ["guest-message-waits"])
    expect(by_test(page, "guest-message-waits")).to_have_count(0)
    fetched: list[str] = []
    began = time.monotonic()

    def note(sent: Request) -> None:
        if "/recipients" in sent.url:
            fetched.append(sent.url)

    page.on("request", note)
    page.evaluate("document.body.dataset.stayed = 'yes'")
    table.get_by_role("link", name="All 300").focus()
    box.go_on.set()
    finished(page)
    expect(page.get_by_role("row", name=held).locator(".badge")).to_have_text("Sent")
    expect(page.get_by_role("row", name=again).locator("code")).to_have_count(2)
    shown, stored = steps.request_ids(page), gala.request_ids()
    assert (len(shown), shown) == (50, {email: stored[email] for email in shown})
    expect(table.get_by_role("link", name="All 300")).to_be_focused()
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")
    # the table asks every five seconds while it runs, and at the end, however often the tracker does
    assert 1 <= len(fetched) <= 2 + (time.monotonic() - began) / 5, fetched
    expect(table.locator(".pages")).to_contain_text("1–50 of 300")
    expect(page.get_by_role("row", name=lost)).to_contain_text("May have been sent")
    expect(page.get_by_role("row", name=lost).get_by_role("button", name="Count as sent")).to_be_visible()
    expect(page.get_by_role("row", name=gone)).to_contain_text("No such user here (550 5.1.1)")
    expect(by_test(waiting, "mailing-recipients")).to_contain_text("Nobody here")
    expect(waiting).to_have_url(f"{page.url}?state=queued&page=2")
    waiting.close()

    # per-state counts
    expect(tracker.get_by_role("heading")).to_have_text("Finished, not for everyone")
    expect(tracker).to_contain_text("Finished with problems")
    expect(tracker).to_contain_text("298 of 300 were sent. 1 failed. 1 may have been sent: nobody can say")
    assert tiles(page) == {
        "Queued": "0",
        "Sent": "298",
        "Failed": "1",
        "May have been sent": "1",
        "On the do-not-mail list": "0",
    }
    recipients = gala.recipients()
    states = {email: (recipients[email]["state"], recipients[email]["attempts"]) for email in (again, lost, gone, held)}
    assert states == {again: ("sent", 2), lost: ("unknown", 1), gone: ("failed", 1), held: ("sent", 1)}
    assert box.to(*recipients) == sorted(recipients.keys() - {gone})
    assert gala.reservations() == [(300, 299, 1)]
    assert_visible_everywhere(page, [TRACKED, "mailing-recipients"])
    axe(page)

    # the request ids of all of them
    outcome = page.request.get(f"{page.url}/recipients?format=csv").text()
    told = {row["email"]: row["request_id"].split() for row in csv.DictReader(io.StringIO(outcome.lstrip("\ufeff")))}
    assert told == stored

    # no list of messages calls that simply finished (S2)
    for navigation, place in (("Messages", "Sent"), ("This event", "Overview")):
        page.get_by_role("navigation", name=navigation).get_by_role("link", name=place).click()
        expect(page.locator(".badge", has_text="Finished")).to_have_text(["Finished with problems"])
