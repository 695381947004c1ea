"""What the stories share."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.steps import Gala
from tests.support import seeding
from tests.support.live import Live

expect.set_options(timeout=20_000)  # a state is waited for; a busy machine takes its time


@pytest.fixture
def add_gala(shared_live: Live) -> Callable[..., Gala]:
    """add_gala(**values): an event without guests on the shared instance."""

    def add(**values: Any) -> Gala:
        with shared_live.app.app_context():
            return Gala(shared_live, seeding.add_event(shared_live.organizer, **values))

    return add


@pytest.fixture
def gala(add_gala: Callable[..., Gala]) -> Gala:
    """An event of this test alone on the shared instance, Fixture Gala, without guests."""
    return add_gala()
