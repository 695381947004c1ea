"""The whole journey without script: forms and links alone, from the first word to the last mail."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.steps import TRACKED, Gala, by_test, preview
from tests.support.browser import assert_fits
from tests.support.waiting import wait_for


@pytest.fixture
def plain(_a_browser_is_there: None, browser: Browser) -> Iterator[Page]:
    """A page in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_send_journey_without_script(plain: Page, gala: Gala) -> None:
    page = plain
    gala.add_guests(
        [
            {"email": "ana@guests.example.net", "first_name": "Ana", "last_name": "Abel"},
            {"email": "q@guests.example.net", "first_name": ""},
        ]
    )
    steps.sign_in(page, gala)
    steps.write(page, "Dear {guest.firstName}", "Hi {guest.firstName}, see you")
    expect(by_test(page, "guest-message-merge-fields")).to_contain_text("{guest.firstName}")
    expect(by_test(page, "guest-message-merge-field-list").get_by_role("button")).to_have_count(0)

    # Update shows what the live page shows by itself, and Next the other guest
    page.get_by_role("button", name="Update").click()
    expect(by_test(page, "guest-message-recipient-count").locator("[data-count]")).to_have_text("2")
    expect(preview(page).locator("body")).to_contain_text("Hi Ana, see you")
    page.get_by_role("button", name="Next guest").click()
    expect(preview(page).locator("body")).to_contain_text("Hi there, see you")
    expect(by_test(page, "guest-message-checks")).to_contain_text("1 guest has no first name and reads “there”.")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Hi {guest.firstName}, see you")

    # the review is a page with the dialog open on it, and there is a way back
    dialog = steps.review(page)
    expect(dialog).to_contain_text("to 2 confirmed guests now")
    assert_fits(page)
    assert steps.nothing_left(gala)
    dialog.get_by_role("link", name="Keep editing").click()
    expect(page.get_by_label("Subject")).to_have_value("Dear {guest.firstName}")
    tracker = steps.send(page)
    expect(tracker.get_by_role("heading")).to_be_visible()

    # the tracker does not move by itself; its link does it
    wait_for(lambda: gala.mailings()[0]["state"] == "finished", what="the end of the run")
    reload = tracker.get_by_role("link", name="Reload to see how far it is")
    if reload.count():
        reload.click()
    expect(by_test(page, TRACKED)).to_have_attribute("data-state", "finished")
    expect(tracker.get_by_role("heading")).to_have_text("Finished")
    expect(reload).to_have_count(0)
    assert sorted(str(mail["Subject"]) for mail in gala.mails()) == ["Dear Ana", "Dear there"]


def test_a_refused_review_keeps_everything_that_was_typed(plain: Page, gala: Gala) -> None:
    gala.add_guests(1)
    steps.sign_in(plain, gala)
    steps.write(plain, "Doors open", "Hi {guest.frstName}")
    by_test(plain, "guest-message-send-cta").click()
    expect(by_test(plain, steps.WARNING)).to_contain_text("Did you mean {guest.firstName}?")
    expect(plain.get_by_label("Message", exact=True)).to_have_value("Hi {guest.frstName}")
    expect(by_test(plain, "guest-message-audience-picker").get_by_label("Confirmed")).to_be_checked()
    assert steps.nothing_left(gala)


def test_S1_back_reload_and_send_again_lands_on_the_same_mailing(plain: Page, gala: Gala) -> None:
    gala.add_guests(1)
    steps.sign_in(plain, gala)
    steps.write(plain, "Once", "Hello")
    with plain.expect_request("**/messages/review") as posted:
        steps.review(plain)
    by_test(plain, "guest-message-send-confirm").click()
    plain.wait_for_url(steps.SENT_URL)
    sent = plain.url
    # Back asks whether to post the form again, and the organizer says yes
    review = posted.value
    again = plain.request.post(
        review.url, data=review.post_data or "", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert again.status == 200
    plain.route(review.url, lambda route: route.fulfill(body=again.text(), content_type="text/html"))
    plain.goto(review.url)
    expect(plain.get_by_role("dialog")).to_contain_text("to 1 confirmed guest now")
    by_test(plain, "guest-message-send-confirm").click()
    plain.wait_for_url(sent)
    wait_for(lambda: gala.mailings()[-1]["state"] == "finished", what="the end of the run")
    assert len(gala.mailings()) == 1
    assert len(gala.mails()) == 1


def test_a_test_send_without_script(plain: Page, gala: Gala) -> None:
    page = plain
    gala.add_guests([{"email": "ana@guests.example.net", "first_name": "Ana"}])
    steps.sign_in(page, gala)
    steps.write(page, "Dear {guest.firstName}", "Hi {guest.firstName}")
    page.get_by_label("To other addresses").fill("nobody")
    by_test(page, "guest-message-test-send-cta").click()
    expect(by_test(page, steps.WARNING)).to_contain_text("“nobody” is not an email address")
    page.get_by_label("To other addresses").fill("kim@x.org")
    by_test(page, "guest-message-test-send-cta").click()
    expect(page.get_by_label("Subject")).to_have_value("Dear {guest.firstName}")
    expect(page.get_by_label("Confirmed")).to_be_checked()

    # what became of it does not move by itself; its link does it, and a reload sends nothing
    wait_for(lambda: gala.mailings()[0]["state"] == "finished", what="the end of the test")
    page.reload()
    expect(by_test(page, "test-result")).to_contain_text("for kim@x.org. Read it")
    assert [str(mail["Subject"]) for mail in gala.mails()] == ["[Test] Dear Ana"]
    steps.send(page)
    wait_for(lambda: len(gala.mails()) == 2, what="the message")
