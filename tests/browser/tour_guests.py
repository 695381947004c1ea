"""The pages about guests, imports and segments that one gets to by doing something."""

import re

from playwright.sync_api import expect

from eventmail.domain.audience import segments as stored
from tests.browser.steps import Gala, by_test
from tests.browser.tour import LONG, Tour
from tests.support import seeding


def first_guest(tour: Tour) -> None:
    tour.go(tour.full.url("/guests"))
    tour.page.get_by_role("row").nth(1).get_by_role("link").click()


def history(tour: Tour) -> None:
    tour.go(tour.full.url("/guests?q=ana"))
    tour.page.get_by_role("rowheader").get_by_role("link").first.click()
    tour.page.get_by_role("link", name="History").click()


def changed(tour: Tour) -> None:
    tour.go(tour.full.url(f"/guests?q={LONG}"))
    tour.page.get_by_role("checkbox", name="Tick all on this page").check()
    tour.page.get_by_label("Tag", exact=True).fill("Tag " * 20)
    button = tour.page.get_by_role("button", name=re.compile("(Add|Remove) tag"))
    button.first.click()
    expect(by_test(tour.page, "guests-changed").or_(tour.page.locator("[data-error-code]")).first).to_be_visible()


def pasted(tour: Tour) -> None:
    tour.go(tour.full.url("/guests/paste"))
    text = f"Anna Berg <anna@guests.example.net>\nana@guests.example.net\n{LONG}\nשלום <rtl2@guests.example.net>"
    tour.page.get_by_label("Addresses").fill(text)
    tour.page.get_by_role("button", name="Check").click()
    expect(by_test(tour.page, "guest-paste-report")).to_be_visible()


def deletion(tour: Tour) -> None:
    first_guest(tour)
    tour.page.get_by_role("link", name="Remove this guest").click()


def import_check(tour: Tour) -> None:
    _looked_at(tour, tour.empty, f"email,first name,Note,\nana@guests.example.net,Ana,{LONG},\nnot an address,Bo,,\n")


def _looked_at(tour: Tour, gala: Gala, text: str) -> None:
    tour.go(gala.url("/guests/import"))
    file = {"name": f"{LONG}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    tour.page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]
    tour.page.get_by_role("button", name="Look at the file").click()
    expect(by_test(tour.page, "guest-import-report")).to_be_visible()


def import_refused(tour: Tour) -> None:
    import_check(tour)
    tour.page.get_by_label("Note").select_option("email")
    tour.page.get_by_role("button", name="Check again").click()
    expect(tour.page.locator("[data-error-code=INVALID_INPUT]")).to_be_visible()


def import_result(tour: Tour) -> None:
    _looked_at(tour, tour.full, "email,first name,last name,tags\nana@guests.example.net,Ana,Ruiz,crew\nbad,,,\n")
    by_test(tour.page, "guest-import-confirm").click()
    expect(tour.page.get_by_role("heading", level=1)).to_have_text("Imported")


def segments(tour: Tour) -> None:
    """Named once at length, so that copies of it are there, too."""
    tour.go(tour.full.url("/segments"))
    if not by_test(tour.page, "segment-row").count():
        with tour.full.live.app.app_context():
            rule = {
                "any": [
                    {"field": "tag", "op": "is", "value": LONG},
                    {"field": "status", "op": "is_not", "value": "declined"},
                ]
            }
            guests = [
                str(row["id"]) for row in tour.full.live.query("SELECT id FROM guest WHERE event_id = ?", tour.full.id)
            ]
            for name in (LONG[:100], "<b>שלום</b>"):
                stored.create(tour.full.id, {"name": name, "rule": rule, "guests": guests}, seeding.acting())
        tour.go(tour.full.url("/segments"))


def segment(tour: Tour) -> None:
    segments(tour)
    by_test(tour.page, "segment-row").first.get_by_role("link").first.click()
    expect(by_test(tour.page, "segment-samples").get_by_role("listitem")).to_have_count(5)


def segment_refused(tour: Tour) -> None:
    segment(tour)
    tour.page.get_by_label("Name", exact=True).fill("")
    by_test(tour.page, "segment-condition").first.get_by_label("Value").fill("")
    by_test(tour.page, "segment-save").click()
    expect(tour.page.locator("[data-error-code=INVALID_INPUT]")).to_be_visible()


def segment_removal(tour: Tour) -> None:
    segments(tour)
    by_test(tour.page, "segment-row").first.get_by_role("link", name="Remove").click()
