"""Two who edit one design: no word is lost, each knows of the other, and only what was looked at is published."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from eventmail.db import transaction
from eventmail.models import DesignOpen
from tests.browser import steps
from tests.browser.designs.page.steps import (
    WARNING,
    add,
    badge,
    bodies,
    look,
    made,
    message,
    open_,
    publish,
    saved,
    stored,
    versions,
)
from tests.browser.steps import Gala, by_test
from tests.support.browser import assert_fits, assert_visible_everywhere, axe

CONFLICT = ("email-design-conflict", "email-design-keep-mine", "email-design-take-theirs", WARNING)
OVERTAKEN = re.compile(r"saved this design at \d\d:\d\d, after you opened it")


def test_D5_two_organizers_in_one_design_lose_no_word_and_each_knows_of_the_other_G10(
    page: Page, anna: Page, gala: Gala
) -> None:
    design = made(gala, body="Dear guests,")
    open_(page, gala, design)
    open_(anna, gala, design)
    expect(by_test(anna, "email-design-presence")).to_have_text("Oscar Organizer has this design open, too.")
    page.reload()
    expect(by_test(page, "email-design-presence")).to_have_text("Anna Other has this design open, too.")

    # both write; Oscar's pause ends first
    add(page, " from Oscar")
    saved(gala, "Dear guests, from Oscar")
    add(anna, " from Anna")
    expect(by_test(anna, WARNING)).to_contain_text(OVERTAKEN)
    expect(by_test(anna, "email-design-draft")).to_contain_text("Not saved, see above.")
    expect(message(anna)).to_be_focused()
    assert_visible_everywhere(anna, CONFLICT)
    theirs = by_test(anna, "email-design-theirs")
    theirs.get_by_text("Show theirs").click()
    expect(theirs.locator(".source ins")).to_have_text(["Oscar"])
    expect(theirs.locator(".source del")).to_have_text(["Anna"])
    assert_fits(anna)
    axe(anna)

    # what she types later is hers, too; no button publishes or tests over his text
    add(anna, ", with love")
    for press, path in (("publish-cta", "/publication/review"), ("test-send-cta", "/test-sends")):
        with anna.expect_response(f"**{path}") as answer:
            by_test(anna, f"email-design-{press}").click()
        assert answer.value.status == 409
        expect(by_test(anna, WARNING)).to_have_attribute("data-error-code", "STALE_REVISION")
        expect(message(anna)).to_have_value("Dear guests, from Anna, with love")
    add(anna, "!")
    by_test(anna, "email-design-keep-mine").click()
    expect(anna.get_by_text("Your text is a design of its own now.")).to_be_visible()
    saved(gala, "Dear guests, from Oscar", "Dear guests, from Anna, with love!")
    assert [row["name"] for row in stored(gala)] == ["Save the date", "Save the date (my text)"]
    add(anna, "!")
    saved(gala, "Dear guests, from Oscar", "Dear guests, from Anna, with love!!")
    add(page, ".")
    saved(gala, "Dear guests, from Oscar.", "Dear guests, from Anna, with love!!")
    expect(by_test(page, WARNING)).to_have_count(0)
    assert (versions(gala), steps.nothing_left(gala)) == ([], True)


@pytest.mark.soak
def test_D5_the_one_who_goes_on_with_theirs_has_their_text_and_it_saves_itself(
    page: Page, anna: Page, gala: Gala
) -> None:
    design = made(gala, body="Dear guests,")
    for one in (page, anna):
        open_(one, gala, design)
    add(page, " from Oscar")
    saved(gala, "Dear guests, from Oscar")
    add(anna, " from Anna")
    expect(by_test(anna, "email-design-take-theirs")).to_be_visible()
    by_test(anna, "email-design-take-theirs").click()
    expect(message(anna)).to_have_value("Dear guests, from Oscar")
    expect(by_test(anna, WARNING)).to_have_count(0)
    add(anna, " and Anna")
    saved(gala, "Dear guests, from Oscar and Anna")


@pytest.mark.soak
def test_D3_of_two_tabs_that_publish_the_stale_one_is_told_in_words_and_publishes_nothing(
    page: Page, anna: Page, gala: Gala
) -> None:
    design = made(gala, body="One")
    open_(page, gala, design)
    look(page)
    open_(anna, gala, design)
    add(anna, " and two")
    saved(gala, "One and two")

    # he confirms what he looked at, which is not the draft any more
    with page.expect_response("**/publication") as answer:
        by_test(page, "email-design-publish-confirm").click()
    assert answer.value.status == 409
    warning = by_test(page, WARNING)
    expect(warning).to_have_attribute("data-error-code", "STALE_REVISION")
    expect(warning).to_contain_text(re.compile(r"Anna Other saved this design at \d\d:\d\d"))
    expect(warning).to_contain_text("Nothing was published.")
    assert versions(gala) == []

    # he has the newest text before him, no conflict of his own, and goes on
    expect(message(page)).to_have_value("One and two")
    expect(by_test(page, "email-design-conflict")).to_have_count(0)
    expect(by_test(page, "email-design-draft")).to_contain_text("Saved at ")
    add(page, "!")
    saved(gala, "One and two!")
    publish(page)
    assert versions(gala) == [(1, "", True, "One and two!")]


@pytest.mark.soak
def test_D3_two_who_confirm_the_same_draft_publish_it_once(page: Page, anna: Page, gala: Gala) -> None:
    design = made(gala, body="One")
    for one in (page, anna):
        open_(one, gala, design)
        look(one)
    for one in (page, anna):
        by_test(one, "email-design-publish-confirm").click()
        expect(badge(one)).to_have_attribute("data-state", "published")
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    expect(anna.get_by_text("This text is published already, as version 1.")).to_be_visible()
    assert versions(gala) == [(1, "", True, "One")]


def test_D5_a_colleague_who_saved_and_left_is_told_of_before_the_first_word(page: Page, anna: Page, gala: Gala) -> None:
    design = made(gala, body="One")
    anna.clock.install()
    for one in (anna, page):
        open_(one, gala, design)
    add(page, " and two")
    saved(gala, "One and two")
    page.goto(gala.url(""))
    _forget(gala)
    anna.clock.fast_forward(16_000)  # her page asks again by itself
    said = by_test(anna, "email-design-presence")
    expect(said).to_have_text("Oscar Organizer saved it after you opened it: load it anew before you write.")
    said.get_by_role("link", name="load it anew").click()
    expect(message(anna)).to_have_value("One and two")


def _forget(gala: Gala) -> None:
    """His page was closed longer ago than anybody remembers."""
    with gala.live.app.app_context(), transaction() as tx:
        tx.execute(delete(DesignOpen).where(DesignOpen.user_id == gala.live.organizer.id))


def test_D5_what_is_typed_right_before_a_button_is_in_what_it_does(page: Page, gala: Gala) -> None:
    design = made(gala, body="One")
    open_(page, gala, design)
    add(page, ", two")
    publish(page)
    assert versions(gala) == [(1, "", True, "One, two")]
    add(page, ", three")
    by_test(page, "email-design-test-send-cta").click()
    expect(by_test(page, "test-result")).to_contain_text("Kept in outbox at")
    assert [_first_line(mail) for mail in gala.mails()] == ["One, two, three"]
    add(page, ", four")
    expect(by_test(page, "email-design-use-draft")).to_be_visible()
    add(page, ", five")
    by_test(page, "email-design-use-draft").click()
    expect(by_test(page, "based-on")).to_have_text("Save the date (draft)")
    expect(page.get_by_label("Message", exact=True)).to_have_value("One, two, three, four, five")
    open_(page, gala, design)
    add(page, ", six")
    by_test(page, "email-design-duplicate").click()
    expect(page.get_by_text("This is the copy.")).to_be_visible()
    assert bodies(gala) == ["One, two, three, four, five, six"] * 2


@pytest.mark.soak
def test_D5_reload_and_back_in_the_middle_lose_nothing(page: Page, gala: Gala) -> None:
    design = made(gala, body="One")
    open_(page, gala, design)
    add(page, ", two")
    page.get_by_role("navigation").get_by_role("link", name="Guests").click()  # before its pause is over
    saved(gala, "One, two")
    page.go_back()
    expect(message(page)).to_have_value("One, two")
    add(page, ", three")
    page.reload()  # the last words were sent as the page was left
    saved(gala, "One, two, three")
    page.reload()
    expect(message(page)).to_have_value("One, two, three")
    publish(page)
    add(page, ", four")
    saved(gala, "One, two, three, four")
    look(page)
    page.reload()  # in the middle of publishing
    expect(by_test(page, "email-design-publishing")).to_have_count(0)
    expect(message(page)).to_have_value("One, two, three, four")
    assert versions(gala) == [(1, "", True, "One, two, three")]


def _first_line(mail: Any) -> str:
    return steps.body(mail).partition("\n")[0]
