"""The way of a colleague: invited, joined, signed in, forgotten password, removed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import by_test, press_link
from tests.support.browser import assert_fits
from tests.support.live import Live
from tests.support.seeding import PASSWORD

LONG = "Ab" * 45


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_colleague_is_invited_joins_signs_in_and_is_removed(
    open_browser: Callable[..., Page], shared_live: Live, script: bool
) -> None:
    boss, guest = open_browser(java_script_enabled=script), open_browser(java_script_enabled=script)
    name, email = f"Ada {LONG}", f"ada-{script}@organizers.example"
    press_link(boss, shared_live.signin_url(shared_live.owner, next="/admin/people"))
    form = by_test(boss, "invite-form")
    form.get_by_label("Email address").fill(email)
    form.get_by_role("button", name="Make an invitation link").click()
    expect(by_test(boss, "new-link")).to_contain_text(f"Invitation link for {email}")
    link = by_test(boss, "new-link-text").inner_text()
    assert_fits(boss)
    boss.reload()
    expect(by_test(boss, "new-link")).to_have_count(0)
    expect(by_test(boss, "invitation-row").filter(has_text=email)).to_be_visible()

    # another browser
    guest.goto(link)
    expect(guest.get_by_role("heading", level=1)).to_have_text("Join your team")
    guest.get_by_label("Your name").fill(name)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Join").click()
    expect(guest.get_by_role("heading", level=1)).to_have_text("Events")
    guest.get_by_role("button", name="Sign out").click()
    guest.get_by_label("Email address").fill(email)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Sign in").click()
    expect(guest.get_by_role("heading", level=1)).to_have_text("Events")

    # removed, and out
    boss.reload()
    row = by_test(boss, "colleague-row").filter(has_text=email)
    row.get_by_role("link", name="Remove").click()
    expect(boss.get_by_role("heading", level=1)).to_have_text("Remove this colleague?")
    by_test(boss, "colleague-removal-form").get_by_role("button").click()
    expect(boss.get_by_text("is removed and out at once")).to_be_visible()
    expect(row).to_have_count(0)
    guest.goto(shared_live.url + "/admin/account")
    expect(guest.get_by_role("heading", level=1)).to_have_text("Sign in")
    guest.get_by_label("Email address").fill(email)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Sign in").click()
    expect(guest.locator("[data-error-code=BAD_CREDENTIALS]")).to_be_visible()


def test_a_forgotten_password_is_replaced_by_a_link_from_an_owner(
    open_browser: Callable[..., Page], make_live: Callable[..., Live]
) -> None:
    live = make_live()
    live.start_web()
    boss, guest = open_browser(), open_browser()
    guest.goto(live.url + "/sign-in")
    guest.get_by_role("link", name="Forgot your password?").click()
    expect(guest.get_by_text("Ask an owner of your team for a one-time sign-in link")).to_be_visible()
    press_link(boss, live.signin_url(live.owner, next="/admin/people"))
    boss.get_by_role("button", name="Make a sign-in link for Oscar Organizer").click()
    link = by_test(boss, "new-link-text").inner_text()

    press_link(guest, link)
    form = by_test(guest, "password-form")
    expect(form).to_contain_text("You came in by a one-time link")
    form.get_by_label("New password").fill("another long password")
    form.get_by_role("button", name="Change the password").click()
    expect(guest.get_by_text("Your password is changed.")).to_be_visible()
    expect(form.get_by_label("Old password")).to_be_visible()
    guest.get_by_role("button", name="Sign out").click()
    guest.get_by_label("Email address").fill(live.organizer.email)
    guest.get_by_label("Password").fill("another long password")
    guest.get_by_role("button", name="Sign in").click()
    expect(guest.get_by_role("heading", level=1)).to_have_text("Events")


def test_a_token_is_made_copied_and_taken_back(open_browser: Callable[..., Page], shared_live: Live) -> None:
    page = open_browser(permissions=["clipboard-read", "clipboard-write"])
    press_link(page, shared_live.signin_url(next="/admin/account"))
    name = f"<b>{LONG}"
    form = by_test(page, "token-form")
    form.get_by_label("What is the new token for?").fill(name)
    form.get_by_role("button", name="Make a token").click()
    token = by_test(page, "new-token-text").inner_text()
    assert_fits(page)
    page.get_by_role("button", name="Copy the token").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    mine = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    assert page.request.get(shared_live.url + "/admin/events", headers=mine).status == 200
    page.reload()
    expect(by_test(page, "new-token")).to_have_count(0)
    by_test(page, "token-row").filter(has_text=name).get_by_role("button").click()
    expect(page.get_by_text("The token is taken back.")).to_be_visible()
    assert page.request.get(shared_live.url + "/admin/events", headers=mine).status == 401
