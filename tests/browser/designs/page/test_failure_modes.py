"""The failure modes of the story “Email designs” before a mail leaves: what the page says, and that nothing left."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.designs.page.steps import (
    PAGE,
    QUIET,
    WARNING,
    made,
    open_,
    outcome,
    preview,
    refused,
    stored,
    versions,
    write,
)
from tests.browser.steps import Gala, body, by_test
from tests.support.browser import assert_fits, assert_visible_everywhere, axe_everywhere
from tests.support.budgets import in_soak

PUBLISH, TEST = ("email-design-publish-cta", "/publication/review"), ("email-design-test-send-cta", "/test-sends")
NOBODY = "No recipients match this audience."


# Send blocked on validation failure


def test_D4_send_blocked_on_validation_failure_of_an_unresolved_token(page: Page, gala: Gala) -> None:
    """Resolution: 400 with the copy, no publication, no test, no message."""
    open_(page, gala, made(gala))
    write(page, "Hi {guest.frstName}", subject="Dear {event.titel}")
    sentences = "Did you mean {guest.firstName}?", "Did you mean {event.title}?"
    for press, path in (PUBLISH, TEST):
        warning = refused(page, press, path, 400, "UNRESOLVED_TOKEN")
        for sentence in sentences:
            expect(warning).to_contain_text(sentence)
            expect(by_test(page, "email-design-blockers")).to_contain_text(sentence)
        expect(by_test(page, "email-design-publishing")).to_have_count(0)
    assert_visible_everywhere(page, [WARNING, *PAGE])
    axe_everywhere(page)
    assert_fits(page)
    by_test(page, "email-design-use-draft").click()
    steps.pick(page, ["Confirmed"])
    by_test(page, "guest-message-send-cta").click()
    expect(by_test(page, steps.WARNING)).to_have_attribute("data-error-code", "UNRESOLVED_TOKEN")
    assert (versions(gala), steps.nothing_left(gala)) == ([], True)


@pytest.mark.parametrize(("press", "path"), [PUBLISH, *in_soak(TEST)])
def test_D4_send_blocked_on_validation_failure_of_an_invalid_message_type(
    page: Page, gala: Gala, press: str, path: str
) -> None:
    open_(page, gala, made(gala))
    before = stored(gala)
    chosen = by_test(page, "message-type-picker").locator("option:checked")
    chosen.evaluate("option => { option.value = 'newsletter'; }")
    warning = refused(page, press, path, 400, "INVALID_MESSAGE_TYPE")
    expect(warning).to_contain_text("“newsletter” is no type of message")
    assert (stored(gala), versions(gala), steps.nothing_left(gala)) == (before, [], True)


# Bounced recipient tracked and suppressed


def test_F1_bounced_recipient_of_a_test_is_tracked_and_suppressed(page: Page, gala: Gala) -> None:
    """Resolution: the bounce event is stored, and future sends to that address are suppressed."""
    gone = f"gone-{gala.id}+hardbounce@guests.example.net"
    open_(page, gala, made(gala, publish=True))
    page.get_by_label("To other addresses").fill(gone)
    by_test(page, "email-design-test-send-cta").click()
    expect(outcome(page)).to_contain_text(f"Not sent to {gone}: No such user here (550 5.1.1).")
    expect(by_test(page, "email-design-last-test")).to_contain_text(f"{gone}: failed")
    events = gala.live.query("SELECT kind, address FROM email_event WHERE event_id = ?", gala.id)
    assert events == [{"kind": "bounce", "address": gone}]
    listed = gala.live.query("SELECT reason FROM suppression WHERE address = ?", gone)
    assert listed == [{"reason": "hard_bounce"}]

    # the next test is refused, with nothing lost, and the next message leaves the address out
    warning = refused(page, *TEST, 409, "NO_RECIPIENTS")
    expect(warning).to_contain_text(f"{gone} is on the do-not-mail list. No test was sent.")
    expect(page.get_by_label("To other addresses")).to_have_value(gone)
    gala.add_guests([{"email": gone}])
    by_test(page, "email-design-use-published").click()
    steps.pick(page, ["Confirmed"])
    expect(by_test(page, "guest-message-recipient-count")).to_contain_text("1 won’t: 1 bounced.")
    steps.send(page)
    steps.finished(page)
    sent = [row for row in gala.mailings() if row["kind"] != "test"]
    assert [row["recipient_count"] for row in sent] == [3]
    left_out = gala.live.query("SELECT email, reason FROM exclusion WHERE mailing_id = ?", sent[0]["id"])
    assert left_out == [{"email": gone, "reason": "bounced"}]


# Recipient resolution empty


def test_A5_recipient_resolution_empty_of_a_message_with_a_design(page: Page, gala: Gala) -> None:
    """Resolution: 409 NO_RECIPIENTS, and the page says that no recipients match this audience."""
    design = made(gala, publish=True)
    open_(page, gala, design)
    by_test(page, "email-design-use-published").click()
    steps.pick(page, ["Declined"])
    expect(by_test(page, "guest-message-checks")).to_contain_text(NOBODY)
    with page.expect_response("**/messages/review") as answer:
        by_test(page, "guest-message-send-cta").click()
    assert answer.value.status == 409
    expect(by_test(page, steps.WARNING)).to_have_attribute("data-error-code", "NO_RECIPIENTS")
    expect(by_test(page, steps.WARNING)).to_contain_text(NOBODY)
    refusal = _send(gala, design, ["declined"])
    assert (refusal.status, refusal.json["code"], refusal.json["detail"]) == (409, "NO_RECIPIENTS", NOBODY)
    assert steps.nothing_left(gala)


# Token rendering fallback


def test_C3_token_rendering_fallback_in_preview_test_and_message(page: Page, gala: Gala) -> None:
    """Trigger: {guest.firstName} is missing. Resolution: a fallback, never an awkward empty merge."""
    text = "Hi {guest.firstName},\n\ndear {guest.firstName|friend} of the {event.title}."
    read = "Hi there,\n\ndear friend of the Fixture Gala."
    design = made(gala, subject="For {guest.firstName}", body=text, publish=True)
    open_(page, gala, design)
    page.get_by_role("button", name="Read as the guest with most missing details").click()
    expect(by_test(page, "email-design-preview-guest")).to_have_text(QUIET)
    expect(preview(page).locator("body")).to_contain_text("Hi there,")
    expect(preview(page).locator("body")).to_contain_text("dear friend of the Fixture Gala.")
    expect(by_test(page, "email-design-checks")).to_contain_text("1 guest has no first name and reads")
    by_test(page, "email-design-test-send-cta").click()
    outcome(page)
    [test] = gala.mails()
    assert _send(gala, design, ["confirmed"]).status == 202
    page.goto(gala.url("/mailings"))
    page.get_by_role("link", name="For First name").click()
    expect(page.locator(".badge", has_text="Finished").first).to_be_visible()
    mail = gala.mail_to(QUIET)
    assert [body(one)[: len(read)] for one in (test, mail)] == [read, read]
    assert [str(one["Subject"]) for one in (test, mail)] == ["[Test] For there", "For there"]


def _send(gala: Gala, design: int, statuses: list[str]) -> Any:
    message = {"kind": "one_time", "design": {"id": design}, "audience": {"statuses": statuses}}
    return gala.live.api("POST", f"/admin/events/{gala.id}/mailings", message, {"Idempotency-Key": f"send-{gala.id}"})
