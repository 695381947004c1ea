"""The composer's preview and its list “Before you send”: as whom, how it looks, what was merged, what to mend."""

import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from eventmail.db import transaction
from eventmail.models import GuestField
from tests.browser import steps
from tests.browser.steps import Gala, body, by_test, preview, preview_html
from tests.support.browser import assert_fits, axe, axe_everywhere, held

PREVIEW = "guest-message-preview"
CHECKS = "guest-message-checks"
FIELDS = "guest-message-merge-field-list"
PEOPLE: list[dict[str, Any]] = [
    {"email": "ana@guests.org", "first_name": "Ana", "last_name": "Adams", "attributes": {"Table": "7"}},
    {"email": "bo@guests.org", "first_name": "<b>Bo</b>", "last_name": "Baker", "attributes": {"Table": "</mark>"}},
    {"email": "cem@guests.org", "first_name": "Cem", "last_name": "Young", "attributes": {"Table": ""}},
    {"email": "rtl@guests.org", "first_name": "", "last_name": "שלום"},
]
DOT = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # a picture of one pixel
TEXT = "Hi {guest.firstName}, table {guest.Table|at the door}.\n\n[Your page](https://gala.org/?g={guest.firstName})"


def add_people(gala: Gala) -> None:
    gala.add_guests(PEOPLE)
    with gala.live.app.app_context(), transaction() as tx:
        tx.add(GuestField(event_id=gala.id, name="Table"))


def at(page: Page, gala: Gala) -> Page:
    """The composer with a message to four awkward guests, one of whom has neither first name nor table."""
    steps.sign_in(page, gala)
    steps.write(page, "Dear {guest.firstName}", TEXT)
    return page


@pytest.fixture
def composer(watched: Page, gala: Gala) -> Page:
    add_people(gala)
    at(watched, gala)
    expect(marks(watched)).to_have_text(["Ana", "7", "Fixture Gala"])
    return watched


def marks(page: Page) -> Locator:
    return preview(page).locator("mark")


def reader(page: Page) -> Locator:
    return by_test(page, f"{PREVIEW}-guest")


def place(page: Page) -> Locator:
    return by_test(page, f"{PREVIEW}-place")


def test_A3_any_recipient_is_read_by_name_or_address_and_stays_while_somebody_writes(
    composer: Page, gala: Gala
) -> None:
    expect(reader(composer)).to_have_text("Ana Adams")
    expect(place(composer)).to_have_text(", 1 of 4")
    composer.get_by_label("Read as somebody else").fill("cem@")
    found = by_test(composer, "guest-message-readers").get_by_role("button")
    expect(found).to_have_text([re.compile("Cem Young.*cem@guests.org", re.DOTALL)])
    axe(composer)
    found.click()
    expect(place(composer)).to_have_text(", 3 of 4")
    expect(reader(composer)).to_have_text("Cem Young")
    expect(composer.get_by_label("Read as somebody else")).to_have_value("")
    composer.get_by_label("Subject").fill("Welcome, {guest.firstName}")
    expect(by_test(composer, f"{PREVIEW}-subject")).to_have_text("Welcome, Cem")
    expect(reader(composer)).to_have_text("Cem Young")

    # Enter looks for somebody; it neither sends nor opens the review
    composer.get_by_label("Read as somebody else").fill("nobody at all")
    composer.keyboard.press("Enter")
    expect(by_test(composer, "guest-message-readers")).to_contain_text("None of the 4 who get it is called")
    assert steps.nothing_left(gala)


def test_A3_what_is_typed_right_after_a_press_of_a_button_does_not_take_the_press_back(composer: Page) -> None:
    asked = held(composer, "**/messages/preview")
    composer.evaluate("""() => { window.waits = new Promise((resolve) => {
      document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
        if (ctx.sourceElement.id === "live") resolve();
      });
    }); }""")
    with composer.expect_request("**/messages/preview"):
        composer.get_by_role("button", name="Next guest").click()
    composer.get_by_label("Subject").fill("Welcome, {guest.firstName}")
    composer.evaluate("window.waits")  # the form was read once more, before the press was answered
    with composer.expect_response(lambda answer: answer.request != asked[0].request):
        asked[0].continue_()
    expect(by_test(composer, f"{PREVIEW}-subject")).to_have_text("Welcome, <b>Bo</b>")
    composer.get_by_label("Subject").press("End")
    composer.keyboard.type("!")
    expect(by_test(composer, f"{PREVIEW}-subject")).to_have_text("Welcome, <b>Bo</b>!")


