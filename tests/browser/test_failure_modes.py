"""The story's failure modes before anything leaves: each in a browser, with the sentence it shows and what is stored.

Those that a mail service brings about stand in `test_failure_modes_of_mail_services`, those of a message that is to be
sent later in `scheduled/`. One belongs to a later version and is nowhere yet: the panel of the runtime gap.
"""

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.domain.audience import segments
from eventmail.models import Guest
from tests.browser import steps
from tests.browser.steps import TRACKED, WARNING, Gala, body, by_test, finished, preview, refused, tiles
from tests.support import seeding
from tests.support.browser import assert_fits, assert_visible_everywhere, axe, axe_everywhere
from tests.support.live import Live
from tests.support.waiting import wait_for

ANA, BO, CY, QUIET = (f"{name}@guests.example.net" for name in ("ana", "bo", "cy", "quiet"))
NOBODY = "No recipients match this audience."


@pytest.fixture
def composer(watched: Page, gala: Gala) -> Page:
    """The composer of an event with two confirmed guests, one of them without a first name."""
    gala.add_guests([{"email": ANA, "first_name": "Ana"}, {"email": QUIET, "first_name": ""}])
    steps.sign_in(watched, gala)
    return watched


# Send blocked on validation failure


def test_send_blocked_on_validation_failure_of_unresolved_tokens_C2(composer: Page, gala: Gala) -> None:
    """Trigger: unresolved tokens. Resolution: send returns 400 and no partial-send occurs."""
    text = "Hi {guest.frstName},\nbring **{event.locaton}**"
    steps.write(composer, "Doors open", text)
    sentence = '"{guest.frstName}" in the body, line 1, is not a field we know. Did you mean {guest.firstName}?'
    expect(by_test(composer, "guest-message-checks")).to_contain_text(sentence)
    expect(preview(composer).locator("body")).to_contain_text("Hi {guest.frstName},")
    refused(composer, "guest-message-send-cta", "/messages/review", 400, "UNRESOLVED_TOKEN")
    warning = by_test(composer, WARNING)
    expect(warning).to_contain_text(sentence)
    expect(warning).to_contain_text("Did you mean {event.location}?")
    assert warning.inner_text().count("Did you mean {guest.firstName}?") == 1, "the warning says it twice"
    expect(composer.get_by_label("Message", exact=True)).to_have_value(text)
    expect(composer.get_by_label("Message", exact=True)).to_have_attribute("aria-invalid", "true")
    assert steps.nothing_left(gala)
    wait_for(
        lambda: [(row["subject"], row["body"]) for row in gala.drafts()] == [("Doors open", text)], what="the draft"
    )


def test_send_blocked_on_validation_failure_of_invalid_audience_criteria_A1(composer: Page, gala: Gala) -> None:
    """Trigger: invalid audience criteria: nobody picked, or a segment that was removed since.

    Resolution: send returns 400 and no partial-send occurs.
    """
    picked = [str(guest) for guest in gala.add_guests([{"email": CY, "status": "declined"}])]
    with gala.live.app.app_context(), transaction() as tx:
        vip = segments.add(tx, gala.id, {"name": "VIP", "guests": picked}, seeding.acting())
    composer.reload()
    expect(by_test(composer, WARNING)).to_have_count(0)
    steps.write(composer, "Doors open", "Hello", statuses=[])
    refused(composer, "guest-message-send-cta", "/messages/review", 400, "INVALID_AUDIENCE")
    warning = by_test(composer, WARNING)
    expect(warning).to_contain_text(
        "Choose at least one status, segment or guest. Nothing selected never means everyone."
    )
    assert_visible_everywhere(composer, [WARNING, *steps.COMPOSER])
    axe(composer)

    # the draft has saved itself, and somebody removes the segment that it names
    by_test(composer, "guest-message-audience-picker").get_by_label("VIP").check()
    wait_for(lambda: [row["audience"] for row in gala.drafts()] == [f'{{"segments": ["{vip}"]}}'], what="the draft")
    with gala.live.app.app_context():
        segments.remove(gala.id, vip, seeding.acting())
    sentence = "The segment “VIP” was removed. Untick it, or choose another."
    composer.reload()
    expect(by_test(composer, "guest-message-recipient-count")).to_contain_text(sentence)
    refused(composer, "guest-message-send-cta", "/messages/review", 400, "INVALID_AUDIENCE")
    expect(warning).to_contain_text("The audience needs a correction")
    expect(warning).to_contain_text(sentence)
    expect(composer.get_by_label("Subject")).to_have_value("Doors open")
    expect(composer.get_by_label("Message", exact=True)).to_have_value("Hello")
    assert steps.nothing_left(gala)

    # unticked it is out of the way
    by_test(composer, "guest-message-audience-picker").get_by_label("A segment that was removed").uncheck()
    steps.pick(composer, ["Confirmed"])
    expect(by_test(composer, "guest-message-recipient-count").locator("[data-count]")).to_have_text("2")
    steps.review(composer)


# Recipient resolution empty


