"""Drafts: what is written saves itself, two write in one draft, and nobody loses a word."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.steps import WARNING, Gala, by_test
from tests.support.browser import assert_fits, axe, held
from tests.support.waiting import wait_for

DRAFT_URL = re.compile(r"/messages/\d+$")
LONG = "<b>שלום</b> " + "Ab" * 150


@pytest.fixture
def oscar(watched: Page, gala: Gala) -> Page:
    """The composer of an event with two confirmed guests."""
    gala.add_guests(2)
    steps.sign_in(watched, gala)
    return watched


@pytest.fixture
def anna(oscar: Page, colleague: Callable[[str], Page]) -> Page:
    """The same composer in a colleague's own browser."""
    return colleague("/messages")


def message(page: Page) -> Locator:
    return by_test(page, "guest-message-editor").get_by_label("Message", exact=True)


def add(page: Page, words: str) -> None:
    """Go on writing at the end of the message."""
    message(page).press("Control+End")
    message(page).press_sequentially(words)


def saved(gala: Gala, *bodies: str) -> None:
    """Wait until these are the drafts of the event."""
    wait_for(lambda: [row["body"] for row in gala.drafts()] == [*bodies], what=f"the drafts {bodies}")


def test_what_is_written_saves_itself_and_survives_reload_and_back(oscar: Page, gala: Gala) -> None:
    page = oscar
    steps.write(page, LONG, "Doors open")
    expect(by_test(page, "guest-message-draft")).to_contain_text("Saved at ")
    expect(page).to_have_url(DRAFT_URL)
    saved(gala, "Doors open")
    add(page, " at 18:00")
    saved(gala, "Doors open at 18:00")
    assert gala.drafts()[0]["revision"] >= 2

    # left right after the last letter, before the pause is over
    add(page, "!")
    page.get_by_role("navigation").get_by_role("link", name="Guests").click()
    saved(gala, "Doors open at 18:00!")
    page.go_back()
    expect(message(page)).to_have_value("Doors open at 18:00!")
    page.reload()
    expect(message(page)).to_have_value("Doors open at 18:00!")
    expect(by_test(page, "guest-message-audience-picker").get_by_label("Confirmed")).to_be_checked()

    page.goto(gala.url("/messages"))
    expect(message(page)).to_have_value("Doors open at 18:00!")
    expect(by_test(page, "guest-message-drafts").locator("summary")).to_have_text("Drafts (1)")
    assert_fits(page)
    axe(page)

    # sent, it keeps its address; the composer is empty again
    draft = gala.drafts()[0]["mailing_id"]
    steps.send(page)
    expect(page).to_have_url(gala.url(f"/messages/{draft}"))
    assert ([row["id"] for row in gala.mailings()], gala.drafts()) == ([draft], [])
    page.goto(gala.url("/messages"))
    expect(message(page)).to_have_value("")


def test_two_organizers_in_one_draft_lose_no_word(oscar: Page, anna: Page, gala: Gala) -> None:
    steps.write(oscar, "Doors", "Dear guests,")
    saved(gala, "Dear guests,")
    expect(oscar).to_have_url(DRAFT_URL)
    anna.goto(oscar.url)
    expect(message(anna)).to_have_value("Dear guests,")

    # both write; Oscar's pause ends first
    add(oscar, " from Oscar")
    saved(gala, "Dear guests, from Oscar")
    add(anna, " from Anna")
    expect(by_test(anna, WARNING)).to_contain_text(re.compile(r"saved this draft at \d\d:\d\d, after you opened it"))
    expect(message(anna)).to_be_focused()
    expect(message(anna)).to_have_value("Dear guests, from Anna")
    expect(by_test(anna, "guest-message-draft")).to_contain_text("Not saved, see above.")
    by_test(anna, "guest-message-theirs").get_by_text("Show theirs").click()
    expect(by_test(anna, "guest-message-theirs").locator(".source ins")).to_have_text(["Oscar"])
    expect(by_test(anna, "guest-message-theirs").locator(".source del")).to_have_text(["Anna"])
    assert_fits(anna)
    axe(anna)

    # what she writes while she reads the warning is hers, too
    add(anna, ", with love")
    by_test(anna, "guest-message-keep-mine").click()
    expect(anna.get_by_text("Your text is a draft of its own now.")).to_be_visible()
    saved(gala, "Dear guests, from Oscar", "Dear guests, from Anna, with love")
    add(anna, "!")
    saved(gala, "Dear guests, from Oscar", "Dear guests, from Anna, with love!")
    add(oscar, ".")
    saved(gala, "Dear guests, from Oscar.", "Dear guests, from Anna, with love!")
    expect(by_test(oscar, WARNING)).to_have_count(0)


