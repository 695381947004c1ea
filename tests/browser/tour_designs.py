"""The pages of designs: the list, one whose draft differs, its versions, the look before publishing, a refusal."""

from collections.abc import Callable

from playwright.sync_api import expect

from eventmail.domain.designs import edit, revisions
from eventmail.domain.designs.edit import DesignVersion
from tests.browser.steps import by_test
from tests.browser.tour import LONG, TEXT, Tour
from tests.support import seeding

NAME = f"<b>שלום</b> {LONG}"[:100]


def _made(tour: Tour) -> str:
    """The address of a design with two published versions, one that was kept, and a draft that differs; made once."""
    if tour.design:
        return tour.design
    with tour.full.live.app.app_context():
        by = seeding.acting(tour.full.live.organizer)
        text = {"subject": f"Dear {{guest.fullName}} {LONG}", "preheader": LONG, "body": TEXT}
        design_id, _ = edit.create(tour.full.id, {"name": NAME, "message_type": "invitation", **text}, by)
        revisions.publish(tour.full.id, design_id, by)
        edit.save(tour.full.id, design_id, DesignVersion(1), {"body": f"{TEXT}\n\nAnd more {LONG}"}, by)
        revisions.keep(tour.full.id, design_id, NAME, by)
        revisions.publish(tour.full.id, design_id, by)
        edit.save(tour.full.id, design_id, DesignVersion(2), {"body": "Hi {guest.nobody}"}, by)
    tour.design = tour.full.url(f"/email-templates/{design_id}")
    return tour.design


def page(path: str = "") -> Callable[[Tour], None]:
    """The page of the design, or one below it."""
    return lambda tour: tour.go(_made(tour) + path)


def listed(tour: Tour) -> None:
    """The list with that design."""
    _made(tour)
    tour.go(tour.full.url("/email-templates"))


def blocked(tour: Tour) -> None:
    """A publication that is refused, with what is in the way."""
    page()(tour)
    by_test(tour.page, "email-design-publish-cta").click()
    expect(by_test(tour.page, "email-design-warning")).to_be_visible()


def publishing(tour: Tour) -> None:
    """The look before publishing, with what changes."""
    page()(tour)
    tour.page.get_by_label("Message", exact=True).fill(f"{TEXT}\n\nAnd another {LONG}")
    by_test(tour.page, "email-design-publish-cta").click()
    expect(by_test(tour.page, "email-design-publishing")).to_be_visible()


def refused(tour: Tour) -> None:
    """The draft of another page than the one that was saved last."""
    page()(tour)
    shown = tour.page.locator("#composer [name=revision]")
    shown.evaluate("input => { input.value = '1' }")
    tour.page.get_by_label("Message", exact=True).fill("Mine")
    expect(by_test(tour.page, "email-design-warning")).to_be_visible()
    tour.complaints[:] = [said for said in tour.complaints if "409" not in said]
