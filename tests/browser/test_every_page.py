"""Every page there is, as everybody gets it: accessible, no wider than the window, quiet in the console."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from eventmail import ids
from tests.browser import tour_calendar as calendar
from tests.browser import tour_designs as designs
from tests.browser import tour_guests as guests
from tests.browser import tour_messages as messages
from tests.browser import tour_scheduled as scheduled
from tests.browser.tour import Tour, begun, empty, full, site
from tests.support.browser import assert_fits, axe_everywhere
from tests.support.budgets import in_soak
from tests.support.live import Live
from tests.support.waiting import wait_for

PAGES: dict[str, Callable[[Tour], None]] = {
    "tracker running": messages.running,
    "events": site("/admin/events"),
    "new event": site("/admin/events/new"),
    "overview, empty": empty(""),
    "overview": full(""),
    "settings": full("/settings"),
    "event copy": full("/copy"),
    "event cancellation": full("/cancellation"),
    "event archive": full("/archive"),
    "calendar links": full("/new-calendar-links"),
    "events, archived": site("/admin/events?state=archived"),
    "log": full("/audit"),
    "log, none found": full("/audit?q=nobody-at-all"),
    "guests, empty": empty("/guests"),
    "guests": full("/guests"),
    "guests, none found": full("/guests?q=nobody-at-all"),
    "new guest": full("/guests/new"),
    "guest": guests.first_guest,
    "guest deletion": guests.deletion,
    "guests changed": guests.changed,
    "guest history": guests.history,
    "paste": full("/guests/paste"),
    "paste, looked over": guests.pasted,
    "why, no question": full("/why"),
    "why": full("/why?address=ana@guests.example.net"),
    "why, whom": full("/why?address=guests.example"),
    "why, unknown": full("/why?address=nobody@guests.example.net"),
    "import": full("/guests/import"),
    "import, looked at": guests.import_check,
    "import, refused": guests.import_refused,
    "import, waiting": empty("/guests/import"),
    "import, done": guests.import_result,
    "segments, empty": empty("/segments"),
    "segments": guests.segments,
    "new segment": full("/segments/new"),
    "segment": guests.segment,
    "segment, refused": guests.segment_refused,
    "segment removal": guests.segment_removal,
    "messages, nobody to write to": empty("/messages"),
    "messages, blank": full("/messages?new=1"),
    "messages, draft": messages.draft,
    "messages, two at one draft": messages.conflict,
    "drafts, none": empty("/messages/drafts"),
    "drafts": messages.drafts,
    "draft deletion": messages.draft_deletion,
    "messages, written": messages.written,
    "messages, test sent": messages.sent_as_a_test,
    "messages, review": messages.reviewed,
    "messages, refused": messages.refused,
    "tracker finished": lambda tour: tour.go(tour.done),
    "tracker with problems": lambda tour: tour.go(tour.partly),
    "exclusions": full("/messages/exclusions?statuses=confirmed"),
    "exclusions, nobody": full("/messages/exclusions?statuses=invited"),
    "scheduled, empty": empty("/scheduled"),
    "scheduled": scheduled.page("list"),
    "scheduled, one to come": scheduled.page("upcoming"),
    "scheduled, one that moved": scheduled.page("moved"),
    "scheduled, one that is locked": scheduled.page("locked"),
    "scheduled, one that was missed": scheduled.page("missed"),
    "scheduled, written": scheduled.written,
    "scheduled, before the event": scheduled.relative,
    "scheduled, refused": scheduled.refused,
    "calendar": full("/calendar"),
    "calendar, no date": calendar.undated,
    "calendar, sent": calendar.sent,
    "designs, empty": empty("/email-templates"),
    "designs": designs.listed,
    "designs, none found": full("/email-templates?q=nothing-at-all"),
    "new design": full("/email-templates/new"),
    "design": designs.page(),
    "design, not to be published": designs.blocked,
    "design, looked over": designs.publishing,
    "design, saved elsewhere": designs.refused,
    "design versions": designs.page("/revisions"),
    "design copying": designs.page("/copies"),
    "design deletion": designs.page("/deletion"),
    "sent, empty": empty("/mailings"),
    "sent": full("/mailings"),
    "mailing": lambda tour: tour.go(tour.partly.replace("/messages/", "/mailings/")),
    "receipt": lambda tour: tour.go(tour.partly.replace("/messages/", "/mailings/") + "/receipt"),
    "do-not-mail list, empty": empty("/suppressions"),
    "do-not-mail list, imported": messages.listed,
    "do-not-mail list": full("/suppressions"),
    "do-not-mail list, take off": messages.lifting,
    "do-not-mail list, import": empty("/suppressions/import"),
    "outbox, empty": empty("/outbox"),
    "outbox": full("/outbox"),
    "mail, HTML": messages.mail("HTML"),
    "mail, text": messages.mail("Text"),
    "mail, headers": messages.mail("Headers"),
    "mail, source": messages.mail("Source"),
    "unsubscribe": messages.unsubscribe(press=False),
    "unsubscribed": messages.unsubscribe(press=True),
    "mail again": messages.mail_again,
    "unsubscribe preview": site("/unsubscribe/preview"),
    "not found": full("/nothing-here"),
    "bad request": full("/messages/exclusions"),
    "link used up": site(f"/sign-in/{ids.token(24)}"),
}


@pytest.fixture(scope="module")
def tour(_a_browser_is_there: None, browser: Browser, shared_live: Live) -> Iterator[Tour]:
    made = begun(browser, shared_live)
    yield made
    made.page.context.close()


# What shows the same parts as another of these.
ALIKE = (
    "log, none found", "guests, none found", "why, whom", "why, unknown", "exclusions, nobody", "import, waiting",
    "segments, empty", "scheduled, empty", "scheduled, one to come", "scheduled, one that moved", "designs, empty",
    "sent, empty", "do-not-mail list, empty", "outbox, empty", "mail, text", "mail, headers",
)  # fmt: skip


@pytest.mark.parametrize("name", [*(name for name in PAGES if name not in ALIKE), *in_soak(*ALIKE)])
def test_the_page_is_accessible_fits_and_is_quiet(tour: Tour, name: str) -> None:
    tour.complaints.clear()
    PAGES[name](tour)
    assert_fits(tour.page)
    axe_everywhere(tour.page)
    assert tour.complaints == []


NO_PAGES = {
    "static", "public.health", "messaging.mail", "mailings.mail", "outbox.html",
    "mailings.recipients", "runs.quota", "account.home", "account.open_link", "people.pending", "test_sends.watch",
    "calendar.mail", "calendar.tested", "calendar_updates.listing",
    "scheduling.mail", "scheduling.standing", "scheduling.tested", "designs.mail",
    "design_preview.show",
    "design.published", "design_preview.tested",
    "imports.progress", "imports.export", "api_page.document",
}  # fmt: skip
# test_composer.py, test_owners_pages.py, test_add_to_calendar.py
# of dead links the same list; of the other two composers the same lists
LOOKED_AT_ELSEWHERE = {
    "calendar_address.answer", "preview.fallbacks", "preview.dead", "erasure.known", "erasure.asking", "former.asking",
    "scheduling.exclusions", "scheduling.fallbacks", "scheduling.dead_links",
    "calendar.exclusions", "calendar.fallbacks", "calendar.dead_links", "designs.fallbacks", "designs.dead_links",
}  # fmt: skip
ON_THE_TOUR = {
    "audit.of_event", "audit.of_everything", "event_life.archive_page", "event_life.calendar_links",
    "event_life.cancellation", "events.copy_page",
    "account.forgotten", "account.sign_in", "events.listing", "events.new", "events.overview", "events.settings",
    "guests.listing",
    "me.page", "api_page.page", "sending.page", "people.listing", "people.removal", "guests.new", "guests.edit",
    "guests.deletion",
    "guest_history.history", "guest_paste.paste", "why.why",
    "imports.choose", "imports.look",
    "segments.listing", "segments.new", "segments.edit", "segments.deletion", "messaging.compose", "messaging.watch",
    "messaging.exclusions", "mailings.listing", "mailings.detail", "outbox.listing", "outbox.read",
    "drafts.listing", "drafts.deletion", "scheduling.compose", "scheduling.watch", "calendar.compose",
    "calendar.watch",
    "unsubscribe.page", "unsubscribe.preview", "unsubscribe.returning", "receipts.receipt", "home.page",
    "suppressions.listing", "suppressions.importing", "suppressions.lifting",
    "designs.listed", "designs.new", "designs.detail", "design.history", "design.copying", "design.deletion",
}  # fmt: skip


def test_no_page_is_left_out_of_the_tour(shared_live: Live) -> None:
    """A new page fails here until it is looked at above."""
    pages = {rule.endpoint for rule in shared_live.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - NO_PAGES - LOOKED_AT_ELSEWHERE == ON_THE_TOUR


def test_the_running_tracker_of_the_tour_did_run(tour: Tour) -> None:
    wait_for(lambda: tour.full.recipients()["often+transient@guests.example.net"]["state"] == "sent")
