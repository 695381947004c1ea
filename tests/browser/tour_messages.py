"""The pages about messages, mails and the do-not-mail list that one gets to by doing something."""

from collections.abc import Callable

from playwright.sync_api import expect

from eventmail.domain.mailings import drafts as stored
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Written
from tests.browser import steps
from tests.browser.steps import by_test
from tests.browser.tour import LONG, TEXT, Tour
from tests.support import seeding


def written(tour: Tour) -> None:
    tour.go(tour.full.url("/messages?new=1"))
    steps.write(tour.page, "Dear {guest.fullName}", TEXT)
    tour.page.get_by_text("Merge fields", exact=True).click()
    expect(by_test(tour.page, "guest-message-send-cta")).to_have_text("Review and send to 3…")


def sent_as_a_test(tour: Tour) -> None:
    written(tour)
    tour.page.get_by_label("To other addresses").fill(f"{'a' * 60}@{'b' * 60}.org, who+lost@x.org")
    by_test(tour.page, "guest-message-test-send-cta").click()
    expect(by_test(tour.page, "test-result")).to_contain_text("Kept in outbox at")


def draft(tour: Tour) -> None:
    """One that is long in every part, begun anew each time."""
    with tour.full.live.app.app_context():
        text = Text(f"<b>שלום</b> {LONG}", LONG, f"{{guest.nickname}} {LONG}")
        made = stored.save(tour.full.id, DraftVersion(), Written(text, {"segments": ["999"]}), seeding.acting())
    assert made is not None
    tour.go(tour.full.url(f"/messages/{made.mailing_id}"))
    by_test(tour.page, "guest-message-drafts").locator("summary").click()


def conflict(tour: Tour) -> None:
    """Saved without script at a revision that is over: the page with both texts."""
    draft(tour)
    tour.page.evaluate(
        """() => {
          const form = document.getElementById("composer");
          form.querySelector("[name=revision]").value = "0";
          form.querySelector("[name=body]").value += " and mine";
          const button = document.querySelector("#draft button");
          form.noValidate = true;
          form.action = button.formAction;
          form.submit();
        }"""
    )
    by_test(tour.page, "guest-message-theirs").locator("summary").click()
    tour.complaints[:] = [said for said in tour.complaints if "409" not in said]


def drafts(tour: Tour) -> None:
    draft(tour)
    tour.go(tour.full.url("/messages/drafts"))


def draft_deletion(tour: Tour) -> None:
    drafts(tour)
    by_test(tour.page, "draft-row").first.get_by_role("link", name="Delete").click()


def reviewed(tour: Tour) -> None:
    written(tour)
    steps.review(tour.page)


def refused(tour: Tour) -> None:
    tour.go(tour.full.url("/messages?new=1"))
    steps.write(tour.page, "", f"{{guest.frstName}} {{event.{LONG}}}", statuses=[])
    by_test(tour.page, "guest-message-send-cta").click()
    expect(by_test(tour.page, steps.WARNING)).to_be_visible()


def running(tour: Tour) -> None:
    """Its second try lies seconds ahead, so that the tracker stands and polls while it is looked at."""
    tour.go(tour.running)


def mail(part: str) -> Callable[[Tour], None]:
    def open_(tour: Tour) -> None:
        tour.go(tour.full.url("/outbox"))
        tour.page.get_by_role("row", name="long@guests.example.net").get_by_role("link").click()
        tour.page.get_by_role("link", name=part, exact=True).click()

    return open_


def unsubscribe(*, press: bool) -> Callable[[Tour], None]:
    def open_(tour: Tour) -> None:
        tour.go(tour.full.mail_to("fine@guests.example.net")["List-Unsubscribe"].strip("<>"))
        if press:
            tour.page.get_by_role("button", name="Stop these mails").click()
            expect(tour.page.get_by_role("heading", level=1)).to_have_text("You are off the list")

    return open_


def mail_again(tour: Tour) -> None:
    tour.go(tour.full.mail_to("long@guests.example.net")["List-Unsubscribe"].strip("<>"))
    tour.page.get_by_role("button", name="Stop these mails").click()
    tour.page.get_by_role("link", name="I want mail again").click()
    expect(tour.page.get_by_role("button", name="Yes, mail me again")).to_be_visible()


def listed(tour: Tour) -> None:
    tour.go(tour.full.url("/suppressions/import"))
    tour.page.get_by_label("Addresses, one on each line").fill(
        f"rtl@guests.example.net\n{'a' * 60}@{'b' * 60}.org\n{LONG}"
    )
    tour.page.get_by_role("button", name="Add to the list").click()
    expect(by_test(tour.page, "suppression-import-report")).to_be_visible()


def lifting(tour: Tour) -> None:
    listed(tour)
    tour.go(tour.full.url("/suppressions"))
    by_test(tour.page, "suppression-row").first.get_by_role("link").click()
    expect(by_test(tour.page, "suppression-lift-form")).to_be_visible()
