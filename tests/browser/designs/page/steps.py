"""What the stories of designs do again and again on the page of one, and what is stored of it."""

from functools import partial
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect

from eventmail.domain.designs import revisions
from tests.browser import steps
from tests.browser.steps import Gala, by_test
from tests.support import designing, seeding
from tests.support.waiting import wait_for

ANA, BO, QUIET = (f"{name}@guests.example.net" for name in ("ana", "bo", "quiet"))
PREFIX = "email-design"
WARNING = "email-design-warning"
PAGE = (
    "email-designs-page", "message-type-picker", "email-design-editor", "email-design-preview",
    "email-design-publish-cta", "email-design-test-send-cta",
)  # fmt: skip
ABSENT = (WARNING, "email-design-gap-panel")  # while there is nothing to say
refused = partial(steps.refused, prefix=PREFIX)


def made(gala: Gala, *, publish: bool = False, **values: str) -> int:
    """A design of `designing.WRITTEN` but for `values`, by the organizer: its id."""
    with gala.live.app.app_context():
        by = seeding.acting(gala.live.organizer)
        design_id = designing.design(gala.id, by, **values)
        if publish:
            revisions.publish(gala.id, design_id, by)
    return design_id


def address(gala: Gala, design_id: int) -> str:
    return gala.url(f"/email-templates/{design_id}")


def open_(page: Page, gala: Gala, design_id: int) -> None:
    page.goto(address(gala, design_id))
    expect(by_test(page, "email-design-editor")).to_be_visible()


def message(page: Page) -> Locator:
    return by_test(page, "email-design-editor").get_by_label("Message", exact=True)


def add(page: Page, words: str) -> None:
    """Go on writing at the end of the message."""
    message(page).press("Control+End")
    message(page).press_sequentially(words)


def write(page: Page, text: str, *, subject: str = "") -> None:
    """Fill in the text, and wait until it has saved itself."""
    if subject:
        by_test(page, "email-design-editor").get_by_label("Subject").fill(subject)
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.ok):
        message(page).fill(text)
    expect(by_test(page, "email-design-draft")).to_contain_text("Saved at ")


def preview(page: Page) -> FrameLocator:
    """The mail in the preview's frame."""
    return steps.preview(page, PREFIX)


def look(page: Page) -> Locator:
    """Press “Publish…”: the dialog."""
    by_test(page, "email-design-publish-cta").click()
    dialog = by_test(page, "email-design-publishing")
    expect(dialog).to_be_visible()
    return dialog


def publish(page: Page) -> None:
    """Press “Publish…” and confirm."""
    look(page)
    by_test(page, "email-design-publish-confirm").click()
    expect(by_test(page, "email-design-publishing")).to_have_count(0)
    expect(badge(page)).to_have_attribute("data-state", "published")


def badge(page: Page) -> Locator:
    return by_test(page, "email-design-standing").locator(".badge")


def outcome(page: Page) -> Locator:
    """What became of the newest test, once it is over."""
    result = by_test(page, "test-result")
    expect(result).to_have_attribute("data-state", "finished")
    return result


def stored(gala: Gala) -> list[dict[str, Any]]:
    """Every design of the event, oldest first."""
    return gala.live.query("SELECT * FROM design WHERE event_id = ? ORDER BY id", gala.id)


def bodies(gala: Gala) -> list[str]:
    return [row["body"] for row in stored(gala)]


def saved(gala: Gala, *texts: str) -> None:
    """Wait until these are the drafts of the designs of the event."""
    wait_for(lambda: bodies(gala) == [*texts], what=f"the drafts {texts}")


def versions(gala: Gala) -> list[tuple[int, str, bool, str]]:
    """Number, name, published, body of each revision of the event's designs, oldest first."""
    found = gala.live.query(
        "SELECT number, design_revision.name, is_published, design_revision.body FROM design_revision "
        "JOIN design ON design.id = design_id WHERE event_id = ? ORDER BY design_revision.id",
        gala.id,
    )
    return [(row["number"], row["name"], bool(row["is_published"]), row["body"]) for row in found]
