"""A running instance whose time passes as its tests say, and an event of their own on it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from eventmail import clock
from tests.browser import steps
from tests.browser.scheduled.steps import ANA, BO, QUIET, Passing
from tests.browser.steps import Gala
from tests.support import seeding
from tests.support.live import PROCFILE, Live
from tests.support.programs import around


@pytest.fixture(scope="session")
def passing(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[Passing]:
    """A running instance whose time these tests let pass."""
    folder = tmp_path_factory.mktemp("scheduled")
    file = folder / "ahead"
    file.write_text("0")
    live = Live(folder / "instance", template_database)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("web", "worker"):
                patch.setitem(PROCFILE, name, around(f"shifted {file}", PROCFILE[name]))
            live.start()
        yield Passing(live, file)
    finally:
        live.stop()


@pytest.fixture
def gala(passing: Passing, monkeypatch: pytest.MonkeyPatch) -> Gala:
    """An event of this test alone, in Berlin in ten days, with Ana, Bo and somebody without a first name."""
    monkeypatch.setattr(clock, "now", passing.now)
    starts = (passing.now() + timedelta(days=10)).replace(hour=18, minute=0, second=0, microsecond=0, tzinfo=None)
    with passing.live.app.app_context():
        event_id = seeding.add_event(
            passing.live.organizer, timezone="Europe/Berlin", location="Old Town Hall", starts_wall=starts,
            ends_wall=starts + timedelta(hours=5),
        )  # fmt: skip
    gala = Gala(passing.live, event_id)
    gala.add_guests([
        {"email": ANA, "first_name": "Ana"}, {"email": BO, "first_name": "Bo"}, {"email": QUIET, "first_name": ""},
    ])  # fmt: skip
    return gala


@pytest.fixture
def page(watched: Page, gala: Gala) -> Page:
    """The page “Scheduled messages” of that event, for its organizer."""
    steps.sign_in(watched, gala, "/scheduled")
    return watched


@pytest.fixture
def in_hours(passing: Passing) -> Callable[..., datetime]:
    """in_hours(2): a whole minute so far ahead."""
    return lambda hours: (passing.now() + timedelta(hours=hours)).replace(second=0, microsecond=0)
