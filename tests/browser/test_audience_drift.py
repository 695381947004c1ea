"""The story's audience snapshot drift: guests change between the look and the send, and nobody is surprised (A4)."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import Guest
from tests.browser import steps
from tests.browser.steps import TRACKED, WARNING, Gala, by_test
from tests.support.browser import assert_fits, assert_visible_everywhere, axe_everywhere
from tests.support.waiting import wait_for

ANA, BO, CY = (f"{name}@guests.example.net" for name in ("ana", "bo", "cy"))


@pytest.fixture
def refused(watched: Page, gala: Gala) -> Page:
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
    with watched.expect_response("**/messages") as answer:
        by_test(watched, "guest-message-send-confirm").click()
    assert answer.value.status == 409
    return watched


def test_audience_snapshot_drift_names_who_joined_and_who_left_and_sends_nothing(refused: Page, gala: Gala) -> None:
    warning = by_test(refused, WARNING)
    expect(warning).to_contain_text(
        "When you looked, 2 would have got it. Since then 1 joined and 1 left, so it would be 2 now. Nothing was sent."
    )
    expect(by_test(refused, "audience-joined")).to_contain_text(CY)
    expect(by_test(refused, "audience-left")).to_contain_text(ANA)
    expect(refused.get_by_label("Subject")).to_have_value("Doors open")
    assert_visible_everywhere(refused, [WARNING, "guest-message-recount", "guest-message-send-exact"])
    assert_fits(refused)
    axe_everywhere(refused)
    assert steps.nothing_left(gala)


def test_audience_snapshot_drift_is_counted_again_and_sent_to_who_matches_now(refused: Page, gala: Gala) -> None:
    by_test(refused, "guest-message-recount").click()
    expect(refused.get_by_role("dialog", name="Send this message?")).to_contain_text("2 confirmed guests")
    by_test(refused, "guest-message-send-confirm").click()
    expect(by_test(refused, TRACKED)).to_be_visible()
    wait_for(lambda: {mail["To"] for mail in gala.mails()} == {BO, CY}, 15.0, "the mails of both who match now")
    assert set(gala.recipients()) == {BO, CY}


def test_audience_snapshot_drift_is_sent_to_exactly_the_previewed_people(refused: Page, gala: Gala) -> None:
    exact = by_test(refused, "guest-message-send-exact")
    expect(exact).to_have_text("Send to the 2 I looked at")
    exact.click()
    expect(by_test(refused, TRACKED)).to_be_visible()
    wait_for(lambda: {mail["To"] for mail in gala.mails()} == {ANA, BO}, 15.0, "the mails of both who were looked at")
    assert set(gala.recipients()) == {ANA, BO}
