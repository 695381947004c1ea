"""A mail service outside this box, an owner's browser, and the turns of the worker."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from tests.support.account_mail import outside
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.web import Client


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return outside(tmp_path / "instance")


@pytest.fixture
def provider() -> Recording:
    return Recording(outside=True, name="smtp")


@pytest.fixture
def deliver(app: Flask, provider: Recording, settings: Settings) -> Callable[[], None]:
    """One turn of the worker, long enough for all that is due."""

    def turn() -> None:
        with app.app_context():
            delivery.deliver(provider, settings)

    return turn


@pytest.fixture
def boss(client_for: Any, owner: Person) -> Client:
    """A browser in which the owner is signed in."""
    made: Client = client_for(owner)
    return made
