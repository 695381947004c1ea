"""A job is rung for once, and a ring for later is none for now."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from eventmail import create_app, tasks
from eventmail.providers.base import Accepted
from eventmail.sending.handover import in_flight
from eventmail.settings import Settings
from tests.support.smtp_peer import Peer, handed_over, mails
from tests.support.time import FrozenClock
from tests.support.waiting import wait_for

A = "a@guests.example.net"


def test_a_job_that_is_rung_for_already_is_not_rung_for_again(
    send: Callable[..., Any], app: Flask, clock: FrozenClock
) -> None:
    run = send(A)
    for _ in range(3):
        tasks.ring(run.job_id)
        tasks.tick(app)

    assert [task.args for task in app.extensions["huey"].pending()] == [(run.job_id,)]


def test_a_ring_for_later_does_not_stand_in_for_one_now(
    send: Callable[..., Any], app: Flask, clock: FrozenClock
) -> None:
    run, due = send(A), clock.now() + timedelta(seconds=30)
    for _ in range(2):
        tasks._ring_at(app.extensions["ring"], run.job_id, due)
    for _ in range(2):
        tasks._ring_at(app.extensions["ring"], run.job_id, clock.now())

    etas = [task.eta for task in app.extensions["huey"].pending()]
    assert etas == [due.replace(tzinfo=None), None]


def test_a_worker_that_ends_takes_leave_of_the_mail_server(
    settings: Settings, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_ending", threading.Event())
    monkeypatch.setattr(tasks, "_threads", tasks._Threads())
    monkeypatch.setattr(in_flight, "stopping", threading.Event())
    with Peer() as peer:
        of_smtp = create_app(settings.model_copy(update={"provider": "smtp", "smtp_url": SecretStr(peer.url)}))
        provider = of_smtp.extensions["provider"]
        wait_for(lambda: provider.stands("this test", 0.0), what="a connection")
        assert [type(outcome) for outcome in handed_over(provider, mails(1))] == [Accepted]
        assert "QUIT" not in peer.commands
        of_smtp.extensions["huey"]._shutdown["end"]()
    assert peer.commands[-1] == "QUIT"


def test_S11a_the_heartbeat_lives_as_long_as_any_thread_has_a_mail_in_hand(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Huey runs its hooks in each thread: the first one that ends must not let the lease of the others run out."""
    ending, stopping = threading.Event(), threading.Event()
    monkeypatch.setattr(tasks, "_ending", ending)
    monkeypatch.setattr(tasks, "_threads", tasks._Threads())
    started: list[Flask] = []
    monkeypatch.setattr(tasks, "_start", started.append)
    monkeypatch.setattr(in_flight, "stopping", stopping)
    huey = app.extensions["huey"]
    for _ in range(2):
        huey._startup["begin"]()
    assert started == [app], "one heartbeat, one sweep"

    huey._shutdown["end"]()
    assert (stopping.is_set(), ending.is_set()) == (True, False)
    huey._shutdown["end"]()
    assert ending.is_set()