def test_recipient_resolution_empty_is_said_and_nothing_is_queued_A5(composer: Page, gala: Gala) -> None:
    """Trigger: audience filters resolve to zero. Resolution: 409 NO_RECIPIENTS, "no recipients match this audience"."""
    gala.add_guests([{"email": None, "status": "declined"}])
    steps.write(composer, "Doors open", "Hello", statuses=["Declined"])
    expect(by_test(composer, "guest-message-recipient-count")).to_contain_text(NOBODY)
    refused(composer, "guest-message-send-cta", "/messages/review", 409, "NO_RECIPIENTS")
    expect(by_test(composer, WARNING)).to_contain_text(NOBODY)
    expect(composer.get_by_label("Subject")).to_have_value("Doors open")
    expect(by_test(composer, "guest-message-audience-picker").get_by_label("Declined")).to_be_checked()
    assert_visible_everywhere(composer, [WARNING])
    assert steps.nothing_left(gala)


def test_recipient_resolution_empty_since_the_review_queues_nothing_A5(composer: Page, gala: Gala) -> None:
    """Trigger: everybody declines between review and send. Resolution: 409 NO_RECIPIENTS, nothing lost of the text."""
    steps.write(composer, "Doors open", "Hello")
    steps.review(composer)
    with gala.live.app.app_context(), transaction() as tx:
        tx.execute(update(Guest).where(Guest.event_id == gala.id).values(status="declined"))
    refused(composer, "guest-message-send-confirm", "/messages", 409, "NO_RECIPIENTS")
    expect(by_test(composer, WARNING)).to_contain_text(NOBODY)
    expect(composer.get_by_label("Message", exact=True)).to_have_value("Hello")
    assert steps.nothing_left(gala)


# Token rendering fallback


def test_token_rendering_fallback_stands_where_a_recipient_has_no_first_name_C3(composer: Page, gala: Gala) -> None:
    """Trigger: recipient lacks first name. Resolution: fallback text renders instead of empty merge."""
    steps.write(composer, "{guest.firstName|Dear guest}, doors open", "Hi {guest.firstName},\n\nbring {event.url}.")
    expect(by_test(composer, "guest-message-checks")).to_contain_text("1 guest has no first name and reads ")
    expect(by_test(composer, "guest-message-preview-guest")).to_have_text("Ana Lovelace")
    composer.get_by_role("button", name="Next guest").click()
    expect(by_test(composer, "guest-message-preview-subject")).to_have_text("Dear guest, doors open")
    expect(preview(composer).locator("body")).to_contain_text("Hi there,")
    expect(steps.review(composer)).to_contain_text("1 guest reads the fallback for first name.")
    by_test(composer, "guest-message-send-confirm").click()
    composer.wait_for_url(steps.SENT_URL)
    finished(composer)
    read = {address: (str(mail["Subject"]), body(mail).splitlines()[0]) for address, mail in gala.by_address().items()}
    assert read == {ANA: ("Ana, doors open", "Hi Ana,"), QUIET: ("Dear guest, doors open", "Hi there,")}


# Idempotency-key on test-send


def test_idempotency_key_on_test_send_clicked_twice_quickly_queues_one_test_E1(composer: Page, gala: Gala) -> None:
    """Trigger: Send test is clicked twice quickly. Resolution: one test message is queued."""
    steps.write(composer, "Hi {guest.firstName}", "Doors open")
    keys: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/test-sends"):
            keys.append(dict(parse_qsl(request.post_data or ""))["idempotency_key"])

    composer.on("request", note)
    by_test(composer, "guest-message-test-send-cta").dblclick()
    result = by_test(composer, "test-result")
    expect(result).to_contain_text("Kept in outbox at")
    expect(result).to_contain_text(f"for {gala.live.organizer.email}.")

    # one test message is queued
    assert [(row["kind"], row["recipient_count"], row["state"]) for row in gala.mailings()] == [("test", 1, "finished")]
    assert {email: row["state"] for email, row in gala.recipients().items()} == {gala.live.organizer.email: "sent"}
    assert [str(mail["Subject"]) for mail in gala.mails()] == ["[Test] Hi Ana"]
    stored = gala.live.query("SELECT key FROM idempotency_record WHERE mailing_id = ?", gala.mailings()[0]["id"])
    assert {row["key"] for row in stored} == set(keys)  # the per-test key was sent, once or twice

    # and the next press, with a key of its own, is another test
    by_test(composer, "guest-message-test-send-cta").click()
    wait_for(lambda: len(gala.mails()) == 2, what="the second test")
    assert len(gala.mailings()) == 2


# Cancel before send


