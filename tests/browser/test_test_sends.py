"""A test from the composer: to oneself or a few addresses, as the guest of the preview, once a press."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from eventmail import clock
from eventmail.db import transaction
from eventmail.models import Suppression
from tests.browser import steps
from tests.browser.steps import WARNING, Gala, body, by_test, press_link, preview, preview_html
from tests.support.browser import assert_fits, assert_visible_everywhere, axe
from tests.support.budgets import in_soak
from tests.support.live import Live
from tests.support.waiting import wait_for

BUTTON = "guest-message-test-send-cta"
RESULT = "test-result"
CHANGED = "You changed the message since; send this version?"


@pytest.fixture
def composer(watched: Page, gala: Gala) -> Page:
    """The composer of an event with three confirmed guests, a text in it."""
    gala.add_guests(
        [
            {"email": "ana@guests.example.net", "first_name": "Ana", "last_name": "Abel"},
            {"email": "bo@guests.example.net", "first_name": "<b>Bo</b>", "last_name": 'Bell "x"'},
            {"email": "zoe@guests.example.net", "first_name": "Ab" * 150, "last_name": "Zed"},
        ]
    )
    steps.sign_in(watched, gala)
    steps.write(watched, "Hi {guest.firstName}", "Doors open, {guest.fullName}.")
    expect(by_test(watched, "guest-message-send-cta")).to_have_text("Review and send to 3…")
    return watched


def press(page: Page) -> None:
    by_test(page, BUTTON).click()


def test_E1_a_test_is_read_as_the_guest_of_the_preview_and_is_what_was_previewed(composer: Page, gala: Gala) -> None:
    composer.get_by_role("button", name="Next guest").click()
    expect(preview(composer).locator("body")).to_contain_text('Doors open, <b>Bo</b> Bell "x".')
    previewed = preview_html(composer)
    press(composer)
    result = by_test(composer, RESULT)
    expect(result).to_contain_text("Kept in outbox at")
    expect(result.locator("xpath=..")).to_contain_text('Read as <b>Bo</b> Bell "x".')
    [mail] = gala.mails()
    assert (str(mail["Subject"]), str(mail["To"])) == ("[Test] Hi <b>Bo</b>", gala.live.organizer.email)
    assert body(mail, "html").strip() == previewed.strip()  # its way off the list is the preview's, too

    # it is read where every mail of the outbox is
    result.get_by_role("link", name="Read it").click()
    expect(composer.get_by_role("heading", level=1)).to_have_text("[Test] Hi <b>Bo</b>")
    unsubscribe = composer.frame_locator("iframe.frame").get_by_role("link", name="Unsubscribe")
    expect(unsubscribe).to_have_attribute("href", f"{gala.live.url}/unsubscribe/preview")

    # it is no message to guests
    composer.goto(gala.url("/mailings"))
    expect(composer.locator("main")).not_to_contain_text("Hi {guest.firstName}")
    composer.goto(gala.url(""))
    expect(composer.locator("main")).not_to_contain_text("Hi {guest.firstName}")


def test_E1_a_test_goes_to_typed_addresses_and_says_of_each_what_became_of_it(composer: Page, gala: Gala) -> None:
    with gala.live.app.app_context(), transaction() as tx:
        tx.add(Suppression(address=f"off-{gala.id}@x.org", scope=str(gala.id), reason="manual", source="test",
                           created_at=clock.now()))  # fmt: skip
    field = composer.get_by_label("To other addresses")
    field.fill(f"ok@x.org, Gone-{gala.id}+hardbounce@x.org; who+lost@x.org off-{gala.id}@x.org")
    press(composer)
    result = by_test(composer, RESULT)
    for sentence in (
        "for ok@x.org.",
        f"Not sent to Gone-{gala.id}+hardbounce@x.org: No such user here (550 5.1.1).",
        "May have been sent to who+lost@x.org, nobody can say",
        f"Not sent to off-{gala.id}@x.org: on the do-not-mail list.",
    ):
        expect(result).to_contain_text(sentence)
    expect(field).to_have_value(f"ok@x.org, Gone-{gala.id}+hardbounce@x.org; who+lost@x.org off-{gala.id}@x.org")
    expect(composer.get_by_label("Subject")).to_have_value("Hi {guest.firstName}")
    assert_visible_everywhere(composer, [BUTTON, RESULT])
    assert_fits(composer)
    axe(composer)

    # a bounce of a test is a bounce: the next one is refused, with nothing lost
    field.fill(f"gone-{gala.id}+hardbounce@x.org")
    press(composer)
    warning = by_test(composer, WARNING)
    expect(warning).to_have_attribute("data-error-code", "NO_RECIPIENTS")
    expect(warning).to_contain_text(f"gone-{gala.id}+hardbounce@x.org is on the do-not-mail list. No test was sent.")
    expect(field).to_have_value(f"gone-{gala.id}+hardbounce@x.org")
    assert len(gala.mailings()) == 1


def test_E1_a_wrong_address_or_merge_field_is_named_and_nothing_is_sent(composer: Page, gala: Gala) -> None:
    composer.get_by_label("To other addresses").fill("nobody")
    press(composer)
    warning = by_test(composer, WARNING)
    expect(warning).to_contain_text("“nobody” is not an email address")
    composer.get_by_label("To other addresses").fill("")
    composer.get_by_label("Message", exact=True).fill("Hi {guest.frstName}")
    press(composer)
    expect(warning).to_have_attribute("data-error-code", "UNRESOLVED_TOKEN")
    expect(warning).to_contain_text("Did you mean {guest.firstName}?")
    assert steps.nothing_left(gala)
    composer.get_by_label("Message", exact=True).fill("Hi {guest.firstName}")
    press(composer)
    expect(by_test(composer, RESULT)).to_contain_text("Kept in outbox at")
    expect(warning).to_have_count(0)


@pytest.mark.parametrize("pause_ms", [0, 150, *in_soak(30, 80, 250, 400)])
def test_E1_two_clicks_however_far_apart_a_double_click_may_be_are_one_test(
    composer: Page, gala: Gala, pause_ms: int
) -> None:
    button = by_test(composer, BUTTON)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    composer.mouse.click(x, y)
    composer.evaluate("ms => new Promise(done => setTimeout(done, ms))", pause_ms)
    composer.mouse.click(x, y, click_count=2)
    expect(by_test(composer, RESULT)).to_contain_text("Kept in outbox at")
    assert len(gala.mailings()) == 1
    assert len(gala.mails()) == 1
    expect(button).to_be_enabled()


def test_E1_two_tabs_with_one_key_are_one_test_and_an_edit_in_one_of_them_is_asked_about(
    composer: Page, gala: Gala
) -> None:
    kept = composer.content()
    other = composer.context.new_page()
    other.route("**/messages", lambda route: route.fulfill(body=kept, content_type="text/html"), times=1)
    other.goto(gala.url("/messages"))  # the very same page, its key included
    for page in (composer, other):
        page.get_by_label("Message", exact=True).fill("Doors open")
        page.get_by_label("Subject").fill("Hi {guest.firstName}")
        page.get_by_label("Confirmed").check()
    press(composer)
    press(other)
    for page in (composer, other):
        expect(by_test(page, RESULT)).to_contain_text("Kept in outbox at")
    assert len(gala.mailings()) == 1

    # once more with the page as it was, and another text in it
    other.route("**/messages", lambda route: route.fulfill(body=kept, content_type="text/html"), times=1)
    other.goto(gala.url("/messages"))
    other.get_by_label("Confirmed").check()
    other.get_by_label("Subject").fill("Hi {guest.firstName}")
    other.get_by_label("Message", exact=True).fill("Doors open at eight")
    with other.expect_response("**/test-sends") as asked:
        press(other)
    assert asked.value.status == 200
    expect(by_test(other, "guest-message-test-changed")).to_contain_text(CHANGED)
    expect(by_test(other, BUTTON)).to_have_text("Send this version")
    assert len(gala.mailings()) == 1
    assert_visible_everywhere(other, [BUTTON, "guest-message-test-changed"])
    axe(other)
    press(other)
    expect(by_test(other, RESULT)).to_contain_text("Kept in outbox at")
    expect(other.get_by_text(CHANGED)).to_have_count(0)
    assert [body(mail).splitlines()[0] for mail in gala.mails()] == ["Doors open", "Doors open at eight"]


def test_E1_by_keyboard_the_focus_goes_to_the_result_and_on_from_there(composer: Page, gala: Gala) -> None:
    by_test(composer, BUTTON).focus()
    composer.keyboard.press("Enter")
    result = by_test(composer, RESULT)
    expect(result).to_be_focused()
    expect(result).to_contain_text("Kept in outbox at")
    expect(result).to_be_focused()
    composer.keyboard.press("Tab")
    expect(result.get_by_role("link", name="Read it")).to_be_focused()

    # Enter beside the addresses is the button below them, not the one that reviews the message
    composer.get_by_label("To other addresses").fill("ok@x.org")
    composer.keyboard.press("Enter")
    expect(result).to_contain_text("for ok@x.org.")
    expect(composer.get_by_role("dialog")).to_have_count(0)
    assert [row["kind"] for row in gala.mailings()] == ["test", "test"]


def test_E1_a_test_and_then_the_message_are_two_things_with_two_keys(composer: Page, gala: Gala) -> None:
    press(composer)
    expect(by_test(composer, RESULT)).to_contain_text("Kept in outbox at")
    steps.send(composer)
    steps.finished(composer)
    assert [row["kind"] for row in gala.mailings()] == ["test", "one_time"]
    assert len(gala.mails()) == 4


def test_T1_without_a_worker_the_test_says_so_with_the_command_and_goes_when_one_starts(
    watched: Page, make_live: Any
) -> None:
    live: Live = make_live()
    live.start_web()
    gala = Gala(live, live.event_id)
    steps.sign_in(watched, gala)
    steps.write(watched, "Doors open", "Hello", statuses=[])
    press(watched)
    expect(watched.locator("#test-result")).to_contain_text("Nothing is working on this right now")
    expect(watched.locator("#test-result code")).to_have_text(".venv/bin/eventmail worker")
    live.start_worker()
    expect(by_test(watched, RESULT)).to_contain_text("Kept in outbox at")
    wait_for(lambda: len(gala.mails()) == 1, what="the test")
    expect(watched.locator("#test-result")).not_to_contain_text("Nothing is working")


def test_the_settings_page_sends_me_one(watched: Page, shared_live: Live) -> None:
    gala = Gala(shared_live, shared_live.event_id)
    before = len(gala.mails())
    press_link(watched, shared_live.signin_url(shared_live.owner, next="/admin/events"))
    watched.get_by_role("navigation").get_by_role("link", name="Settings").click()
    expect(by_test(watched, "sending-service")).to_contain_text("practice mode")
    watched.get_by_label("In the name of").select_option(str(shared_live.event_id))
    by_test(watched, "sending-test-cta").click()
    expect(by_test(watched, RESULT)).to_contain_text("Kept in outbox at")
    expect(by_test(watched, RESULT)).to_contain_text("olive@organizers.example")
    assert len(gala.mails()) == before + 1
    assert str(gala.mails()[-1]["Subject"]).startswith("[Test] Mail about ")
    watched.reload()
    assert len(gala.mails()) == before + 1
    assert_visible_everywhere(watched, ["sending-settings-page", "sending-test-cta", RESULT])
    assert_fits(watched)
    axe(watched)
