"""Calendar email: an organizer looks at the event's links, sends them, and a guest takes the file into a calendar."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import icalendar
from playwright.sync_api import Page, expect

from tests.browser import steps as common
from tests.browser.calendar import steps
from tests.browser.calendar.steps import ANA, LINKS, PAGE, QUIET, TRACKED, WARNING
from tests.browser.steps import Gala, body, by_test, preview, preview_html
from tests.support.browser import assert_fits, assert_visible_everywhere, axe
from tests.support.live import request


def test_calendar_email_renders_its_provider_preview_and_a_signed_ics_makes_the_round_trip_K1_K3(
    watched: Page, gala: Gala
) -> None:
    page = watched
    gala.add_guests([{"email": ANA, "first_name": "Ana"}, {"email": QUIET, "first_name": ""}])
    common.sign_in(page, gala)

    # calendar-email-renders
    page.get_by_role("link", name="Calendar", exact=True).click()
    expect(page).to_have_url(gala.url("/calendar"))
    assert_visible_everywhere(page, [*PAGE, "calendar-provider-preview", *LINKS])
    for absent in (WARNING, "calendar-email-gap-panel", TRACKED):
        expect(by_test(page, absent)).to_have_count(0)
    facts = by_test(page, "calendar-event-facts")
    for said in ("19 Jun 2027, 18:00–23:00", "Europe/Berlin", "Old Town Hall, Berlin", "Fixture Gala"):
        expect(facts).to_contain_text(said)
    assert_fits(page)
    axe(page)

    # calendar-provider-preview: host and decoded parameters under each link
    links = {name: str(by_test(page, name).get_attribute("href")) for name in LINKS}
    assert {name: urlsplit(url).netloc for name, url in links.items()} == {
        "calendar-google-link": "calendar.google.com", "calendar-outlook-link": "outlook.live.com",
        "calendar-office365-link": "outlook.office.com", "calendar-yahoo-link": "calendar.yahoo.com",
        "calendar-ics-link": urlsplit(gala.live.url).netloc,
    }  # fmt: skip
    google = parse_qs(urlsplit(links["calendar-google-link"]).query)
    assert (google["dates"], google["ctz"]) == (["20270619T180000/20270619T230000"], ["Europe/Berlin"])
    shown = by_test(page, "calendar-provider-preview")
    for said in ("20270619T180000/20270619T230000", "2027-06-19T16:00:00Z", "calendar.yahoo.com"):
        expect(shown).to_contain_text(said)
    expect(shown).to_contain_text("Yahoo Calendar knows no time zones")
    expect(page.get_by_role("button", name="Copy link")).to_have_count(5)

    # the message, as each guest reads it
    steps.write(page)
    expect(preview(page, "calendar-email").locator("body")).to_contain_text("Google Calendar")
    previewed = preview_html(page, "calendar-email")
    expect(steps.review(page)).to_contain_text("2 confirmed guests")
    assert_visible_everywhere(page, ["calendar-email-send-confirm"])
    assert common.nothing_left(gala)
    by_test(page, "calendar-email-send-confirm").click()
    page.wait_for_url(common.SENT_URL)
    steps.finished(page)
    assert_visible_everywhere(page, ["calendar-email-page", TRACKED])

    # each of them has one mail, with the links that were looked at
    assert [(row["kind"], row["state"], row["recipient_count"]) for row in gala.mailings()] == [
        ("calendar", "finished", 2)
    ]
    assert set(gala.by_address()) == {ANA, QUIET}
    mail = gala.mail_to(ANA)
    html = body(mail, "html")
    for name in LINKS[:4]:
        assert links[name].replace("&", "&amp;") in html
    assert previewed.count("calendar.google.com") == html.count("calendar.google.com")

    # signed-ics-roundtrip: the guest's click brings a file that a calendar reads; a changed signature is refused
    [url] = {word for word in body(mail).split() if word.endswith(".ics")}
    answer = request("GET", url)
    assert answer.status == 200
    [event] = icalendar.Calendar.from_ical(answer.text).events
    assert event.start == datetime(2027, 6, 19, 16, tzinfo=UTC)
    assert event["summary"] == "Fixture Gala"
    middle = len(url) - len(".ics") - 8
    changed = url[:middle] + ("A" if url[middle] != "A" else "B") + url[middle + 1 :]
    assert request("GET", changed).status == 403


def test_a_calendar_design_is_written_here_sent_from_here_and_found_again(watched: Page, gala: Gala) -> None:
    """Drafts of calendar mails open on their page, whichever list they are opened from; other drafts do not."""
    page = watched
    gala.add_guests([{"email": ANA, "first_name": "Ana"}])
    common.sign_in(page, gala, "/calendar")
    steps.write(page, "Save the date")
    expect(by_test(page, "calendar-email-draft")).to_contain_text("Saved at")
    [draft] = gala.drafts()
    page.goto(gala.url("/messages"))
    expect(page.get_by_label("Subject")).to_have_value("")
    page.goto(gala.url(f"/messages/{draft['mailing_id']}"))
    expect(page).to_have_url(gala.url(f"/calendar/{draft['mailing_id']}"))
    expect(page.get_by_label("Subject")).to_have_value("Save the date")
    page.goto(gala.url("/messages/drafts"))
    page.get_by_role("link", name="Save the date", exact=True).click()
    expect(by_test(page, "calendar-email-page")).to_be_visible()
    steps.send(page)
    steps.finished(page)
    page.goto(gala.url(f"/messages/{draft['mailing_id']}"))
    expect(page).to_have_url(gala.url(f"/calendar/{draft['mailing_id']}"))
    assert [row["kind"] for row in gala.mailings()] == ["calendar"]