@pytest.mark.soak
def test_C3_one_press_reads_the_message_as_the_guest_with_most_missing_details(composer: Page) -> None:
    composer.get_by_role("button", name="Read as the guest with most missing details").click()
    expect(reader(composer)).to_have_text("שלום")
    expect(place(composer)).to_have_text(", 4 of 4")
    expect(marks(composer)).to_have_text(["there", "at the door", "Fixture Gala"])
    expect(preview(composer).locator("mark.em-fallback")).to_have_count(2)
    composer.get_by_role("button", name="Previous guest").click()
    expect(reader(composer)).to_have_text("Cem Young")


def test_C4_C5_values_are_marked_as_the_text_they_are_and_without_the_marks_it_is_the_mail_that_leaves(
    composer: Page, gala: Gala
) -> None:
    composer.get_by_role("button", name="Next guest").click()
    expect(marks(composer)).to_have_text(["<b>Bo</b>", "</mark>", "Fixture Gala"])
    assert preview(composer).locator("mark *").count() == 0
    expect(by_test(composer, f"{PREVIEW}-subject").locator("mark")).to_have_text(["<b>Bo</b>"])
    composer.get_by_role("button", name="Next guest").click()
    expect(marks(composer)).to_have_text(["Cem", "at the door", "Fixture Gala"])
    fallback = preview(composer).locator("mark.em-fallback")
    expect(fallback).to_have_attribute("title", "fallback, because Cem has no “Table”")
    by_test(composer, PREVIEW).get_by_text("What Cem reads for the 2 merge fields (1 fallback)").click()
    expect(by_test(composer, f"{PREVIEW}-values")).to_contain_text("at the door fallback, because Cem has no “Table”")
    axe_everywhere(composer)
    assert_fits(composer)

    composer.get_by_role("button", name="Mark merged values").click()
    expect(marks(composer)).to_have_count(0)
    shown = preview_html(composer)
    source = str(by_test(composer, PREVIEW).locator("iframe").get_attribute("src"))
    marked = composer.request.get(composer.url.split("/admin")[0] + source + "&marks=on").text()
    unmarked = re.sub(r'<style class="em-marks">.*?</style>|</?mark[^>]*>', "", marked, flags=re.DOTALL)
    composer.get_by_role("button", name="Text", exact=True).click()
    text = by_test(composer, f"{PREVIEW}-text").inner_text()

    steps.send(composer)
    steps.finished(composer)
    mail = gala.mail_to("cem@guests.org")
    leaves, inert = mail["List-Unsubscribe"].strip("<>"), f"{gala.live.url}/unsubscribe/preview"
    assert shown.strip() == body(mail, "html").strip().replace(leaves, inert)
    assert light(unmarked).strip() == light(shown).strip() != marked.strip()
    assert text.strip() == body(mail).strip().replace(leaves, inert)


def light(html: str) -> str:
    """The mail as the frame's light scheme shows it, whichever it is."""
    both, one = (f'name="color-scheme" content="{words}"' for words in ("light dark", "light"))
    return html.replace("(prefers-color-scheme: dark)", "not all").replace(both, one)


def test_the_mail_is_seen_on_a_phone_on_a_desktop_and_dark_whatever_this_page_looks_like(composer: Page) -> None:
    frame = preview(composer).locator("body")
    card = preview(composer).locator(".em-card")
    for button, width in (("Desktop", 640), ("Phone", 360)):
        composer.get_by_role("button", name=button).click()
        expect(composer.get_by_role("button", name=button)).to_have_attribute("aria-pressed", "true")
        expect(composer.get_by_role("button", name=button)).to_be_focused()
        assert frame.evaluate("() => innerWidth") == width
    for here in ("dark", "light"):
        composer.emulate_media(color_scheme=here)
        expect(card).to_have_css("background-color", "rgb(255, 255, 255)")
    composer.get_by_role("button", name="Dark").click()
    expect(card).to_have_css("background-color", "rgb(28, 33, 44)")
    composer.emulate_media(color_scheme="dark")
    expect(card).to_have_css("background-color", "rgb(28, 33, 44)")
    for width in (320, 390, 1280):
        composer.set_viewport_size({"width": width, "height": 800})
        outer = composer.locator(".sight").bounding_box()
        inner = composer.locator(".sight iframe").bounding_box()
        assert outer is not None
        assert inner is not None
        assert inner["x"] >= outer["x"]
        assert inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
    expect(by_test(composer, f"{PREVIEW}-size")).to_contain_text(re.compile(r"^\s*[\d.]+ KB\s+[\d.]+ KB. Gmail hides"))


