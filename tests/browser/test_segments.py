"""Segments: found by a rule or picked by hand, written to, left out; named by what could go wrong."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, Route, expect

from eventmail.db import transaction
from eventmail.domain.audience import segments
from eventmail.domain.guests import values
from tests.browser import steps
from tests.browser.steps import WARNING, Gala, by_test
from tests.support import seeding
from tests.support.browser import assert_fits
from tests.support.waiting import wait_for

PEOPLE: list[dict[str, Any]] = [
    {
        "email": "ana@guests.example.net",
        "first_name": "Ana",
        "last_name": "Abel",
        "tags": ("vip",),
        "attributes": {"table": "7"},
    },
    {
        "email": "bo@guests.example.net",
        "first_name": "<b>Bo</b>",
        "last_name": "",
        "tags": ("VIP",),
        "attributes": {"table": "12"},
    },
    {"email": "rtl@guests.example.net", "first_name": "שלום", "last_name": "", "status": "declined"},
    {"email": None, "first_name": "Nora", "last_name": "Neu", "status": "invited"},
    {"email": "zoe@guests.example.net", "first_name": "Zoë", "last_name": "Müller", "status": "invited"},
]


@pytest.fixture
def page(watched: Page, gala: Gala) -> Page:
    """Signed in, on the list of the segments of an event with five guests."""
    with gala.live.app.app_context(), transaction() as tx:
        values.record_columns(tx, gala.id, ["table"])
    gala.add_guests(PEOPLE)
    steps.sign_in(watched, gala, "/segments")
    return watched


def segment(gala: Gala, name: str, tag: str) -> int:
    with gala.live.app.app_context():
        rule = {"all": [{"field": "tag", "op": "is", "value": tag}]}
        return segments.create(gala.id, {"name": name, "rule": rule}, seeding.acting())


def counted(page: Page) -> Locator:
    return by_test(page, "segment-count")


def condition(page: Page, number: int, field: str, op: str, value: str | None = None) -> None:
    row = by_test(page, "segment-condition").nth(number)
    row.get_by_label("Field").select_option(label=field)
    row.get_by_label("Condition", exact=True).select_option(label=op)
    if value is not None:
        row.get_by_label("Value").fill(value)


def test_the_count_and_the_samples_follow_the_rule_while_it_is_written(page: Page, gala: Gala) -> None:
    page.get_by_role("link", name="New segment").first.click()
    page.get_by_label("Name", exact=True).fill("Tables")
    condition(page, 0, "Tag", "is", "vip")
    expect(counted(page)).to_have_text("2")
    expect(by_test(page, "segment-samples")).to_contain_text("<b>Bo</b>")
    page.get_by_role("button", name="Add a condition").click()
    row = by_test(page, "segment-condition").nth(1)
    expect(row.get_by_label("Field")).to_be_focused()
    condition(page, 1, "table", "is greater than (a number)", "7,5")
    expect(counted(page)).to_have_text("1")
    page.get_by_label("Any of these is true").check()
    expect(counted(page)).to_have_text("2")
    page.get_by_role("button", name="Remove condition 1").click()
    expect(by_test(page, "segment-condition")).to_have_count(1)
    expect(counted(page)).to_have_text("1")
    expect(page.get_by_role("button", name="Add a condition")).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Tables")
    by_test(page, "segment-save").click()
    expect(page).to_have_url(gala.url("/segments"))
    expect(by_test(page, "segment-row")).to_contain_text("table is greater than 7,5")
    expect(by_test(page, "segment-row").locator("[data-count]")).to_have_text("1")


def test_the_form_that_an_earlier_choice_brings_back_takes_no_later_choice_back(page: Page, gala: Gala) -> None:
    """The answers arrive when the test says so: the first choice's after the second was made."""
    page.get_by_role("link", name="New segment").first.click()
    row = by_test(page, "segment-condition").first
    condition(page, 0, "Tag", "is", "vip")
    expect(counted(page)).to_have_text("2")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "segment-rule" in route.request.headers["hx-target"]:
            held.append(route)
        else:
            route.continue_()

    page.route("**/segments/**", hold)
    row.get_by_label("Condition", exact=True).select_option(label="is not")
    wait_for(lambda: page.evaluate("1") and held, what="the first choice to be asked about")
    row.get_by_label("Condition", exact=True).select_option(label="is")
    wait_for(lambda: page.evaluate("1") and len(held) > 1, what="the second choice")
    page.unroute("**/segments/**")
    for route in reversed(held):
        with suppress(Error):  # the browser may have given it up already
            route.continue_()
    expect(row.get_by_label("Condition", exact=True).locator("option:checked")).to_have_text("is")
    expect(counted(page)).to_have_text("2")


def test_a_field_offers_only_what_can_be_asked_of_it(page: Page) -> None:
    page.get_by_role("link", name="New segment").first.click()
    row = by_test(page, "segment-condition").first
    row.get_by_label("Field").select_option("status")
    expect(row.get_by_label("Condition", exact=True).locator("option")).to_have_text(["is", "is not"])
    row.get_by_label("Value").select_option("invited")
    expect(counted(page)).to_have_text("2")
    row.get_by_label("Field").select_option("email")
    row.get_by_label("Condition", exact=True).select_option("is_empty")
    expect(row.get_by_label("Value")).to_have_count(0)
    expect(counted(page)).to_have_text("1")


