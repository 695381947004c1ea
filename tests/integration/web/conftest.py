"""A sender who can be answered; the worker beside requests, called directly; the link of the first start."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people import sign_in_links
from eventmail.models import Job
from eventmail.providers import registry
from eventmail.providers.base import Provider
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support.seeding import Person, acting
from tests.support.world import World, made


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Mail comes from an address that somebody reads, so that no page warns of it."""
    return settings.model_copy(update={"from_": "mail@organizers.org"})


@pytest.fixture
def world(
    *, app: Flask, owner: Person, organizer: Person, add_person: Any, client_for: Any, settings: Settings
) -> World:
    """One of everything, in an event that another organizer has to herself."""
    insider = add_person("Ines Insider", "ines@organizers.example")
    client_for(insider)
    with app.app_context():
        return made(settings, insider, owner, organizer)


@pytest.fixture
def work(app: Flask, settings: Settings, rows: Callable[..., list[Any]]) -> Callable[..., None]:
    """work(provider=the outbox): one turn of the worker for every run that is not over."""

    def turn(provider: Provider | None = None) -> None:
        for job in rows(Job, Job.state == "running"):
            with app.app_context():
                drain.drain(job.id, provider or registry.opened(settings), settings)

    return turn


@pytest.fixture
def first_link(app: Flask) -> str:
    """The path of the link with which the first person of all gets in."""
    with app.app_context():
        return f"/sign-in/{sign_in_links.issue_first(acting())}"
