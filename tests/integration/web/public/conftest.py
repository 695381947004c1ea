"""What the tests of public pages share."""

from collections.abc import Callable

import pytest
from flask import Flask

from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.settings import Settings
from tests.support import seeding

Link = Callable[..., str]


@pytest.fixture
def link(app: Flask, settings: Settings) -> Link:
    """link(event, guest=None): the path of its calendar file."""

    def path(event_id: int, guest_id: int | None = None) -> str:
        with app.app_context():
            secret = seeding.event(event_id).ics_secret
        return CalendarAddresses("", settings.secret, event_id, secret).file(guest_id)

    return path


@pytest.fixture
def page_link(app: Flask, settings: Settings) -> Link:
    """page_link(event, guest=None): the path of its page "Add to your calendar"."""

    def path(event_id: int, guest_id: int | None = None) -> str:
        with app.app_context():
            secret = seeding.event(event_id).ics_secret
        return CalendarAddresses("", settings.secret, event_id, secret).page(guest_id)

    return path
