"""What the tests of public pages share."""

from collections.abc import Callable

import pytest
from flask import Flask

from eventmail.domain.mailings import merge_values
from eventmail.domain.terms import SendingTerms
from eventmail.settings import Settings
from tests.support import seeding

Link = Callable[[int], str]


@pytest.fixture
def link(app: Flask, settings: Settings) -> Link:
    """link(event): the path of its calendar file."""

    def path(event_id: int) -> str:
        terms = SendingTerms("", settings.secret, outside=False)
        with app.app_context():
            return merge_values.ics_url(seeding.event(event_id), terms)

    return path