@pytest.mark.soak
def test_nothing_moves_while_somebody_writes(composer: Page) -> None:
    places = """() => {
      scrollTo(0, 0);  // the preview stays in sight, so that its place is one of the window
      return ["#subject", "#body", "#send-cta", "#preview", ".sight"].map(name => {
        const box = document.querySelector(name).getBoundingClientRect();
        return [name, box.x, box.y, box.width, box.height];
      });
    }"""
    before = composer.evaluate(places)
    by_test(composer, CHECKS).get_by_text("See who").first.click()
    composer.get_by_label("Message", exact=True).press("Control+End")
    composer.keyboard.type("\n\nMore of it, " * 10)
    expect(preview(composer).locator("body")).to_contain_text("More of it")
    assert composer.evaluate(places) == before
    # what was opened stays open, and the caret where it was
    expect(by_test(composer, "guest-message-gap").first).to_be_visible()
    expect(composer.get_by_label("Message", exact=True)).to_be_focused()


def test_C3_who_reads_a_fallback_is_listed_to_be_read_as_and_mended(composer: Page, gala: Gala) -> None:
    checks = by_test(composer, CHECKS)
    expect(checks).to_contain_text("1 guest has no first name and reads “there”.")
    expect(checks).to_contain_text("2 guests have no table and read “at the door”.")
    checks.get_by_text("See who").click()
    checks.get_by_role("button", name="Read as שלום").first.click()
    expect(reader(composer)).to_have_text("שלום")

    # mended in a tab of its own; the message notices
    with composer.expect_popup() as opened:
        checks.get_by_role("link", name="שלום").first.click()
    opened.value.get_by_label("First name").fill("Shira")
    opened.value.get_by_role("button", name="Save").click()
    opened.value.close()
    composer.get_by_label("Subject").fill("Dear {guest.firstName}!")
    expect(by_test(composer, f"{PREVIEW}-subject")).to_have_text("Dear Shira!")
    expect(checks).not_to_contain_text("no first name")

    # more than fit into the list: all of them on a page, and from there back into the message as it is
    gala.add_guests([{"email": f"{n}@guests.org", "first_name": "", "last_name": f"N{n}"} for n in range(7)])
    composer.get_by_label("Subject").fill("Dear {guest.firstName}")
    expect(checks).to_contain_text("7 guests have no first name")
    expect(checks.get_by_text("See them").first).to_be_visible()  # still open
    with composer.expect_popup() as opened:
        checks.get_by_role("button", name="All 7").click()
    listed = opened.value
    expect(by_test(listed, "fallbacks").get_by_role("row")).to_have_count(8)
    axe_everywhere(listed)
    assert_fits(listed)
    listed.get_by_role("button", name="Read as N6").click()
    expect(reader(listed)).to_have_text("N6")
    expect(listed.get_by_label("Message", exact=True)).to_have_value(TEXT)
    expect(by_test(listed, "guest-message-audience-picker").get_by_label("Confirmed")).to_be_checked()


def test_C1_a_merge_field_is_found_by_typing_and_put_in_with_an_own_fallback_by_keyboard_alone(composer: Page) -> None:
    editor = by_test(composer, "guest-message-editor")
    menu = by_test(composer, "guest-message-merge-fields")
    editor.get_by_label("Subject").fill("Dear ")
    editor.get_by_label("Subject").press("End")
    menu.locator("summary").focus()
    composer.keyboard.press("Enter")
    first = by_test(composer, FIELDS).get_by_role("button", name="{guest.firstName}")
    expect(first).to_contain_text("1 without")
    expect(first).to_contain_text("Ana")
    expect(by_test(composer, FIELDS).get_by_role("button", name="{guest.Table}")).to_contain_text("2 without")
    expect(by_test(composer, FIELDS).get_by_role("heading")).to_have_text(
        ["Guest", "Event", "Organizer", "Calendar", "Unsubscribe"]
    )
    axe_everywhere(composer)
    menu.get_by_label("Own fallback").fill("you }there")
    menu.get_by_label("Find a merge field").fill("first")
    expect(by_test(composer, FIELDS).get_by_role("button")).to_have_count(1)
    composer.keyboard.press("Enter")
    expect(editor.get_by_label("Subject")).to_have_value("Dear {guest.firstName|you there}")
    expect(editor.get_by_label("Subject")).to_be_focused()
    menu.get_by_label("Find a merge field").fill("event")
    composer.keyboard.press("ArrowDown")
    composer.keyboard.press("ArrowDown")
    composer.keyboard.press("Enter")
    expect(editor.get_by_label("Subject")).to_have_value(
        re.compile(r"^Dear \{guest.firstName\|you there\}\{event\.\w+\}$")
    )
    menu.get_by_label("Find a merge field").fill("no such field")
    expect(menu).to_contain_text("No merge field is called that.")


