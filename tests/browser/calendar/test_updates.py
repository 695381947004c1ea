"""An event moves or is cancelled after its calendar mail went out: whoever has the old one is told, or nobody is."""

from playwright.sync_api import Page, expect

from tests.browser import steps as common
from tests.browser.calendar import steps
from tests.browser.calendar.steps import ANA, BO
from tests.browser.steps import Gala, body, by_test
from tests.support.browser import assert_fits, assert_visible_everywhere, axe


def handed_out(page: Page, gala: Gala) -> None:
    """Ana, who confirmed, has a calendar mail; Bo, who is invited, has none."""
    gala.add_guests([{"email": ANA, "first_name": "Ana"}, {"email": BO, "first_name": "Bo", "status": "invited"}])
    common.sign_in(page, gala, "/calendar")
    steps.write(page)
    steps.send(page)
    steps.finished(page)


def set_event(page: Page, gala: Gala, **fields: str) -> None:
    page.goto(gala.url("/settings"))
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def test_a_moved_event_is_told_to_exactly_those_who_have_the_old_time(watched: Page, gala: Gala) -> None:
    handed_out(watched, gala)
    watched.goto(gala.url())
    expect(by_test(watched, "calendar-update")).to_have_count(0)
    set_event(watched, gala, starts_at="2027-06-20T19:00", ends_at="2027-06-20T23:00", location="New [Hall] & more")
    watched.goto(gala.url())
    offer = by_test(watched, "calendar-update")
    expect(offer).to_contain_text("1 guest has something else in a mail than what holds now")
    expect(offer.locator("del")).to_have_text(["19 Jun 2027, 18:00–23:00, Europe/Berlin", "Old Town Hall, Berlin"])
    expect(offer.locator("ins")).to_have_text(["20 Jun 2027, 19:00–23:00, Europe/Berlin", "New [Hall] & more"])
    assert_visible_everywhere(watched, ["calendar-update", "calendar-update-write", "calendar-update-silence"])
    assert_fits(watched)
    axe(watched)

    by_test(watched, "calendar-update-write").click()
    expect(watched.get_by_label("Subject")).to_have_value("New time and place: {event.title}")
    expect(by_test(watched, "calendar-email-recipient-count").locator("[data-count]")).to_have_text("1")
    steps.send(watched)
    steps.finished(watched)
    [_, told] = [mail for mail in gala.mails() if mail["To"].addresses[0].addr_spec == ANA]
    assert str(told["Subject"]) == "New time and place: Fixture Gala"
    text = " ".join(body(told).split())
    assert "When: 20 Jun 2027, 19:00–23:00, Europe/Berlin (before: 19 Jun 2027, 18:00–23:00, Europe/Berlin)" in text
    assert "Where: New [Hall] & more (before: Old Town Hall, Berlin)" in text
    assert [mail["To"].addresses[0].addr_spec for mail in gala.mails()] == [ANA, ANA]
    watched.goto(gala.url())
    expect(by_test(watched, "calendar-update")).to_have_count(0)


def test_nobody_is_told_if_that_is_the_choice_and_it_can_be_taken_back(watched: Page, gala: Gala) -> None:
    handed_out(watched, gala)
    set_event(watched, gala, location="New Hall")
    watched.goto(gala.url())
    by_test(watched, "calendar-update-silence").click()
    expect(watched.get_by_text("Nobody is told of the change.")).to_be_visible()
    expect(by_test(watched, "calendar-update")).to_have_count(0)
    watched.goto(gala.url("/calendar"))
    quiet = by_test(watched, "calendar-update-quiet")
    expect(quiet).to_contain_text("1 guest has the event otherwise in a mail, and nobody is told.")
    quiet.get_by_role("button", name="Tell them after all").click()
    expect(by_test(watched, "calendar-update")).to_be_visible()
    assert len(gala.mails()) == 1


def test_a_cancelled_event_is_told_to_those_who_have_it(watched: Page, gala: Gala) -> None:
    handed_out(watched, gala)
    watched.goto(gala.url("/cancellation"))
    watched.get_by_role("button", name="Cancel").click()
    watched.goto(gala.url())
    expect(by_test(watched, "calendar-update-group")).to_contain_text("It was cancelled.")
    by_test(watched, "calendar-update-write").click()
    expect(watched.get_by_label("Subject")).to_have_value("Cancelled: {event.title}")
    steps.send(watched)
    steps.finished(watched)
    [_, told] = gala.mails()
    assert (told["To"].addresses[0].addr_spec, str(told["Subject"])) == (ANA, "Cancelled: Fixture Gala")
    assert "It does not take place." in body(told)


def test_an_update_that_does_not_hold_any_more_is_refused_before_anything_leaves(tolerant: Page, gala: Gala) -> None:
    handed_out(tolerant, gala)
    set_event(tolerant, gala, location="New Hall")
    tolerant.goto(gala.url())
    by_test(tolerant, "calendar-update-write").click()
    expect(tolerant.get_by_label("Subject")).to_have_value("New place: {event.title}")
    draft = tolerant.url
    set_event(tolerant, gala, location="Another Hall")
    tolerant.goto(draft)
    said = "The event has changed since this update was written"
    expect(by_test(tolerant, "calendar-email-checks")).to_contain_text(said)
    by_test(tolerant, "calendar-email-send-cta").click()
    expect(by_test(tolerant, "calendar-email-warning")).to_contain_text(said)
    expect(by_test(tolerant, "calendar-email-send-confirm")).to_have_count(0)
    assert len(gala.mails()) == 1
