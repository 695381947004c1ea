"""An event with a few guests, the page of a design in it, and a colleague's own browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import steps
from tests.browser.designs.page.steps import ANA, BO, QUIET
from tests.browser.steps import Gala, press_link
from tests.support import seeding
from tests.support.browser import Complaints
from tests.support.live import Live


@pytest.fixture
def gala(add_gala: Callable[..., Gala]) -> Gala:
    """An event of this test alone with Ana, Bo and somebody without a first name; all are confirmed."""
    made = add_gala(location="Old Town Hall")
    made.add_guests([
        {"email": ANA, "first_name": "Ana"}, {"email": BO, "first_name": "Bo"},
        {"email": QUIET, "first_name": "", "last_name": ""},
    ])  # fmt: skip
    return made


@pytest.fixture
def page(watched: Page, gala: Gala) -> Page:
    """The designs of that event, for its organizer."""
    steps.sign_in(watched, gala, "/email-templates")
    return watched


@pytest.fixture
def anna(_a_browser_is_there: None, browser: Browser, gala: Gala, shared_live: Live) -> Iterator[Page]:
    """The designs of that event in a colleague's own browser, which may hear of 409: Chromium writes it down."""
    with shared_live.app.app_context():
        person = seeding.add_person("Anna Other", f"anna{gala.id}@designs.example")
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    complaints = Complaints()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    press_link(page, shared_live.signin_url(person, next=f"/admin/events/{gala.id}/email-templates"))
    yield page
    context.close()
    assert complaints == []
