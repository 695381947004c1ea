"""A mail service outside this box, and the turns of the worker that hands mails about accounts to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from eventmail.db import fresh
from eventmail.domain.people import invitations
from eventmail.models import AccountMail, AuditEntry
from eventmail.models.account import Role
from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from tests.support.account_mail import ADA, PLACE, outside
from tests.support.recording import Recording
from tests.support.seeding import Person, acting


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return outside(tmp_path / "instance")


@pytest.fixture
def provider() -> Recording:
    return Recording(outside=True, name="smtp")


@pytest.fixture
def deliver(provider: Recording, settings: Settings) -> Callable[[], datetime | None]:
    """One turn of the worker, long enough for all that is due; it begins with nothing in memory."""

    def turn() -> datetime | None:
        fresh().expire_all()
        return delivery.deliver(provider, settings)

    return turn


@pytest.fixture
def invite(owner: Person) -> Callable[[], int]:
    """invite(): ask for the mail of an invitation to ADA: the invitation's id."""
    return lambda: invitations.mail(ADA, Role.ORGANIZER, PLACE, acting(owner)).id


@pytest.fixture
def told(rows: Callable[..., list[Any]]) -> Callable[[], list[tuple[str, str]]]:
    """told(): (actor, action) of every entry of the log about such mails."""
    like = AuditEntry.action.like("account_mail.%")
    return lambda: [(entry.actor, entry.action) for entry in rows(AuditEntry, like)]


@pytest.fixture
def state(row: Callable[..., Any]) -> Callable[[], tuple[str, int, str | None]]:
    """state(): state, attempts and last error of the one mail there is."""

    def look() -> tuple[str, int, str | None]:
        mail = row(AccountMail)
        return mail.state, mail.attempts, mail.last_error

    return look