@pytest.mark.soak
def test_of_two_who_send_the_second_sees_the_tracker(oscar: Page, anna: Page, gala: Gala) -> None:
    steps.write(oscar, "Doors", "Dear guests")
    saved(gala, "Dear guests")
    expect(oscar).to_have_url(DRAFT_URL)
    anna.goto(oscar.url)
    steps.review(anna)
    steps.send(oscar)
    by_test(anna, "guest-message-send-confirm").click()
    expect(anna.get_by_text("sent this a moment ago. It was not sent a second time.")).to_be_visible()
    expect(by_test(anna, steps.TRACKED)).to_be_visible()
    assert (len(gala.mailings()), len(gala.recipients())) == (1, 2)


@pytest.mark.usefixtures("_a_browser_is_there")
def test_what_is_written_without_a_network_is_saved_when_it_is_back(page: Page, gala: Gala) -> None:
    gala.add_guests(1)
    steps.sign_in(page, gala)
    steps.write(page, "Doors", "Before")
    saved(gala, "Before")
    page.context.set_offline(True)
    add(page, ", without")
    expect(page.locator("#problems")).to_contain_text("No answer")
    expect(by_test(page, "guest-message-draft")).to_contain_text("Not saved: eventmail could not be reached")
    page.context.set_offline(False)
    saved(gala, "Before, without")
    expect(by_test(page, "guest-message-draft")).to_contain_text("Saved at ")
    expect(message(page)).to_have_value("Before, without")


def test_a_draft_is_found_in_the_list_and_deleted_after_a_question(oscar: Page, gala: Gala) -> None:
    steps.write(oscar, LONG, "Nobody needs this")
    saved(gala, "Nobody needs this")
    oscar.goto(gala.url("/messages/drafts"))
    row = by_test(oscar, "draft-row")
    expect(row).to_contain_text("<b>שלום</b>")
    row.get_by_role("link", name="Delete").click()
    expect(oscar.get_by_role("heading", level=1)).to_have_text("Delete this draft?")
    oscar.get_by_role("button", name="Delete the draft").click()
    expect(oscar.get_by_text("The draft was deleted.")).to_be_visible()
    assert gala.drafts() == []


def test_nothing_can_be_typed_that_the_answer_to_review_would_take_away(page: Page, gala: Gala) -> None:
    gala.add_guests([{"email": "ana@guests.org", "first_name": "Ana"}])
    steps.sign_in(page, gala)
    steps.write(page, "Hello", "Base text.")
    reviews = held(page, "**/messages/review")
    with page.expect_request("**/messages/review"):
        by_test(page, "guest-message-send-cta").click()
    page.get_by_label("Message", exact=True).evaluate("field => field.focus()")
    page.keyboard.type("Typed-during.")  # a blank would press the button once more
    expect(page.locator("#composer")).to_have_attribute("inert", "")
    reviews[0].continue_()
    expect(by_test(page, "guest-message-send-confirm")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Base text.")
    saved(gala, "Base text.")
    page.keyboard.press("Escape")
    page.get_by_label("Message", exact=True).press("Control+End")
    page.keyboard.type(" And more.")
    wait_for(lambda: gala.drafts()[-1]["body"] == "Base text. And more.", what="the draft with what was typed")


def test_after_a_review_that_never_came_one_goes_on_typing_where_one_was(tolerant: Page, gala: Gala) -> None:
    gala.add_guests([{"email": "ana@guests.org", "first_name": "Ana"}])
    steps.sign_in(tolerant, gala)
    steps.write(tolerant, "Hello", "Base text.")
    tolerant.route("**/messages/review", lambda route: route.abort())
    message = tolerant.get_by_label("Message", exact=True)
    message.press("Control+End")
    by_test(tolerant, "guest-message-send-cta").evaluate("button => button.click()")
    expect(tolerant.locator("#problems")).to_contain_text("could not be reached")
    expect(message).to_be_focused()
    tolerant.keyboard.type(" And more.")
    expect(message).to_have_value("Base text. And more.")
