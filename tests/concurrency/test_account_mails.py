"""Mails about accounts with two workers, and with one that is killed: at most one mail for each request."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, current_app
from sqlalchemy import select, update

from eventmail.db import fresh, transaction
from eventmail.domain.people import invitations
from eventmail.models import AccountMail
from eventmail.models.account import Role
from eventmail.sending import dead_worker_journal
from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from tests.support.account_mail import ADA, PLACE, SENDER, SITE, link_in, outside
from tests.support.live import Live, request
from tests.support.postbox import serving
from tests.support.processes import race
from tests.support.recording import Recording
from tests.support.scene import ROUNDS
from tests.support.seeding import Person, acting
from tests.support.waiting import wait_for

SETTLED_WITHIN_S = 60.0  # S11, with a worker up


def _deliver(turn: int, owner: Person) -> list[str]:
    """The mail of this round, which the other process goes for as well: who was mailed."""
    provider = Recording(outside=True, name="smtp")
    here: Path = current_app.extensions["settings"].instance
    mail_id = fresh().scalars(select(AccountMail.id).order_by(AccountMail.id)).all()[turn]
    delivery._deliver(mail_id, 1, provider, outside(here))
    return provider.addresses


def test_S5_two_workers_mail_one_request_once(app: Flask, settings: Settings, owner: Person, rows: Any) -> None:
    emails = [f"ada{n}@guests.example.net" for n in range(ROUNDS)]
    with app.app_context():
        for email in emails:
            invitations.mail(email, Role.ORGANIZER, PLACE, acting(owner))

    rounds = race(settings.instance, _deliver, ROUNDS, owner)

    assert [sorted(one + other) for one, other in rounds] == [[email] for email in emails]
    assert [(row.state, row.attempts) for row in rows(AccountMail)] == [("sent", 1)] * ROUNDS


def _ask(turn: int, owner: Person) -> bool:
    return invitations.mail(f"ada{turn}@guests.example.net", Role.ORGANIZER, PLACE, acting(owner)).anew


def test_two_who_ask_at_once_queue_one_mail(app: Flask, settings: Settings, owner: Person, count: Any) -> None:
    rounds = race(settings.instance, _ask, ROUNDS, owner)

    assert [sorted(answers) for answers in rounds] == [[False, True]] * ROUNDS
    assert count(AccountMail) == ROUNDS


@dataclass
class Postbox:
    """Takes each mail, and answers only when it may."""

    taken: list[bytes]
    may_answer: Event

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope.original_content or b"")
        await asyncio.to_thread(self.may_answer.wait, 30)
        return "250 2.0.0 Taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox([], Event())
    with serving(box) as port:
        yield box, port
        box.may_answer.set()


def test_S5_a_worker_killed_between_mark_and_record_leaves_one_mail_at_most_and_names_the_doubt(
    make_live: Callable[..., Live], postbox: tuple[Postbox, int]
) -> None:
    box, port = postbox
    live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}", EVENTMAIL_BASE_URL=SITE,
                     EVENTMAIL_FROM=SENDER)  # fmt: skip
    with live.app.app_context():
        invitations.mail(ADA, Role.ORGANIZER, PLACE, acting(live.owner))
    live.start_worker()
    wait_for(lambda: box.taken, what="the mail server to have the mail")
    assert live.query("SELECT state FROM account_mails") == [{"state": "sending"}]
    live.kill_worker()
    box.may_answer.set()
    with live.app.app_context(), transaction() as tx:  # as if its lease had ended
        tx.execute(update(AccountMail).values(claim_until=acting().now))

    live.start()

    wait_for(
        lambda: live.query("SELECT state FROM account_mails") != [{"state": "sending"}], SETTLED_WITHIN_S, "the end"
    )
    assert live.query("SELECT state, attempts, last_error FROM account_mails") == [
        {"state": "unknown", "attempts": 1, "last_error": dead_worker_journal.WORDS}
    ]
    [mail] = box.taken
    # the mail did arrive, so its link works
    page = request("GET", live.url + link_in(mail)[0], headers={"Accept": "text/html"})
    assert (page.status, "Join your team" in page.text) == (200, True)
    with live.app.app_context():
        assert invitations.mail(ADA, Role.ORGANIZER, PLACE, acting(live.owner)).anew