def test_cancel_before_send_drains_what_waits_refunds_it_and_is_logged_S6_S9(
    watched: Page, make_live: Callable[..., Live]
) -> None:
    """Trigger: queued mailing is cancelled, here one that no worker has begun.

    Resolution: pending count drains, reservations refund, and audit row is written.
    """
    live = make_live(EVENTMAIL_QUOTA_PER_DAY="100")
    live.start_web()
    gala = Gala(live, live.event_id)
    gala.add_guests(3)
    steps.sign_in(watched, gala)
    steps.write(watched, "Doors open", "Hello")
    tracker = steps.send(watched)
    assert tiles(watched) == {"Queued": "3", "Kept in outbox": "0", "Failed": "0", "On the do-not-mail list": "0"}
    assert gala.reservations() == [(3, 0, 0)]
    quota = f"/admin/events/{gala.id}/quota"
    assert live.api("GET", quota).json["day"] == {"limit": 100, "used": 0, "reserved": 3, "left": 97}
    cancel = by_test(watched, "guest-message-cancel")
    expect(cancel).to_have_text("Cancel the rest (3)")
    assert_visible_everywhere(watched, [TRACKED, "guest-message-cancel"])
    cancel.click()

    expect(tracker.get_by_role("heading")).to_have_text("Cancelled")
    expect(tracker).to_contain_text("3 mails were cancelled and will not leave.")
    assert tiles(watched) == {
        "Queued": "0", "Kept in outbox": "0", "Failed": "0", "On the do-not-mail list": "0", "Cancelled": "3",
    }  # fmt: skip
    expect(by_test(watched, "guest-message-cancel")).to_have_count(0)
    [mailing] = gala.mailings()
    assert (mailing["state"], mailing["n_queued"], mailing["n_cancelled"]) == ("cancelled", 0, 3)
    assert {row["state"] for row in gala.recipients().values()} == {"cancelled"}
    assert gala.reservations() == [(3, 0, 3)]
    assert live.api("GET", quota).json["day"] == {"limit": 100, "used": 0, "reserved": 0, "left": 100}
    assert gala.mails() == []
    logged = live.query("SELECT actor, detail FROM audit_entry WHERE action = 'mailing.cancelled'")
    assert logged == [{"actor": "Oscar Organizer", "detail": '{"cancelled": 3, "sent": 0, "under_way": 0}'}]
    watched.get_by_role("link", name="Each recipient, the text, and the log").click()
    expect(watched.get_by_text("Oscar Organizer cancelled who still waited")).to_be_visible()
    expect(by_test(watched, "mailing-recipients").locator("tbody .badge")).to_have_text(["Cancelled"] * 3)


# Audience snapshot drift. Trigger: guest statuses change after preview but before send.
# Resolution: send uses an explicit snapshot or forces recipient recount.


@pytest.fixture
def drifted(watched: Page, gala: Gala) -> Page:
    """The composer after a send that was refused: Ana declined and Cy confirmed since the review."""
    ana, _, cy = gala.add_guests(
        [
            {"email": ANA, "first_name": "Ana"},
            {"email": BO, "first_name": "<b>Bo</b>", "last_name": "x" * 300},
            {"email": CY, "first_name": "سي", "status": "invited"},
        ]
    )
    steps.sign_in(watched, gala)
    steps.write(watched, "Doors open", "Hello")
    steps.review(watched)
    with gala.live.app.app_context(), transaction() as tx:
        tx.execute(update(Guest).where(Guest.id == ana).values(status="declined"))
        tx.execute(update(Guest).where(Guest.id == cy).values(status="confirmed"))
    refused(watched, "guest-message-send-confirm", "/messages", 409, "AUDIENCE_CHANGED")
    return watched


def test_audience_snapshot_drift_names_who_joined_and_who_left_and_sends_nothing_A4(drifted: Page, gala: Gala) -> None:
    """It forces the choice: nothing is sent until somebody counts again or insists on whom they looked at."""
    warning = by_test(drifted, WARNING)
    expect(warning).to_contain_text(
        "When you looked, 2 would have got it. Since then 1 joined and 1 left, so it would be 2 now. Nothing was sent."
    )
    expect(by_test(drifted, "audience-joined")).to_contain_text(CY)
    expect(by_test(drifted, "audience-left")).to_contain_text(ANA)
    expect(drifted.get_by_label("Subject")).to_have_value("Doors open")
    assert_visible_everywhere(drifted, [WARNING, "guest-message-recount", "guest-message-send-exact"])
    assert_fits(drifted)
    axe_everywhere(drifted)
    assert steps.nothing_left(gala)


def test_audience_snapshot_drift_is_counted_again_and_sent_to_who_matches_now_A4(drifted: Page, gala: Gala) -> None:
    """The forced recount."""
    by_test(drifted, "guest-message-recount").click()
    expect(drifted.get_by_role("dialog", name="Send this message?")).to_contain_text("2 confirmed guests")
    by_test(drifted, "guest-message-send-confirm").click()
    expect(by_test(drifted, TRACKED)).to_be_visible()
    finished(drifted)
    assert set(gala.by_address()) == set(gala.recipients()) == {BO, CY}


def test_audience_snapshot_drift_is_sent_to_exactly_the_previewed_people_A4(drifted: Page, gala: Gala) -> None:
    """The explicit snapshot."""
    exact = by_test(drifted, "guest-message-send-exact")
    expect(exact).to_have_text("Send to the 2 I looked at")
    exact.click()
    expect(by_test(drifted, TRACKED)).to_be_visible()
    finished(drifted)
    assert set(gala.by_address()) == set(gala.recipients()) == {ANA, BO}
