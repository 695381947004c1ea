"""An event with a few guests, the page of a design in it, and a colleague's own browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser import steps
from tests.browser.designs.page.steps import ANA, BO, QUIET
from tests.browser.steps import Gala


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
def anna(colleague: Callable[[str], Page]) -> Page:
    """The designs of that event in a colleague's own browser."""
    return colleague("/email-templates")
