"""Who gets in, and whose the do-not-mail list is: a link's button, a token's options, lifting with a warning."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import by_test, press_link
from tests.support import seeding
from tests.support.browser import assert_fits, axe_everywhere
from tests.support.live import Live
from tests.support.seeding import PASSWORD

PHONE = {"width": 390, "height": 844}


def assert_good(page: Page) -> None:
    assert_fits(page)
    axe_everywhere(page)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_link_asks_before_it_changes_who_is_signed_in_and_back_leads_on(
    open_browser: Callable[..., Page], shared_live: Live, script: bool
) -> None:
    page = open_browser(java_script_enabled=script, viewport=PHONE, reduced_motion="reduce")
    press_link(page, shared_live.signin_url(shared_live.owner))
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    page.goto(shared_live.signin_url())
    expect(by_test(page, "link-signed-in")).to_contain_text("You are signed in as Olive Owner now")
    button = by_test(page, "sign-in-link-form").get_by_role("button")
    expect(button).to_have_text("Sign in as Oscar Organizer")
    if script:
        assert_good(page)
    page.reload()
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    page.goto(shared_live.url + "/admin/account")
    expect(page.get_by_label("Your name")).to_have_value("Oscar Organizer")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")


def test_a_double_click_signs_in(open_browser: Callable[..., Page], shared_live: Live) -> None:
    page = open_browser()
    page.goto(shared_live.signin_url())
    by_test(page, "sign-in-link-form").get_by_role("button").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")


def test_a_token_that_ends_and_only_reads_is_made_with_the_keyboard_and_the_password(
    open_browser: Callable[..., Page], shared_live: Live
) -> None:
    page = open_browser(viewport=PHONE, reduced_motion="reduce")
    page.goto(shared_live.url + "/sign-in")
    page.get_by_label("Email address").fill(shared_live.organizer.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(shared_live.url + "/admin/account")
    form = by_test(page, "token-form")
    form.get_by_label("What is the new token for?").fill("Look only")
    form.get_by_label("It works for").select_option("30")
    form.get_by_label("It only reads").focus()
    page.keyboard.press("Space")
    form.get_by_label("Your password").fill("not mine at all")
    page.keyboard.press("Enter")
    expect(form.get_by_label("Your password")).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_label("It works for")).to_have_value("30")
    expect(form.get_by_label("It only reads")).to_be_checked()
    form.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    token = by_test(page, "new-token-text").inner_text()
    expect(by_test(page, "token-row").filter(has_text="Look only")).to_contain_text("Only reads")
    assert_good(page)
    mine = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    assert page.request.get(shared_live.url + "/admin/events", headers=mine).status == 200
    assert page.request.post(shared_live.url + "/admin/events", headers=mine, data={"title": "x"}).status == 403


def test_an_organizer_is_told_who_lifts_a_wish_and_an_owner_does_with_a_reason(
    open_browser: Callable[..., Page], shared_live: Live
) -> None:
    address = "wish@guests.example.org"
    with shared_live.app.app_context():
        seeding.add_guest(shared_live.event_id, address)
        seeding.suppress(address, shared_live.event_id, "unsubscribed")
    listing = f"/admin/events/{shared_live.event_id}/suppressions"
    organizer = open_browser(viewport=PHONE, reduced_motion="reduce")
    press_link(organizer, shared_live.signin_url(next=listing))
    expect(by_test(organizer, "suppression-form").get_by_label("All events")).to_have_count(0)
    row = by_test(organizer, "suppression-row").filter(has_text=address)
    row.get_by_role("link", name="Who can take it off?").click()
    expect(by_test(organizer, "suppression-owners-only")).to_contain_text("They said so themselves")
    expect(by_test(organizer, "suppression-lift-form")).to_have_count(0)
    assert_good(organizer)

    owner = open_browser(viewport=PHONE, reduced_motion="reduce")
    press_link(owner, shared_live.signin_url(shared_live.owner, next=listing))
    by_test(owner, "suppression-row").filter(has_text=address).get_by_role("link", name="Take off").click()
    expect(by_test(owner, "suppression-lift-warning")).to_contain_text("which many laws forbid")
    assert_good(owner)
    form = by_test(owner, "suppression-lift-form")
    form.get_by_label("Why may this address get mail again?").fill("She called and asked for it.")
    form.get_by_role("button", name="Take off the list").click()
    expect(owner.get_by_text(f"{address} gets mail again.")).to_be_visible()
