"""The happy path of the story “Email designs”: write, preview, publish, change, test, and see it in the list."""

import re
from email.message import EmailMessage

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.designs.page.steps import (
    ABSENT,
    ANA,
    PAGE,
    badge,
    bodies,
    look,
    message,
    outcome,
    preview,
    publish,
    saved,
    stored,
    versions,
    write,
)
from tests.browser.steps import Gala, body, by_test
from tests.support.browser import assert_fits, assert_visible_everywhere, axe_everywhere

FIRST = "Hi {guest.firstName},\n\nplease keep 19 June **free**."
SECOND = "Hi {guest.firstName},\n\nplease keep 20 June **free**."


def test_D1_a_design_is_written_previewed_published_changed_and_tested_and_the_list_tells_of_it(
    page: Page, gala: Gala
) -> None:
    # email-designs-renders: a new one, with its type
    page.get_by_role("link", name="New design").first.click()
    page.get_by_label("Name").fill("Save the date")
    by_test(page, "message-type-picker").get_by_label("Type of message").select_option("Reminder")
    page.get_by_role("button", name="Write it").click()
    expect(badge(page)).to_have_text("Draft")
    assert_visible_everywhere(page, PAGE)
    for absent in ABSENT:
        expect(by_test(page, absent)).to_have_count(0)

    # the text saves itself, and the preview follows, as any guest reads it
    write(page, FIRST, subject="Save the date, {guest.firstName}")
    saved(gala, FIRST)
    expect(preview(page).locator("body")).to_contain_text("Hi Ana,")
    page.get_by_role("button", name="Next guest").click()
    expect(preview(page).locator("body")).to_contain_text("Hi Bo,")
    expect(by_test(page, "email-design-preview-subject")).to_have_text("Save the date, Bo")

    # publish-design: the dialog says what it does, and there is a way back
    dialog = look(page)
    expect(dialog).to_contain_text("It becomes version 1, and messages can use it.")
    expect(by_test(page, "email-design-risks")).to_contain_text("1 guest has no first name and reads “there”.")
    assert_visible_everywhere(page, ["email-design-publishing", "email-design-publish-confirm"])
    dialog.get_by_role("link", name="Keep editing").click()
    expect(dialog).to_be_hidden()
    assert versions(gala) == []
    publish(page)
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    assert versions(gala) == [(1, "", True, FIRST)]

    # changed again: both snapshots are named, and their words compared, while somebody writes
    write(page, SECOND)
    expect(badge(page)).to_have_text(re.compile(r"^Published \+ changes v1$"))
    standing = by_test(page, "email-design-standing")
    expect(standing).to_contain_text("The draft differs from what is published.")
    expect(by_test(page, "email-design-preview").get_by_role("heading")).to_have_text("Preview of the draft")
    changes = by_test(page, "email-design-changes")
    changes.locator("summary").click()
    expect(changes.locator(".source ins")).to_have_text(["20"])
    expect(changes.locator(".source del")).to_have_text(["19"])
    write(page, SECOND + " Please!")
    expect(changes.locator(".source ins")).to_have_text(["20", " Please!"])
    expect(changes.locator(".source").first).to_be_visible()
    with page.context.expect_page() as opened:
        by_test(page, "email-design-published-preview").click()
    expect(opened.value.locator("body")).to_contain_text("please keep 19 June free.")
    opened.value.close()
    assert_visible_everywhere(page, [*PAGE, "email-design-changes", "email-design-standing"])
    axe_everywhere(page)
    assert_fits(page)
    expect(by_test(page, "message-type-picker").get_by_label("Type of message")).to_have_value("reminder")
    assert (stored(gala)[0]["message_type"], bodies(gala)) == ("reminder", [SECOND + " Please!"])
    expect(message(page)).to_have_value(SECOND + " Please!")

    # test-send-idempotent: two quick presses are one mail, and the list says how it went
    by_test(page, "email-design-test-send-cta").dblclick()
    expect(outcome(page)).to_contain_text("Kept in outbox at")
    expect(by_test(page, "email-design-last-test")).to_contain_text("sent")
    assert [str(mail["Subject"]) for mail in gala.mails()] == ["[Test] Save the date, Ana"]
    page.goto(gala.url("/email-templates"))
    row = by_test(page, "email-designs-table").get_by_role("row", name=re.compile("Save the date"))
    expect(row).to_contain_text("Reminder")
    expect(row.locator(".badge")).to_have_text(re.compile(r"^Published \+ changes v1$"))
    expect(row).to_contain_text(re.compile(rf"Sent \d[^@]* to {re.escape(gala.live.organizer.email)}"))
    assert_visible_everywhere(page, ["email-designs-page", "email-designs-table"])


def test_E1_a_test_is_the_mail_itself_but_for_its_mark_its_ids_and_its_way_off_the_list_G12_G13(
    page: Page, gala: Gala
) -> None:
    page.goto(gala.url("/email-templates/new"))
    page.get_by_label("Name").fill("Save the date")
    page.get_by_role("button", name="Write it").click()
    write(page, FIRST, subject="Save the date, {guest.firstName}")
    publish(page)
    by_test(page, "email-design-test-send-cta").click()
    result = outcome(page)
    [test] = gala.mails()

    # the link of the test changes nothing, and says so
    result.get_by_role("link", name="Read it").click()
    unsubscribe = page.frame_locator("iframe.frame").get_by_role("link", name="Unsubscribe")
    expect(unsubscribe).to_have_attribute("href", f"{gala.live.url}/unsubscribe/preview")
    page.goto(f"{gala.live.url}/unsubscribe/preview")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link changes nothing")
    assert gala.live.query("SELECT id FROM suppression WHERE scope = ?", str(gala.id)) == []

    # the message itself, written with what is published
    page.goto(gala.url(f"/email-templates/{stored(gala)[0]['id']}"))
    by_test(page, "email-design-use-published").click()
    expect(by_test(page, "based-on")).to_have_text("Save the date v1")
    steps.pick(page, ["Confirmed"])
    steps.send(page)
    steps.finished(page)
    assert _but_for_the_test(gala.mail_to(ANA)) == _but_for_the_test(test)


def _but_for_the_test(mail: EmailMessage) -> tuple[str, ...]:
    """Subject, sender and both parts of a mail, without what a test has otherwise."""
    way_off = re.compile(r"/unsubscribe/[\w.-]+")
    parts = (way_off.sub("/unsubscribe/…", body(mail, kind)) for kind in ("plain", "html"))
    return str(mail["Subject"]).removeprefix("[Test] "), str(mail["From"]), *parts