def test_what_is_in_the_way_comes_first_and_every_line_leads_to_where_it_is_mended(composer: Page, gala: Gala) -> None:
    checks = by_test(composer, CHECKS)
    expect(by_test(composer, "guest-message-blockers")).to_have_count(0)
    composer.get_by_label("Subject").fill("")
    composer.get_by_label("Message", exact=True).fill("{guest.frstName} [x](http://gala.org)")
    blockers, warnings = by_test(composer, "guest-message-blockers"), by_test(composer, "guest-message-warnings")
    expect(blockers.get_by_role("listitem")).to_have_text(
        [re.compile("is not a field we know"), re.compile("a subject")]
    )
    expect(warnings).to_contain_text("A link is not encrypted (http: instead of https:): http://gala.org")
    assert checks.inner_text().index("In the way") < checks.inner_text().index("Worth a look")
    blockers.get_by_role("link", name="Write").click()
    expect(composer.get_by_label("Subject")).to_be_focused()
    blockers.get_by_role("link", name="Edit message").click()
    expect(composer.get_by_label("Message", exact=True)).to_be_focused()
    axe(composer)

    # the same message once more, to the same guests
    composer.get_by_label("Subject").fill("Doors open")
    composer.get_by_label("Message", exact=True).fill("At six")
    expect(checks).to_contain_text("No test of exactly this text has been sent yet.")
    steps.send(composer)
    steps.finished(composer)
    composer.get_by_role("link", name="Write another message").click()
    steps.write(composer, "Doors open", "At six")
    expect(checks).to_contain_text("4 of these got another mail in the last 24 hours.")
    expect(checks).to_contain_text("This very message went to 4 guests at ")
    checks.get_by_role("link", name="Look at it").click()
    expect(composer.get_by_role("heading", level=1)).to_have_text("Doors open")


@pytest.fixture
def plain(_a_browser_is_there: None, browser: Browser) -> Iterator[Page]:
    """A page in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Somebody else's pictures: where they are, and what was asked for there."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/gif")
            self.end_headers()
            self.wfile.write(DOT)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_preview_does_all_of_it_without_script(plain: Page, gala: Gala, elsewhere: tuple[str, list[str]]) -> None:
    add_people(gala)
    page = at(plain, gala)
    page.get_by_role("button", name="Update").click()
    expect(reader(page)).to_have_text("Ana Adams")
    page.get_by_role("button", name="Desktop").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Desktop")).to_have_attribute("aria-pressed", "true")
    expect(preview(page).locator(".em-card")).to_have_css("background-color", "rgb(28, 33, 44)")
    page.get_by_label("Read as somebody else").fill("young")
    page.get_by_role("button", name="Find", exact=True).click()
    by_test(page, "guest-message-readers").get_by_role("button").click()
    expect(reader(page)).to_have_text("Cem Young")
    page.get_by_role("button", name="Read as the guest with most missing details").click()
    expect(reader(page)).to_have_text("שלום")
    by_test(page, "guest-message-merge-fields").locator("summary").click()
    page.get_by_role("button", name="Count who has none").click()
    expect(by_test(page, FIELDS)).to_contain_text("{guest.firstName}")
    expect(by_test(page, FIELDS)).to_contain_text("1 without")
    expect(reader(page)).to_have_text("שלום")
    expect(page.get_by_label("Message", exact=True)).to_have_value(TEXT)
    page.get_by_role("button", name="Text", exact=True).click()
    expect(by_test(page, f"{PREVIEW}-text")).to_contain_text("Hi there, table at the door.")

    # our own pictures are there at once, those of others after one press
    host, asked = elsewhere
    pictures = f"![ours]({gala.live.url}/static/favicon.svg) ![theirs]({host}/seen.gif)"
    page.get_by_label("Message", exact=True).fill(pictures)
    page.get_by_role("button", name="Phone").click()
    ours, theirs = preview(page).get_by_alt_text("ours"), preview(page).get_by_alt_text("theirs")
    expect(ours).not_to_have_js_property("naturalWidth", 0)
    assert (theirs.evaluate("picture => [picture.complete, picture.naturalWidth]"), asked) == ([True, 0], [])
    told = by_test(page, f"{PREVIEW}-pictures")
    expect(told).to_contain_text(f"Pictures from {host.removeprefix('http://')} are not loaded")
    told.get_by_role("button", name="Show pictures").press("Enter")
    expect(theirs).to_have_js_property("naturalWidth", 1)
    assert asked == ["/seen.gif"]
