"""Every page there is, as everybody gets it: accessible, no wider than the window, quiet in the console."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from eventmail import ids
from eventmail.domain import drafts, segments
from eventmail.domain.contents import Text
from eventmail.domain.draft_rows import Seen
from eventmail.domain.drafts import Written
from tests.browser import steps
from tests.browser.steps import Gala, by_test, finished
from tests.support import seeding
from tests.support.browser import Complaints, assert_fits, axe_everywhere
from tests.support.live import Live
from tests.support.waiting import wait_for

LONG = "Ab" * 150
PEOPLE: list[dict[str, Any]] = [
    {"email": "ana@guests.example.net", "first_name": "Ana", "last_name": "Ruiz", "tags": ("vip", "press")},
    {"email": "ana@guests.example.net", "first_name": "Alex", "last_name": "Ruiz"},
    {"email": "long@guests.example.net", "first_name": LONG, "last_name": "<b>Bo</b>"},
    {"email": "rtl@guests.example.net", "first_name": "שלום", "last_name": ""},
    {"email": None, "first_name": "Nora", "last_name": ""},
    {"email": "lost+lost@guests.example.net", "status": "declined"},
    {"email": "gone+hardbounce@guests.example.net", "status": "declined"},
    {"email": "fine@guests.example.net", "status": "declined"},
    {"email": "often+transient@guests.example.net", "status": "invited"},
]
TEXT = f"Hi {{guest.firstName}},\n\n- one\n- two\n\n::: button https://gala.example/{LONG}\nSee more\n:::\n\n{LONG}"


@dataclass
class Tour:
    """One page that walks through everything, and what it stumbles over."""

    page: Page
    full: Gala
    empty: Gala
    done: str = ""
    partly: str = ""
    running: str = ""
    complaints: Complaints = field(default_factory=Complaints)

    def go(self, url: str) -> None:
        self.page.goto(url)


@pytest.fixture(scope="module")
def tour(_a_browser_is_there: None, browser: Browser, shared_live: Live) -> Iterator[Tour]:
    """Signed in, with an empty event and one in which messages went well, went partly, and are under way."""
    with shared_live.app.app_context():
        titles = "Fixture Gala " + "Ab" * 90, "Empty"
        full, empty = (seeding.add_event(shared_live.organizer, title=title) for title in titles)
    context = browser.new_context(reduced_motion="reduce")
    made = Tour(context.new_page(), Gala(shared_live, full), Gala(shared_live, empty))
    made.complaints.watch(made.page)
    made.full.add_guests(PEOPLE)
    steps.sign_in(made.page, made.full)
    made.running = _sent(made, "Invited")
    made.done, made.partly = _sent(made, "Confirmed"), _sent(made, "Declined")
    for url in (made.done, made.partly):
        made.go(url)
        finished(made.page)
    yield made
    context.close()


def _sent(tour: Tour, status: str) -> str:
    tour.go(tour.full.url("/messages?new=1"))
    steps.write(tour.page, "Dear {guest.fullName}", TEXT, statuses=[status])
    steps.send(tour.page)
    return tour.page.url


def _written(tour: Tour) -> None:
    tour.go(tour.full.url("/messages?new=1"))
    steps.write(tour.page, "Dear {guest.fullName}", TEXT)
    tour.page.get_by_text("Merge fields", exact=True).click()
    expect(by_test(tour.page, "guest-message-send-cta")).to_have_text("Review and send to 3…")


def _test_sent(tour: Tour) -> None:
    _written(tour)
    tour.page.get_by_label("To other addresses").fill(f"{'a' * 60}@{'b' * 60}.org, who+lost@x.org")
    by_test(tour.page, "guest-message-test-send-cta").click()
    expect(by_test(tour.page, "test-result")).to_contain_text("Kept in outbox at")


def _draft(tour: Tour) -> None:
    """One that is long in every part, begun anew each time."""
    with tour.full.live.app.app_context():
        text = Text(f"<b>שלום</b> {LONG}", LONG, f"{{guest.nickname}} {LONG}")
        made = drafts.save(tour.full.id, Seen(), Written(text, {"segments": ["999"]}), seeding.acting())
    assert made is not None
    tour.go(tour.full.url(f"/messages/{made.mailing_id}"))
    by_test(tour.page, "guest-message-drafts").locator("summary").click()


def _conflict(tour: Tour) -> None:
    """Saved without script at a revision that is over: the page with both texts."""
    _draft(tour)
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


def _drafts(tour: Tour) -> None:
    _draft(tour)
    tour.go(tour.full.url("/messages/drafts"))


def _draft_deletion(tour: Tour) -> None:
    _drafts(tour)
    by_test(tour.page, "draft-row").first.get_by_role("link", name="Delete").click()


def _reviewed(tour: Tour) -> None:
    _written(tour)
    steps.review(tour.page)


def _refused(tour: Tour) -> None:
    tour.go(tour.full.url("/messages?new=1"))
    steps.write(tour.page, "", f"{{guest.frstName}} {{event.{LONG}}}", statuses=[])
    by_test(tour.page, "guest-message-send-cta").click()
    expect(by_test(tour.page, steps.WARNING)).to_be_visible()


def _segments(tour: Tour) -> None:
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
                segments.create(tour.full.id, {"name": name, "rule": rule, "guests": guests}, seeding.acting())
        tour.go(tour.full.url("/segments"))


def _segment(tour: Tour) -> None:
    _segments(tour)
    by_test(tour.page, "segment-row").first.get_by_role("link").first.click()
    expect(by_test(tour.page, "segment-samples").get_by_role("listitem")).to_have_count(5)


def _segment_refused(tour: Tour) -> None:
    _segment(tour)
    tour.page.get_by_label("Name", exact=True).fill("")
    by_test(tour.page, "segment-condition").first.get_by_label("Value").fill("")
    by_test(tour.page, "segment-save").click()
    expect(tour.page.locator("[data-error-code=INVALID_INPUT]")).to_be_visible()


def _segment_removal(tour: Tour) -> None:
    _segments(tour)
    by_test(tour.page, "segment-row").first.get_by_role("link", name="Remove").click()


def _first_guest(tour: Tour) -> None:
    tour.go(tour.full.url("/guests"))
    tour.page.get_by_role("row").nth(1).get_by_role("link").click()


def _history(tour: Tour) -> None:
    tour.go(tour.full.url("/guests?q=ana"))
    tour.page.get_by_role("rowheader").get_by_role("link").first.click()
    tour.page.get_by_role("link", name="History").click()


def _changed(tour: Tour) -> None:
    tour.go(tour.full.url(f"/guests?q={LONG}"))
    tour.page.get_by_role("checkbox", name="Tick all on this page").check()
    tour.page.get_by_label("Tag", exact=True).fill("Tag " * 20)
    button = tour.page.get_by_role("button", name=re.compile("(Add|Remove) tag"))
    button.first.click()
    expect(by_test(tour.page, "guests-changed").or_(tour.page.locator("[data-error-code]")).first).to_be_visible()


def _pasted(tour: Tour) -> None:
    tour.go(tour.full.url("/guests/paste"))
    text = f"Anna Berg <anna@guests.example.net>\nana@guests.example.net\n{LONG}\nשלום <rtl2@guests.example.net>"
    tour.page.get_by_label("Addresses").fill(text)
    tour.page.get_by_role("button", name="Check").click()
    expect(by_test(tour.page, "guest-paste-report")).to_be_visible()


def _deletion(tour: Tour) -> None:
    _first_guest(tour)
    tour.page.get_by_role("link", name="Remove this guest").click()


def _import_check(tour: Tour) -> None:
    _looked_at(tour, tour.empty, f"email,first name,Note,\nana@guests.example.net,Ana,{LONG},\nnot an address,Bo,,\n")


def _looked_at(tour: Tour, gala: Gala, text: str) -> None:
    tour.go(gala.url("/guests/import"))
    file = {"name": f"{LONG}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    tour.page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]
    tour.page.get_by_role("button", name="Look at the file").click()
    expect(by_test(tour.page, "guest-import-report")).to_be_visible()


def _import_refused(tour: Tour) -> None:
    _import_check(tour)
    tour.page.get_by_label("Note").select_option("email")
    tour.page.get_by_role("button", name="Check again").click()
    expect(tour.page.locator("[data-error-code=INVALID_INPUT]")).to_be_visible()


def _import_result(tour: Tour) -> None:
    _looked_at(tour, tour.full, "email,first name,last name,tags\nana@guests.example.net,Ana,Ruiz,crew\nbad,,,\n")
    by_test(tour.page, "guest-import-confirm").click()
    expect(tour.page.get_by_role("heading", level=1)).to_have_text("Imported")


def _mail(part: str) -> Callable[[Tour], None]:
    def open_(tour: Tour) -> None:
        tour.go(tour.full.url("/outbox"))
        tour.page.get_by_role("row", name="long@guests.example.net").get_by_role("link").click()
        tour.page.get_by_role("link", name=part, exact=True).click()

    return open_


def _unsubscribe(*, press: bool) -> Callable[[Tour], None]:
    def open_(tour: Tour) -> None:
        tour.go(tour.full.mail_to("fine@guests.example.net")["List-Unsubscribe"].strip("<>"))
        if press:
            tour.page.get_by_role("button", name="Stop these mails").click()
            expect(tour.page.get_by_role("heading", level=1)).to_have_text("You are off the list")

    return open_


def _mail_again(tour: Tour) -> None:
    tour.go(tour.full.mail_to("long@guests.example.net")["List-Unsubscribe"].strip("<>"))
    tour.page.get_by_role("button", name="Stop these mails").click()
    tour.page.get_by_role("link", name="I want mail again").click()
    expect(tour.page.get_by_role("button", name="Yes, mail me again")).to_be_visible()


def _listed(tour: Tour) -> None:
    tour.go(tour.full.url("/suppressions/import"))
    tour.page.get_by_label("Addresses, one on each line").fill(
        f"rtl@guests.example.net\n{'a' * 60}@{'b' * 60}.org\n{LONG}"
    )
    tour.page.get_by_role("button", name="Add to the list").click()
    expect(by_test(tour.page, "suppression-import-report")).to_be_visible()


def _lifting(tour: Tour) -> None:
    _listed(tour)
    tour.go(tour.full.url("/suppressions"))
    by_test(tour.page, "suppression-row").first.get_by_role("link").click()
    expect(by_test(tour.page, "suppression-lift-form")).to_be_visible()


def _full(path: str) -> Callable[[Tour], None]:
    return lambda tour: tour.go(tour.full.url(path))


def _empty(path: str) -> Callable[[Tour], None]:
    return lambda tour: tour.go(tour.empty.url(path))


def _site(path: str) -> Callable[[Tour], None]:
    return lambda tour: tour.go(tour.full.live.url + path)


def _running(tour: Tour) -> None:
    """Its second try lies seconds ahead, so that the tracker stands and polls while it is looked at."""
    tour.go(tour.running)


PAGES: dict[str, Callable[[Tour], None]] = {
    "tracker running": _running,
    "events": _site("/admin/events"),
    "new event": _site("/admin/events/new"),
    "overview, empty": _empty(""),
    "overview": _full(""),
    "settings": _full("/settings"),
    "event copy": _full("/copy"),
    "event cancellation": _full("/cancellation"),
    "event archive": _full("/archive"),
    "events, archived": _site("/admin/events?state=archived"),
    "log": _full("/audit"),
    "log, none found": _full("/audit?q=nobody-at-all"),
    "guests, empty": _empty("/guests"),
    "guests": _full("/guests"),
    "guests, none found": _full("/guests?q=nobody-at-all"),
    "new guest": _full("/guests/new"),
    "guest": _first_guest,
    "guest deletion": _deletion,
    "guests changed": _changed,
    "guest history": _history,
    "paste": _full("/guests/paste"),
    "paste, looked over": _pasted,
    "why, no question": _full("/why"),
    "why": _full("/why?address=ana@guests.example.net"),
    "why, whom": _full("/why?address=guests.example"),
    "why, unknown": _full("/why?address=nobody@guests.example.net"),
    "import": _full("/guests/import"),
    "import, looked at": _import_check,
    "import, refused": _import_refused,
    "import, waiting": _empty("/guests/import"),
    "import, done": _import_result,
    "segments, empty": _empty("/segments"),
    "segments": _segments,
    "new segment": _full("/segments/new"),
    "segment": _segment,
    "segment, refused": _segment_refused,
    "segment removal": _segment_removal,
    "messages, nobody to write to": _empty("/messages"),
    "messages, blank": _full("/messages?new=1"),
    "messages, draft": _draft,
    "messages, two at one draft": _conflict,
    "drafts, none": _empty("/messages/drafts"),
    "drafts": _drafts,
    "draft deletion": _draft_deletion,
    "messages, written": _written,
    "messages, test sent": _test_sent,
    "messages, review": _reviewed,
    "messages, refused": _refused,
    "tracker finished": lambda tour: tour.go(tour.done),
    "tracker with problems": lambda tour: tour.go(tour.partly),
    "exclusions": _full("/messages/exclusions?statuses=confirmed"),
    "exclusions, nobody": _full("/messages/exclusions?statuses=invited"),
    "sent, empty": _empty("/mailings"),
    "sent": _full("/mailings"),
    "mailing": lambda tour: tour.go(tour.partly.replace("/messages/", "/mailings/")),
    "receipt": lambda tour: tour.go(tour.partly.replace("/messages/", "/mailings/") + "/receipt"),
    "do-not-mail list, empty": _empty("/suppressions"),
    "do-not-mail list, imported": _listed,
    "do-not-mail list": _full("/suppressions"),
    "do-not-mail list, take off": _lifting,
    "do-not-mail list, import": _empty("/suppressions/import"),
    "outbox, empty": _empty("/outbox"),
    "outbox": _full("/outbox"),
    "mail, HTML": _mail("HTML"),
    "mail, text": _mail("Text"),
    "mail, headers": _mail("Headers"),
    "mail, source": _mail("Source"),
    "unsubscribe": _unsubscribe(press=False),
    "unsubscribed": _unsubscribe(press=True),
    "mail again": _mail_again,
    "unsubscribe preview": _site("/unsubscribe/preview"),
    "not found": _full("/nothing-here"),
    "bad request": _full("/messages/exclusions"),
    "link used up": _site(f"/sign-in/{ids.token(24)}"),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_accessible_fits_and_is_quiet(tour: Tour, name: str) -> None:
    tour.complaints.clear()
    PAGES[name](tour)
    assert_fits(tour.page)
    axe_everywhere(tour.page)
    assert tour.complaints == []


NO_PAGES = {
    "static", "public.health", "public.calendar_file", "messaging.mail", "outbox.html", "mailings.recipients",
    "runs.quota", "account.home", "account.open_link", "people.pending", "test_sends.watch",
    "imports.progress", "imports.export", "api_page.document",
}  # fmt: skip
LOOKED_AT_ELSEWHERE = {"preview.fallbacks"}  # test_composer.py
ON_THE_TOUR = {
    "audit.of_event", "audit.of_everything", "event_life.archive_page", "event_life.cancellation", "events.copy_page",
    "account.sign_in", "events.listing", "events.new", "events.overview", "events.settings", "guests.listing",
    "me.page", "api_page.page", "sending.page", "people.listing", "people.removal", "guests.new", "guests.edit",
    "guests.deletion",
    "guest_history.history", "guest_paste.paste", "why.why",
    "imports.choose", "imports.look",
    "segments.listing", "segments.new", "segments.edit", "segments.deletion", "messaging.compose", "messaging.watch",
    "messaging.exclusions", "mailings.listing", "mailings.detail", "outbox.listing", "outbox.read",
    "drafts.listing", "drafts.deletion",
    "unsubscribe.page", "unsubscribe.preview", "unsubscribe.returning", "receipts.receipt", "home.page",
    "suppressions.listing", "suppressions.importing", "suppressions.lifting",
}  # fmt: skip


def test_no_page_is_left_out_of_the_tour(shared_live: Live) -> None:
    """A new page fails here until it is looked at above."""
    pages = {rule.endpoint for rule in shared_live.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - NO_PAGES - LOOKED_AT_ELSEWHERE == ON_THE_TOUR


def test_the_running_tracker_of_the_tour_did_run(tour: Tour) -> None:
    wait_for(lambda: tour.full.recipients()["often+transient@guests.example.net"]["state"] == "sent", 40.0)
