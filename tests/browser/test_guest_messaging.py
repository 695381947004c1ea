"""Guest messaging: an organizer writes to guests by status, sees who gets what, sends, and watches it leave."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.steps import TRACKED, WARNING, Gala, body, by_test, finished, preview, preview_html, tiles
from tests.support.browser import assert_fits, assert_visible_everywhere, axe

GUESTS = """\
email,first name,last name,status,Table
ana@guests.example.net,Ana,Ruiz,confirmed,7
ben@guests.example.net,Ben,Okafor,confirmed,
quiet@guests.example.net,,Quiet,confirmed,3
ida@guests.example.net,Ida,Lind,invited,
joe@guests.example.net,Joe,Moss,declined,
,Nora,Noaddress,confirmed,
ana@guests.example.net,Alex,Ruiz,confirmed,
"""
TEXT = "Hi {guest.firstName},\n\nDoors open at **{event.time}**, your table is {guest.Table}.\n\nSee you!"
RED_LETTER = [
    {"email": "ana@guests.example.net", "first_name": "Ana"},
    {"email": "quiet@guests.example.net", "first_name": ""},
]


@pytest.fixture
def composer(watched: Page, gala: Gala) -> Page:
    """The composer of an event with two confirmed guests, one of them without a first name."""
    gala.add_guests(RED_LETTER)
    steps.sign_in(watched, gala)
    return watched


def test_guest_messaging_renders_then_sends_a_one_time_message_and_tracks_it(
    watched: Page, gala: Gala, tmp_path: Path
) -> None:
    page = watched
    steps.sign_in(page, gala, "/guests/import")
    guests = tmp_path / "guests.csv"
    guests.write_text(GUESTS)
    page.get_by_label("CSV file").set_input_files(guests)
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_text("Nothing has been changed yet")).to_be_visible()
    by_test(page, "guest-import-confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported")

    # guest-messaging-renders
    page.get_by_role("navigation").get_by_role("link", name="Messages").click()
    assert_visible_everywhere(page, steps.COMPOSER)
    for absent in (WARNING, "guest-message-gap-panel", TRACKED):
        expect(by_test(page, absent)).to_have_count(0)
    expect(by_test(page, "guest-message-checks")).to_contain_text("Write the message")
    expect(by_test(page, "guest-message-recipient-count")).to_contain_text("Nobody is selected yet.")

    # send-one-time-message: the count follows the ticks without a reload
    page.evaluate("document.body.dataset.stayed = 'yes'")
    steps.pick(page, ["Confirmed"])
    count = by_test(page, "guest-message-recipient-count")
    expect(count.locator("[data-count]")).to_have_text("3")
    expect(count).to_contain_text("2 won’t: 1 without an address, 1 sharing an address.")
    expect(by_test(page, "guest-message-send-cta")).to_have_text("Review and send to 3…")
    steps.pick(page, ["Declined"])
    expect(count.locator("[data-count]")).to_have_text("4")
    by_test(page, "guest-message-audience-picker").get_by_label("Declined").uncheck()
    expect(count.locator("[data-count]")).to_have_text("3")

    # the preview follows the text, guest by guest
    steps.write(page, "{guest.firstName}, doors open", TEXT)
    shown = by_test(page, "guest-message-preview")
    expect(preview(page).locator("body")).to_contain_text("Hi Ben, Doors open at 18:00, your table is not stated.")
    expect(shown).to_contain_text("As Ben Okafor")
    expect(by_test(page, "guest-message-preview-subject")).to_have_text("Ben, doors open")
    page.get_by_role("button", name="Next guest").click()
    expect(preview(page).locator("body")).to_contain_text("Hi there, Doors open at 18:00, your table is 3.")
    page.get_by_role("button", name="Next guest").click()
    expect(preview(page).locator("body")).to_contain_text("Hi Ana, Doors open at 18:00, your table is 7.")
    expect(by_test(page, "guest-message-preview-subject")).to_have_text("Ana, doors open")
    previewed = preview_html(page)
    expect(by_test(page, "guest-message-checks")).to_contain_text("1 guest has no first name and reads “there”.")
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")
    assert_visible_everywhere(page, steps.COMPOSER)

    # the review says it in one sentence, with the number on its button
    dialog = steps.review(page)
    expect(dialog).to_contain_text(
        "Send “First name, doors open” to 3 confirmed guests now, from Gala Team (eventmail@localhost); "
        "answers go to eventmail@localhost.",
        use_inner_text=True,
    )
    expect(dialog).to_contain_text("2 of the selected guests won’t get it: 1 without an address, 1 sharing an address.")
    confirm = by_test(page, "guest-message-send-confirm")
    expect(confirm).to_have_text("Send to outbox (3)")
    assert_visible_everywhere(page, ["guest-message-send-confirm"])
    assert steps.nothing_left(gala), "looking has sent something"
    confirm.click()

    # track-send-progress: it reaches its end by itself
    page.wait_for_url(steps.SENT_URL)
    finished(page)
    tracker = by_test(page, TRACKED)
    expect(tracker.get_by_role("heading")).to_have_text("Finished")
    assert tiles(page) == {"Queued": "0", "Kept in outbox": "3", "Failed": "0", "On the do-not-mail list": "0"}
    assert_visible_everywhere(page, ["guest-messaging-page", TRACKED])
    expect(by_test(page, WARNING)).to_have_count(0)

    # each guest has exactly one mail, and it is what was previewed
    assert {address: row["state"] for address, row in gala.recipients().items()} == {
        "ana@guests.example.net": "sent",
        "ben@guests.example.net": "sent",
        "quiet@guests.example.net": "sent",
    }
    subjects = {mail["To"].addresses[0].addr_spec: str(mail["Subject"]) for mail in gala.mails()}
    assert len(gala.mails()) == 3
    assert subjects == {
        "ana@guests.example.net": "Ana, doors open",
        "ben@guests.example.net": "Ben, doors open",
        "quiet@guests.example.net": "there, doors open",
    }
    mail = gala.mail_to("ana@guests.example.net")
    way_off = mail["List-Unsubscribe"].strip("<>")
    inert = f"{gala.live.url}/unsubscribe/preview"
    assert way_off.startswith(f"{gala.live.url}/unsubscribe/")
    assert way_off != inert
    assert body(mail, "html").strip().replace(way_off, inert) == previewed.strip()
    assert "Hi Ana,\n\nDoors open at 18:00, your table is 7." in body(mail)

    # and it is there to read as a guest would
    tracker.get_by_role("link", name="Read the outbox").click()
    page.get_by_role("row", name="ana@guests.example.net").get_by_role("link", name="Ana, doors open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana, doors open")
    read = page.frame_locator("iframe.frame")
    expect(read.locator("body")).to_contain_text("Hi Ana, Doors open at 18:00, your table is 7.")
    expect(read.get_by_role("link", name="Unsubscribe")).to_have_attribute("href", inert)
    page.get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("pre")).to_contain_text("Doors open at 18:00, your table is 7.")
    expect(page.locator("pre")).to_contain_text(inert)
    expect(page.locator("pre")).not_to_contain_text(way_off)


def test_A3_the_preview_shows_who_was_stepped_to_until_the_audience_leaves_them_out(composer: Page, gala: Gala) -> None:
    gala.add_guests([{"email": "ida@guests.example.net", "first_name": "Ida", "status": "invited"}])
    steps.write(composer, "Doors open", "Hi {guest.firstName}", statuses=["Confirmed", "Invited"])
    expect(preview(composer).locator("body")).to_contain_text("Hi Ana")
    composer.get_by_role("button", name="Next guest").click()
    expect(preview(composer).locator("body")).to_contain_text("Hi Ida")
    composer.get_by_label("Subject").fill("Doors are open")
    expect(by_test(composer, "guest-message-preview-subject")).to_have_text("Doors are open")
    expect(preview(composer).locator("body")).to_contain_text("Hi Ida")
    composer.get_by_label("Invited").uncheck()
    expect(preview(composer).locator("body")).to_contain_text("Hi Ana")
    composer.get_by_label("Invited").check()
    expect(by_test(composer, "guest-message-send-cta")).to_have_text("Review and send to 3…")
    expect(preview(composer).locator("body")).to_contain_text("Hi Ana")


def test_S1_a_double_click_on_the_confirm_button_sends_one_mailing_with_one_mail_each(
    composer: Page, gala: Gala
) -> None:
    steps.write(composer, "Once", "Hello")
    steps.review(composer)
    # a browser that lets both clicks through
    landed = composer.evaluate("""async () => {
      const form = document.querySelector("dialog form");
      const send = () => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
      return (await Promise.all([send(), send(), send()])).map(answer => [answer.status, answer.url]);
    }""")
    assert landed == [[200, landed[0][1]]] * 3
    # and this one, afterwards
    by_test(composer, "guest-message-send-confirm").dblclick()
    composer.wait_for_url(steps.SENT_URL)
    finished(composer)
    assert len(gala.mailings()) == 1
    assert sorted(mail["To"].addresses[0].addr_spec for mail in gala.mails()) == sorted(gala.recipients())
    assert len(gala.mails()) == 2


def test_S1_the_same_review_pressed_again_in_a_copy_of_its_page_lands_on_the_same_mailing(
    composer: Page, gala: Gala
) -> None:
    steps.write(composer, "Once", "Hello")
    steps.review(composer)
    kept = composer.content()
    by_test(composer, "guest-message-send-confirm").click()
    composer.wait_for_url(steps.SENT_URL)
    finished(composer)
    sent = composer.url
    composer.goto(gala.url("/messages?new=1"))
    expect(composer.get_by_label("Subject")).to_have_value("")
    composer.route("**/messages?new=1", lambda route: route.fulfill(body=kept, content_type="text/html"), times=1)
    composer.reload()  # as a browser that kept the page shows it: the dialog as it was
    by_test(composer, "guest-message-send-confirm").click()
    composer.wait_for_url(sent)
    expect(by_test(composer, TRACKED)).to_have_attribute("data-state", "finished")
    assert len(gala.mailings()) == 1
    assert len(gala.mails()) == 2


@pytest.mark.soak
def test_S1_a_changed_text_under_a_used_key_is_a_new_message(composer: Page, gala: Gala) -> None:
    key = composer.locator("#composer [name=idempotency_key]").input_value()
    steps.write(composer, "One", "Hello")
    steps.send(composer)
    finished(composer)
    composer.goto(gala.url("/messages?new=1"))
    composer.locator("#composer [name=idempotency_key]").evaluate("(field, key) => { field.value = key; }", key)
    steps.write(composer, "Two", "Hello again")
    steps.send(composer)
    finished(composer)
    assert [str(mail["Subject"]) for mail in gala.mails()].count("Two") == 2
    assert len(gala.mailings()) == 2


@pytest.mark.soak
def test_S1_writing_the_same_text_anew_is_a_new_message(composer: Page, gala: Gala) -> None:
    for _ in range(2):
        steps.write(composer, "Twice, and meant so", "Hello")
        steps.send(composer)
        finished(composer)
        composer.get_by_role("link", name="Write another message").click()
    assert len(gala.mailings()) == 2
    assert len(gala.mails()) == 4


AWKWARD = {
    "bo@guests.example.net": {"first_name": "<b>Bo</b>", "last_name": '"x"'},
    "rtl@guests.example.net": {"first_name": "שָׁלוֹם", "last_name": "עולם"},
    "long@guests.example.net": {"first_name": "Ab" * 150, "last_name": "Cd" * 150},
    "plus@guests.example.net": {"first_name": "{guest.lastName}", "last_name": "**Bold**"},
}


def test_C4_awkward_names_are_shown_as_they_are_everywhere_from_picker_to_mail(watched: Page, gala: Gala) -> None:
    page = watched
    gala.add_guests([{"email": email, **names} for email, names in AWKWARD.items()])
    gala.add_guests([{"email": "BO@guests.example.net", "first_name": "Bea", "last_name": "Shares"}])
    steps.sign_in(page, gala)
    steps.write(
        page, "Dear {guest.fullName}", "Hi {guest.firstName}, [look](https://gala.example/?n={guest.firstName})"
    )
    expect(by_test(page, "guest-message-recipient-count")).to_contain_text("1 won’t: 1 sharing an address.")
    seen: dict[str, str] = {}
    while True:
        name = by_test(page, "guest-message-preview-guest").inner_text()
        expect(preview(page).locator("body")).to_contain_text("Hi ")
        seen[name] = preview_html(page)
        assert_fits(page)
        following = page.get_by_role("button", name="Next guest")
        if following.is_disabled():
            break
        following.click()
        expect(by_test(page, "guest-message-preview-guest")).not_to_have_text(name)
    assert set(seen) == {f"{guest['first_name']} {guest['last_name']}" for guest in AWKWARD.values()}
    assert "Hi &lt;b&gt;Bo&lt;/b&gt;," in seen['<b>Bo</b> "x"']
    assert "?n=%3Cb%3EBo%3C/b%3E" in seen['<b>Bo</b> "x"'] or "?n=%3Cb%3EBo%3C%2Fb%3E" in seen['<b>Bo</b> "x"']
    assert "Hi {guest.lastName}," in seen["{guest.lastName} **Bold**"]

    steps.send(page)
    finished(page)
    assert_fits(page)
    assert set(gala.recipients()) == set(AWKWARD)
    assert len(gala.mails()) == len(AWKWARD)
    for email, names in AWKWARD.items():
        assert body(gala.mail_to(email)).replace("\n", "").startswith(f"Hi {names['first_name']},".replace(" ", " "))
    assert str(gala.mail_to("bo@guests.example.net")["Subject"]) == 'Dear <b>Bo</b> "x"'
    page.goto(gala.url("/outbox"))
    expect(page.get_by_role("link", name='Dear <b>Bo</b> "x"')).to_be_visible()
    assert_fits(page)
    page.goto(gala.url("/messages/exclusions?statuses=confirmed"))
    expect(page.get_by_role("row", name="BO@guests.example.net")).to_contain_text("Sharing an address")
    expect(page.get_by_role("row", name="BO@guests.example.net")).to_contain_text('the mail goes to <b>Bo</b> "x"')


def test_merge_fields_are_put_where_somebody_writes(composer: Page) -> None:
    editor = by_test(composer, "guest-message-editor")
    editor.get_by_label("Subject").fill("Dear , welcome")
    editor.get_by_label("Subject").press("Home")
    for _ in range(5):
        editor.get_by_label("Subject").press("ArrowRight")
    composer.get_by_text("Merge fields", exact=True).click()
    composer.get_by_role("button", name="First name").click()
    expect(editor.get_by_label("Subject")).to_have_value("Dear {guest.firstName}, welcome")
    expect(editor.get_by_label("Subject")).to_be_focused()
    editor.get_by_label("Message", exact=True).focus()
    composer.get_by_role("button", name="Event location").click()
    expect(editor.get_by_label("Message", exact=True)).to_have_value("{event.location}")
    expect(preview(composer).locator("body")).to_contain_text("Old Town Hall, Berlin")  # the page was told
    composer.keyboard.press("Control+z")
    expect(editor.get_by_label("Message", exact=True)).to_have_value("")
    axe(composer)
