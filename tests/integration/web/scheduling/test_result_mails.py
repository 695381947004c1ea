"""The link of the mail to the author of a scheduled message leads to what the mail says can be pressed there (S14)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail.models import Guest
from eventmail.sending import drain
from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from tests.support.account_mail import read
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

SEND_AT = datetime(2027, 4, 30, 16, 0, tzinfo=UTC)


@pytest.fixture
def follow(
    app: Flask, settings: Settings, start: Any, client_for: Any, organizer: Person
) -> Callable[[], tuple[str, str]]:
    """follow(): start what is due and work it off: the text of the one mail to its author, and the page of its link."""

    def look() -> tuple[str, str]:
        for job in start():
            with app.app_context():
                drain.drain(job, Recording(), settings)
        with app.app_context():
            delivery.deliver(provider := Recording(), settings)
        [mail] = provider.mails
        text = read(mail.data).get_content()
        [link] = re.findall(rf"{settings.public_url}(/\S+/\d+)", text)
        page = client_for(organizer).get(link)
        assert page.status_code == 200
        return text, page.text

    return look


@pytest.mark.parametrize(
    ("hours", "status", "pressed"),
    [(2, "confirmed", ["Send now", "Cancel"]), (0, "declined", ["Cancel and edit as new draft"])],
    ids=["missed", "failed"],
)
def test_S14_the_link_leads_to_the_buttons_that_the_mail_names(
    *, hours: int, status: str, pressed: list[str], plan: Any, clock: FrozenClock, writing: Any, follow: Any
) -> None:
    plan()
    with writing() as tx:
        tx.execute(update(Guest).values(status=status))
    clock.set(SEND_AT + timedelta(hours=hours))
    text, page = follow()
    assert re.findall(r"“((?:Send|Cancel)[^”]*)”", text) == pressed
    buttons = re.findall(r"<button.*?</button>", page, re.DOTALL)
    labels = [re.sub(r"<[^>]*>|\s*\(\d+\)", "", button).strip() for button in buttons]
    assert [label for label in pressed if label not in labels] == []


def test_S14_the_link_leads_to_the_outcomes_of_what_was_sent(plan: Any, clock: FrozenClock, follow: Any) -> None:
    plan()
    clock.set(SEND_AT)
    _, page = follow()
    assert 'id="recipients"' in page
    assert "ada@guests.example.net" in page