def test_enter_in_the_search_finds_guests_and_does_not_save(page: Page, gala: Gala) -> None:
    page.get_by_role("link", name="New segment").first.click()
    picker = by_test(page, "hand-picker")
    search = picker.get_by_label("Find a guest")
    for words, name in (("zoe@", "Zoë Müller"), ("bo@", "<b>Bo</b>")):
        search.fill(words)
        search.press("Enter")
        picker.get_by_label(name).check()
    expect(counted(page)).to_have_text("2")
    expect(picker.get_by_role("checkbox", checked=True)).to_have_count(2)
    picker.get_by_label("<b>Bo</b>").uncheck()
    expect(counted(page)).to_have_text("1")
    page.get_by_label("Name", exact=True).fill("Zoë alone")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(by_test(page, "segment-row")).to_contain_text("1 picked by hand")


def test_the_audience_picker_supports_status_filters_and_custom_segments(page: Page, gala: Gala) -> None:
    segment(gala, "VIP", "vip")
    segment(gala, "Tables", "nobody-yet")
    page.goto(gala.url("/messages"))
    picker = by_test(page, "guest-message-audience-picker")
    count = by_test(page, "guest-message-recipient-count").locator("[data-count]")
    picker.get_by_label("VIP").check()
    expect(count).to_have_text("2")
    picker.get_by_label("Declined").check()
    expect(count).to_have_text("3")
    picker.get_by_text("Pick guests by hand").click()
    picker.get_by_label("Find a guest").fill("zoë")
    picker.get_by_label("Zoë Müller").check()
    expect(count).to_have_text("4")
    page.get_by_text("Leave out a segment").click()
    by_test(page, "guest-message-exclude-picker").get_by_label("VIP").check()
    expect(count).to_have_text("2")
    by_test(page, "guest-message-exclude-picker").get_by_label("VIP").uncheck()
    expect(count).to_have_text("4")
    editor = by_test(page, "guest-message-editor")
    editor.get_by_label("Subject").fill("Tables")
    editor.get_by_label("Message", exact=True).fill("Hello")
    dialog = steps.review(page)
    expect(dialog).to_contain_text("to 4 guests (declined guests, guests in “VIP” and 1 picked by hand) now")
    by_test(page, "guest-message-send-confirm").click()
    page.wait_for_url(steps.SENT_URL)
    steps.finished(page)
    expect(by_test(page, steps.TRACKED)).to_contain_text("declined guests, guests in “VIP” and 1 picked by hand")
    names = ("ana", "bo", "rtl", "zoe")
    assert sorted(gala.recipients()) == [f"{name}@guests.example.net" for name in names]


def test_A5_a_segment_of_nobody_is_refused_with_no_recipients_and_nothing_is_queued(page: Page, gala: Gala) -> None:
    segment(gala, "Nobody", "nobody")
    page.goto(gala.url("/messages"))
    by_test(page, "guest-message-audience-picker").get_by_label("Nobody").check()
    steps.write(page, "For nobody", "Hello", statuses=[])
    expect(by_test(page, "guest-message-recipient-count")).to_contain_text("No recipients match this audience.")
    by_test(page, "guest-message-send-cta").click()
    warning = by_test(page, WARNING)
    expect(warning).to_contain_text("No recipients match this audience.")
    expect(warning).to_have_attribute("data-error-code", "NO_RECIPIENTS")
    assert steps.nothing_left(gala)


@pytest.mark.soak
def test_a_segment_that_was_removed_meanwhile_is_said_and_nobody_is_mailed(page: Page, gala: Gala) -> None:
    made = segment(gala, "VIP", "vip")
    page.goto(gala.url("/messages"))
    page.get_by_text("Leave out a segment").click()
    by_test(page, "guest-message-exclude-picker").get_by_label("VIP").check()
    steps.write(page, "Not to them", "Hello")
    expect(by_test(page, "guest-message-send-cta")).to_have_text("Review and send…")
    with gala.live.app.app_context():
        segments.remove(gala.id, made, seeding.acting())
    by_test(page, "guest-message-send-cta").click()
    expect(by_test(page, WARNING)).to_contain_text("The segment “VIP” was removed.")
    assert steps.nothing_left(gala)


@pytest.fixture
def plain(_a_browser_is_there: None, browser: Browser) -> Iterator[Page]:
    """A page in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_segment_is_made_and_written_to_without_script(plain: Page, gala: Gala) -> None:
    gala.add_guests(PEOPLE)
    steps.sign_in(plain, gala, "/segments")
    plain.get_by_role("link", name="New segment").first.click()
    condition(plain, 0, "Tag", "is", "vip")
    plain.get_by_role("button", name="Add a condition").click()
    condition(plain, 1, "Last name", "is empty")
    plain.get_by_label("Find a guest").fill("zoë")
    plain.get_by_role("button", name="Find").click()
    plain.get_by_label("Zoë Müller").check()
    plain.get_by_label("Name", exact=True).fill("Few")
    plain.get_by_role("button", name="Update").last.click()
    expect(counted(plain)).to_have_text("2")
    assert_fits(plain)
    by_test(plain, "segment-save").click()
    expect(by_test(plain, "segment-row").locator("[data-count]")).to_have_text("2")
    plain.goto(gala.url("/messages"))
    by_test(plain, "guest-message-audience-picker").get_by_label("Few").check()
    steps.write(plain, "Hi", "Hello", statuses=[])
    steps.send(plain)
    wait_for(lambda: len(gala.mails()) == 2, what="both mails")
    assert sorted(gala.recipients()) == ["bo@guests.example.net", "zoe@guests.example.net"]
