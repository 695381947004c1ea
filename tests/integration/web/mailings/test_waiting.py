"""What makes no progress says on every page, and to programs, what it waits for and since when (S11a)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people import invitations
from eventmail.models.account import Role
from eventmail.providers.base import Waits
from eventmail.sending import heartbeat
from tests.support.account_mail import ADA, PLACE
from tests.support.seeding import Person, acting
from tests.support.time import FrozenClock
from tests.support.web import Client, words

GREET = "the mail server mail.example to greet"
TYPED = {"subject": "Hi", "body": "Come.", "preheader": "", "statuses": "confirmed", "idempotency_key": "k", "to": ""}


@pytest.fixture
def since(app: Flask, clock: FrozenClock) -> str:
    """A worker has waited for a greeting since then, for a minute and a half: hours and minutes in UTC."""
    with app.app_context():
        heartbeat.beat(clock.now(), Waits(GREET, 90.0))
    return f"{clock.now() - timedelta(seconds=90):%H:%M}"


@pytest.fixture
def boss(client_for: Any, owner: Person) -> Client:
    made: Client = client_for(owner)
    return made


def test_the_tracker_and_programs_are_told_by_a_message_that_waits(
    client: Client, api: Client, post: Any, party: list[int], since: str, clock: FrozenClock
) -> None:
    message = post().location
    said = f"Nothing leaves right now. It is waiting for {GREET}, since"
    assert said in words(client.get(message.replace("/mailings/", "/messages/")))
    assert said in words(client.get(message))
    assert api.get(message).get_json()["waits_for"] == {
        "what": GREET,
        "since": f"{clock.now() - timedelta(seconds=90):%Y-%m-%dT%H:%M:%SZ}",
    }


def test_a_message_that_is_over_waits_for_nothing(
    client: Client, api: Client, post: Any, party: list[int], since: str, work: Any
) -> None:
    message = post().location
    work()
    assert "waiting for" not in words(client.get(message))
    assert api.get(message).get_json()["waits_for"] is None


def test_the_result_of_a_test_tells(client: Client, event_id: int, add_guest: Any, since: str, work: Any) -> None:
    add_guest("ada@x.org")
    result = client.submit(f"/admin/events/{event_id}/mailings/test-sends", TYPED).location
    assert f"The test is waiting for {GREET}, since" in words(client.get(result))
    work()
    assert "waiting for" not in words(client.get(result))


def test_the_page_of_people_tells_while_a_mail_waits(boss: Client, app: Flask, owner: Person, since: str) -> None:
    assert GREET not in words(boss.get("/admin/people"))
    with app.app_context():
        invitations.mail(ADA, Role.ORGANIZER, PLACE, acting(owner))
    assert f"Mails wait for {GREET} Since {since} UTC." in words(boss.get("/admin/people"))


def test_the_page_Sending_tells_as_long_as_it_lasts(boss: Client, app: Flask, since: str, clock: FrozenClock) -> None:
    said = f"Mail waits for {GREET} Since {since} UTC."
    assert said in words(boss.get("/admin/settings/sending"))
    with app.app_context():
        heartbeat.beat(clock.now())
    assert GREET not in words(boss.get("/admin/settings/sending"))
