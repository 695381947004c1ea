"""The walk through every page: where it begins, and how it gets to a page that has an address."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser import steps
from tests.browser.steps import Gala, finished
from tests.support import seeding
from tests.support.browser import WRITES_SOURCE, Complaints
from tests.support.live import Live

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
    planned: dict[str, str] = field(default_factory=dict)  # the addresses of `tour_scheduled`, once they are made
    design: str = ""  # the address of that of `tour_designs`, once it is made
    complaints: Complaints = field(default_factory=Complaints)

    def go(self, url: str) -> None:
        self.page.goto(url)


def begun(browser: Browser, live: Live) -> Tour:
    """Signed in, with an empty event and one in which messages went well, went partly, and are under way."""
    with live.app.app_context():
        titles = "Fixture Gala " + "Ab" * 90, "Empty"
        one, other = (Gala(live, seeding.add_event(live.organizer, title=title)) for title in titles)
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script(WRITES_SOURCE)
    made = Tour(context.new_page(), one, other)
    made.complaints.watch(made.page)
    made.full.add_guests(PEOPLE)
    steps.sign_in(made.page, made.full)
    made.running = _sent(made, "Invited")
    made.done, made.partly = _sent(made, "Confirmed"), _sent(made, "Declined")
    for url in (made.done, made.partly):
        made.go(url)
        finished(made.page)
    return made


def _sent(tour: Tour, status: str) -> str:
    tour.go(tour.full.url("/messages?new=1"))
    steps.write(tour.page, "Dear {guest.fullName}", TEXT, statuses=[status])
    steps.send(tour.page)
    return tour.page.url


def full(path: str) -> Callable[[Tour], None]:
    return lambda tour: tour.go(tour.full.url(path))


def empty(path: str) -> Callable[[Tour], None]:
    return lambda tour: tour.go(tour.empty.url(path))


def site(path: str) -> Callable[[Tour], None]:
    return lambda tour: tour.go(tour.full.live.url + path)
