"""The failure modes of the story: each from the page “Calendar email”, with the sentence it shows and what is stored.

Those that a mail service brings about stand in `test_mail_service`, the edit window and cancelling in
`scheduled/test_sent_later`, a changed signature in the story.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import Event, Guest
from tests.browser import steps as common
from tests.browser.calendar import steps
from tests.browser.calendar.steps import ANA, QUIET, WARNING
from tests.browser.steps import Gala, body, by_test
from tests.support.browser import assert_visible_everywhere, axe

AWKWARD = 'R&D + 100% #1 "it\'s" <b>; a, b \\ שלום 🎉'
UNDATED = {"starts_wall": None, "ends_wall": None}


@pytest.fixture
def open_page(watched: Page, add_gala: Callable[..., Gala]) -> Callable[..., Gala]:
    """open_page(location=""): an event with two confirmed guests, its calendar page open in `watched`."""

    def open_(**values: Any) -> Gala:
        gala = add_gala(**values)
        gala.add_guests([{"email": ANA, "first_name": "Ana"}, {"email": QUIET, "first_name": ""}])
        common.sign_in(watched, gala, "/calendar")
        return gala

    return open_


def test_send_blocked_on_validation_failure_of_a_missing_event_time_K2(
    watched: Page, open_page: Callable[..., Gala]
) -> None:
    """Resolution: 400 blocks send and no email leaves, a test no more than the message."""
    gala = open_page(**UNDATED)
    expect(by_test(watched, "calendar-no-links")).to_contain_text("The event has no time yet")
    expect(by_test(watched, "calendar-google-link")).to_have_count(0)
    steps.write(watched)
    expect(by_test(watched, "calendar-email-checks")).to_contain_text("The event has no date yet")
    steps.refused(watched, "calendar-email-send-cta", "/calendar/review", 400, "MISSING_EVENT_TIME")
    expect(by_test(watched, WARNING)).to_contain_text("calendars have nothing to enter")
    expect(watched.get_by_label("Message", exact=True)).to_have_value(steps.TEXT)
    assert_visible_everywhere(watched, [WARNING])
    axe(watched)
    with watched.expect_response("**/calendar/test-sends") as answer:
        by_test(watched, "calendar-email-test-send-cta").click()
    assert answer.value.status == 400
    assert common.nothing_left(gala)

    # the way out: the fact's own link leads to the field; the text is still there afterwards
    by_test(watched, "calendar-event-facts").get_by_role("link", name="Add when").click()
    watched.get_by_label("Starts").fill("2027-06-19T18:00")
    watched.get_by_role("button", name="Save").first.click()
    watched.goto(gala.url("/calendar"))
    expect(watched.get_by_label("Subject")).to_have_value("Save the date")
    expect(by_test(watched, "calendar-event-facts")).to_contain_text("No end is set, so calendars get one hour")
    steps.send(watched)
    steps.finished(watched)
    assert set(gala.by_address()) == {ANA, QUIET}


def test_send_blocked_when_the_event_lost_its_time_since_the_review_K2(
    watched: Page, open_page: Callable[..., Gala]
) -> None:
    gala = open_page()
    steps.write(watched)
    steps.review(watched)
    with gala.live.app.app_context(), transaction() as tx:
        tx.execute(update(Event).where(Event.id == gala.id).values(**UNDATED))
    steps.refused(watched, "calendar-email-send-confirm", "/calendar", 400, "MISSING_EVENT_TIME")
    expect(watched.get_by_label("Message", exact=True)).to_have_value(steps.TEXT)
    assert common.nothing_left(gala)


def test_recipient_resolution_empty_is_said_A5(watched: Page, open_page: Callable[..., Gala]) -> None:
    """Resolution: 409 NO_RECIPIENTS with empty-audience copy."""
    gala = open_page()
    with gala.live.app.app_context(), transaction() as tx:
        tx.execute(update(Guest).where(Guest.event_id == gala.id).values(status="declined"))
    steps.write(watched)
    steps.refused(watched, "calendar-email-send-cta", "/calendar/review", 409, "NO_RECIPIENTS")
    expect(by_test(watched, WARNING)).to_contain_text("No recipients match this audience.")
    assert common.nothing_left(gala)


def test_idempotency_key_on_test_send_clicked_twice_sends_one_test_E1(
    watched: Page, open_page: Callable[..., Gala]
) -> None:
    gala = open_page()
    steps.write(watched)
    by_test(watched, "calendar-email-test-send-cta").dblclick()
    expect(by_test(watched, "test-result")).to_contain_text("Kept in outbox at")
    assert [(row["kind"], row["recipient_count"]) for row in gala.mailings()] == [("test", 1)]
    assert [str(mail["Subject"]) for mail in gala.mails()] == ["[Test] Save the date"]


def test_a_double_click_on_send_sends_once_S1(watched: Page, open_page: Callable[..., Gala]) -> None:
    gala = open_page()
    steps.write(watched)
    steps.review(watched)
    by_test(watched, "calendar-email-send-confirm").dblclick()
    watched.wait_for_url(common.SENT_URL)
    steps.finished(watched)
    assert [(row["kind"], row["recipient_count"]) for row in gala.mailings()] == [("calendar", 2)]
    assert set(gala.by_address()) == {ANA, QUIET}


def test_token_rendering_fallback_of_a_missing_place_leaves_the_links_valid_K4(
    watched: Page, open_page: Callable[..., Gala]
) -> None:
    """Trigger: optional location token is missing. Resolution: fallback copy renders, calendar links remain valid."""
    gala = open_page(location="")
    expect(by_test(watched, "calendar-event-facts")).to_contain_text("No place is set: calendars show none.")
    steps.write(watched, text="At {event.location|a place we tell you}.\n\n{calendar.links}")
    google = str(by_test(watched, "calendar-google-link").get_attribute("href"))
    steps.send(watched)
    steps.finished(watched)
    text = body(gala.mail_to(ANA))
    assert "At a place we tell you." in text
    assert google in text
    assert parse_qs(urlsplit(google).query)["dates"] == ["20270619T180000/20270619T230000"]


def test_provider_urls_stay_encoded_and_usable_whatever_title_and_place_say_K1(
    watched: Page, open_page: Callable[..., Gala]
) -> None:
    """Trigger: event title/location includes special characters. Resolution: URL remains encoded and usable."""
    gala = open_page(title=AWKWARD, location=AWKWARD)
    names = {"google": ("text", "location"), "outlook": ("subject", "location"), "office365": ("subject", "location"),
             "yahoo": ("TITLE", "in_loc")}  # fmt: skip
    links = {name: str(by_test(watched, f"calendar-{name}-link").get_attribute("href")) for name in names}
    for name, parameters in names.items():
        asked = parse_qs(urlsplit(links[name]).query)
        assert [asked[parameter] for parameter in parameters] == [[AWKWARD], [AWKWARD]]
        expect(by_test(watched, "calendar-provider-preview")).to_contain_text(AWKWARD)
    steps.write(watched)
    steps.send(watched)
    steps.finished(watched)
    text = body(gala.mail_to(ANA))
    assert [name for name, link in links.items() if link not in text] == []
