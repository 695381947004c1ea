"""The mail about how a scheduled message went: one, when two processes end its run, and when the worker is killed."""

import signal
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import update

from eventmail import clock
from eventmail.db import transaction
from eventmail.models import AccountMail, Mailing, Recipient
from eventmail.sending import finish
from eventmail.settings import Settings
from eventmail.states import RecipientState
from tests.support import seeding
from tests.support.armed import armed
from tests.support.live import Live
from tests.support.processes import race
from tests.support.scene import ROUNDS, Scene, send
from tests.support.scheduled import scheduled
from tests.support.waiting import wait_for

DIES_WITHIN_S = SETTLED_WITHIN_S = 60.0


def _finish(turn: int, scene: Scene) -> bool:
    return finish.finish(scene.jobs[turn], clock.now())


def test_S14_two_processes_that_end_a_run_queue_one_mail(
    app: Flask, settings: Settings, scene_of_one: Scene, rows: Any
) -> None:
    with app.app_context():
        for mailing_id in scene_of_one.mailings:
            scheduled(mailing_id, clock.now())
        with transaction() as tx:  # as if everybody had been sent to, and only the end were left
            tx.execute(update(Recipient).values(state=RecipientState.SENT))
            tx.execute(update(Mailing).values(n_queued=0, n_sent=1))

    rounds = race(settings.instance, _finish, ROUNDS, scene_of_one)

    assert [sorted(answers) for answers in rounds] == [[False, True]] * ROUNDS
    told = [(mail.mailing_id, mail.result, mail.user_id) for mail in rows(AccountMail)]
    assert told == [(mailing_id, "ended", scene_of_one.organizer.id) for mailing_id in scene_of_one.mailings]


def test_S14_a_worker_killed_between_the_end_of_the_run_and_its_mail_leaves_one_mail(
    make_live: Callable[..., Live],
) -> None:
    live = make_live()
    with live.app.app_context():
        seeding.add_guests(live.event_id, 3)
        run = send(Scene(live.event_id, live.organizer), "once")
        scheduled(run.mailing_id, clock.now())
    process = armed(live, "after the finish")
    try:
        wait_for(lambda: process.poll() is not None, DIES_WITHIN_S, "the death after the finish")
    finally:
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert live.query("SELECT state FROM mailing") == [{"state": "finished"}]
    assert live.query("SELECT kind, state FROM account_mails") == [{"kind": "result", "state": "queued"}]

    live.start_worker()

    wait_for(lambda: is_told(live), SETTLED_WITHIN_S, "the mail to leave")
    assert [mail["To"] for mail in live.outbox()].count(live.organizer.email) == 1
    assert len(live.outbox()) == 4
    assert live.query("SELECT attempts FROM account_mails") == [{"attempts": 1}]


def is_told(live: Live) -> bool:
    return live.query("SELECT state FROM account_mails") == [{"state": "sent"}]
