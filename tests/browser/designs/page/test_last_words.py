"""What was typed last stays, whatever happens to the page or to the design meanwhile (D5)."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from eventmail.domain.designs import edit, lifecycle, revisions
from tests.browser import steps
from tests.browser.steps import Gala, by_test
from tests.support import seeding
from tests.support.browser import held


def _design(gala: Gala, *, published: bool = True) -> int:
    with gala.live.app.app_context():
        by = seeding.acting(gala.live.organizer)
        values = {"name": "Hello", "message_type": "update", "subject": "Hello", "body": "First words."}
        design_id, _ = edit.create(gala.id, values, by)
        if published:
            revisions.publish(gala.id, design_id, by)
    return design_id


def _opened(page: Page, gala: Gala, design_id: int) -> Page:
    steps.sign_in(page, gala, f"/email-templates/{design_id}")
    return page


def _body(gala: Gala, design_id: int) -> str:
    return str(gala.live.query("SELECT body FROM design WHERE id = ?", design_id)[0]["body"])


def _message(page: Page) -> Any:
    return page.get_by_label("Message", exact=True)


def test_D5_a_reload_in_the_middle_of_a_word_keeps_it_and_is_no_conflict(page: Page, gala: Gala) -> None:
    design_id = _design(gala)
    page.goto(gala.url(f"/email-templates/{design_id}"))
    _message(page).fill("Last words.")
    page.reload()
    expect(_message(page)).to_have_value("Last words.")
    _message(page).fill("Last words, and more.")
    expect(by_test(page, "email-design-standing")).to_contain_text("The draft differs from what is published.")
    by_test(page, "email-design-draft-save").click()
    page.reload()
    expect(_message(page)).to_have_value("Last words, and more.")
    expect(by_test(page, "email-design-warning")).to_have_count(0)
    assert _body(gala, design_id) == "Last words, and more."


@pytest.mark.soak
def test_D5_a_reload_in_the_middle_of_a_save_keeps_its_words(page: Page, gala: Gala) -> None:
    design_id = _design(gala)
    page.goto(gala.url(f"/email-templates/{design_id}"))
    saves = held(page, "**/draft")
    with page.expect_request("**/draft"):
        _message(page).fill("Last words.")
    page.reload()
    expect(_message(page)).to_have_value("Last words.")
    expect(by_test(page, "email-design-draft")).to_contain_text("Saved at")
    assert (len(saves), _body(gala, design_id)) == (1, "Last words.")


def test_D3_a_button_that_names_a_version_takes_it_though_another_was_published_since(page: Page, gala: Gala) -> None:
    design_id = _design(gala)
    with gala.live.app.app_context():
        by = seeding.acting(gala.live.organizer)
        edit.save(gala.id, design_id, edit.DesignVersion(1), {"body": "Second words."}, by)
    page.goto(gala.url(f"/email-templates/{design_id}"))
    with gala.live.app.app_context():
        revisions.publish(gala.id, design_id, by)
    by_test(page, "email-design-schedule").click()
    expect(by_test(page, "based-on")).to_contain_text("Hello v1")
    expect(_message(page)).to_have_value("First words.")
    [draft] = gala.drafts()
    assert draft["body"] == "First words."
    [row] = gala.live.query("SELECT design_number FROM mailing WHERE id = ?", draft["mailing_id"])
    assert row == {"design_number": 1}


def test_D5_what_is_typed_into_an_archived_design_is_kept_apart(tolerant: Page, gala: Gala) -> None:
    design_id = _design(gala)
    page = _opened(tolerant, gala, design_id)
    with gala.live.app.app_context():
        lifecycle.archive(gala.id, design_id, seeding.acting(gala.live.organizer))
    _message(page).fill("Written into the archive.")
    expect(by_test(page, "email-design-warning")).to_contain_text("This design is in the archive.")
    expect(by_test(page, "email-design-draft")).to_contain_text("Not saved, see above.")
    by_test(page, "email-design-keep-mine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello (my text)")
    expect(_message(page)).to_have_value("Written into the archive.")
    assert _body(gala, design_id) == "First words."


@pytest.mark.soak
def test_D5_what_is_typed_into_a_deleted_design_is_kept_apart(tolerant: Page, gala: Gala) -> None:
    design_id = _design(gala, published=False)
    page = _opened(tolerant, gala, design_id)
    with gala.live.app.app_context():
        lifecycle.delete(gala.id, design_id, seeding.acting(gala.live.organizer))
    _message(page).fill("Written into the void.")
    expect(by_test(page, "email-design-warning")).to_contain_text("This design was deleted while you had it open.")
    expect(by_test(page, "email-design-draft")).to_contain_text("Not saved, see above.")
    by_test(page, "email-design-publish-cta").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This design was deleted")
    by_test(page, "email-design-keep-mine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello")
    expect(_message(page)).to_have_value("Written into the void.")


def test_D5_an_ended_session_leaves_the_words_on_the_page(tolerant: Page, gala: Gala) -> None:
    design_id = _design(gala)
    page = _opened(tolerant, gala, design_id)
    page.context.clear_cookies()
    _message(page).fill("Written without a session.")
    expect(page.locator("[data-error-code=NOT_SIGNED_IN]")).to_contain_text("Your session ended")
    expect(by_test(page, "email-design-draft")).to_contain_text("Not saved, see above.")
    expect(_message(page)).to_have_value("Written without a session.")


def test_D5_an_empty_name_is_said_and_keeps_the_old_one(page: Page, gala: Gala) -> None:
    design_id = _design(gala)
    page.goto(gala.url(f"/email-templates/{design_id}"))
    page.get_by_label("Name", exact=True).fill("")
    expect(by_test(page, "email-design-nameless")).to_contain_text("still called “Hello”")
    assert gala.live.query("SELECT name FROM design WHERE id = ?", design_id) == [{"name": "Hello"}]
