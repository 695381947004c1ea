"""The whole journey with the keyboard alone: nothing needs a pointer, the focus is always seen and never lost."""

from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.steps import TRACKED, Gala, by_test, finished, preview

# The focused element: a ring of its own, inside the window, with nothing over it.
_SEEN = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  if (at === document.body) return "nothing has the focus";
  if (at.matches("iframe")) return ""; // a link of the mail has it, which a page can't ask
  const name = at.outerHTML.slice(0, 90);
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return `no ring on ${name}`;
  const x = box.left + Math.min(box.width / 2, 20), y = box.top + Math.min(box.height / 2, 20);
  const hit = document.elementFromPoint(x, y);
  return hit && (at.contains(hit) || hit.contains(at)) ? "" : `covered or off the screen: ${name}`;
}"""


def tab_to(page: Page, target: Locator, key: str = "Tab", most: int = 60) -> None:
    """Press `key` until `target` has the focus; every stop on the way must be seen."""
    for _ in range(most):
        page.keyboard.press(key)
        assert page.evaluate(_SEEN) == ""
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} is not reached with {key}")


def test_the_send_journey_with_the_keyboard_alone(watched: Page, gala: Gala) -> None:
    page = watched
    gala.add_guests(
        [
            {"email": "ana@guests.example.net", "first_name": "Ana"},
            {"email": "bo@guests.example.net", "first_name": "Bo"},
        ]
    )
    steps.sign_in(page, gala, "")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab_to(page, page.get_by_role("navigation").get_by_role("link", name="Messages"))
    page.keyboard.press("Enter")
    expect(by_test(page, "guest-messaging-page")).to_be_visible()

    tab_to(page, page.get_by_label("Confirmed"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Subject"))
    page.keyboard.type("Doors open")
    expect(by_test(page, "guest-message-send-cta")).to_have_text("Review and send to 2…")
    expect(page.get_by_label("Subject")).to_be_focused()  # the page renewed itself around it
    tab_to(page, page.get_by_label("Message", exact=True))
    page.keyboard.type("Hi {guest.firstName}")
    expect(preview(page).locator("body")).to_contain_text("Hi Ana")
    page.keyboard.type(", see you")
    expect(preview(page).locator("body")).to_contain_text("Hi Ana, see you")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Hi {guest.firstName}, see you")

    following = page.get_by_role("button", name="Next guest")
    tab_to(page, following)
    page.keyboard.press("Enter")
    expect(preview(page).locator("body")).to_contain_text("Hi Bo, see you")

    # the dialog takes the focus, keeps it, and gives it back
    send = by_test(page, "guest-message-send-cta")
    tab_to(page, send, "Shift+Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Send this message?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("link", name="Keep editing")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(send).to_be_focused()
    assert steps.nothing_left(gala)

    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name="Keep editing")).to_be_focused()
    page.keyboard.press("Enter")  # once too often: it only closes
    expect(dialog).to_be_hidden()
    expect(send).to_be_focused()
    assert steps.nothing_left(gala)

    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    tab_to(page, by_test(page, "guest-message-send-confirm"))
    page.keyboard.press("Enter")
    page.wait_for_url(steps.SENT_URL)
    finished(page)
    assert len(gala.mails()) == 2
    tab_to(page, by_test(page, TRACKED).get_by_role("link", name="Read the outbox"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Outbox")


def test_a_refused_review_takes_the_focus_to_the_warning_and_typing_goes_on_from_there(
    watched: Page, gala: Gala
) -> None:
    page = watched
    gala.add_guests(1)
    steps.sign_in(page, gala)
    page.get_by_label("Confirmed").focus()
    page.keyboard.press("Space")
    page.get_by_label("Subject").focus()
    page.keyboard.type("Doors open")
    page.keyboard.press("Enter")  # as in any form
    warning = by_test(page, steps.WARNING)
    expect(warning).to_be_focused()
    expect(warning).to_contain_text("A mail needs a text.")
    expect(page.get_by_label("Subject")).to_have_value("Doors open")
    tab_to(page, page.get_by_label("Message", exact=True))
    page.keyboard.type("Hello")
    page.get_by_label("Subject").press("Enter")
    expect(page.get_by_role("dialog", name="Send this message?")).to_be_visible()
    expect(warning).to_have_count(0)


def test_a_changed_preview_keeps_the_focus_on_its_stepper_and_out_of_the_history(watched: Page, gala: Gala) -> None:
    page = watched
    gala.add_guests(3)
    steps.sign_in(page, gala)
    steps.write(page, "Doors open", "Hi {guest.lastName}")
    expect(preview(page).locator("body")).to_contain_text("Hi 001")
    before = page.evaluate("history.length")
    following = page.get_by_role("button", name="Next guest")
    following.focus()
    page.keyboard.press("Enter")
    expect(preview(page).locator("body")).to_contain_text("Hi 002")
    expect(following).to_be_focused()
    page.keyboard.press("Enter")
    expect(preview(page).locator("body")).to_contain_text("Hi 003")
    assert page.evaluate("history.length") == before, "Back would walk through the previews"
