"""What `eventmail doctor` says about scheduled messages."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from eventmail import clock, doctor
from eventmail.db import transaction
from eventmail.doctor import Finding, Level
from eventmail.domain.instance import live_lock
from eventmail.models import Guest
from eventmail.sending import heartbeat
from tests.integration.domain.mailings.schedule.conftest import PLAN, SEND_AT, Planned
from tests.support.time import FrozenClock
from tests.support.written import TEXT

Said = Callable[[], list[tuple[str, str, str]]]


@pytest.fixture
def said(party: Planned) -> Said:
    """said(): (weight, sentence, what to do) of each finding about scheduled messages."""
    assert party.settings.secret

    def about() -> list[tuple[str, str, str]]:
        found = [each for each in doctor.examine(party.settings, clock.now()) if each.level is not Level.OK]
        return [(str(each.level), each.what, each.to_do) for each in found if each.what not in before]

    before = {each.what for each in doctor.examine(party.settings, clock.now())}
    return about


def test_a_message_that_is_to_come_is_no_finding(said: Said, party: Planned) -> None:
    party.plan()
    assert said() == []


def test_H9_what_waits_behind_the_lock_of_a_copy_is_told(said: Said, party: Planned, now: FrozenClock) -> None:
    with transaction() as tx:
        live_lock.leave(tx)
    assert [what for _, what, _ in said()] == ["This database was restored or copied, so nothing is sent"]
    party.plan()
    party.plan(replace(PLAN, wall="2027-04-30T19:00"), key="later")
    to_do = "Once this database is confirmed, those to come go out at their time, and those past it ask first."
    assert said()[1:] == [("remark", "2 scheduled messages wait for that", to_do)]
    now.set(SEND_AT + timedelta(minutes=5))
    assert [each for each in said() if "scheduled" in each[1]] == [
        ("remark", "2 scheduled messages wait for that, 1 of them past its time", to_do)
    ]


def test_H6_one_that_was_missed_and_H5_one_without_anybody_are_remarked_upon(
    said: Said, party: Planned, now: FrozenClock
) -> None:
    party.plan(text=replace(TEXT, subject="<b>Coat</b>"))
    now.set(SEND_AT + timedelta(hours=2))
    party.start()
    missed = ("remark", "“<b>Coat</b>” of Fixture Gala, due at 2027-04-30 16:00 UTC, did not go out",
              "It says why on its page. Send it now there, or cancel it.")  # fmt: skip
    assert said() == [missed]
    party.plan(replace(PLAN, wall="2027-04-30T21:00"), key="none")
    with transaction() as tx:
        tx.execute(update(Guest).values(status="declined"))
    now.set(SEND_AT + timedelta(hours=3))
    party.start()
    failed = ("remark", "“Hi {guest.firstName}” of Fixture Gala, due at 2027-04-30 19:00 UTC, had nobody to go to",
              "Write it anew on its page, or cancel it.")  # fmt: skip
    assert [each for each in said() if each[0] == "remark"] == [missed, failed]  # the mails about them wait, too


def test_of_many_that_were_missed_some_are_named(said: Said, party: Planned, now: FrozenClock) -> None:
    for key in "abcdefg":
        party.plan(key=key, text=replace(TEXT, subject=f"Message {key}"))
    now.set(SEND_AT + timedelta(hours=2))
    party.start()
    found = [what for _, what, _ in said()]
    assert [what.split("”")[0] for what in found[:5]] == [f"“Message {key}" for key in "abcde"]
    assert found[5:] == ["2 scheduled messages more did not go out"]


def test_one_that_is_due_while_no_worker_runs_is_wrong_after_a_minute(
    said: Said, party: Planned, now: FrozenClock
) -> None:
    party.plan()
    now.set(SEND_AT + timedelta(minutes=1))
    assert said() == []
    now.advance(seconds=1)
    to_do = f"Start a worker: {heartbeat.WORKER_COMMAND} (what is over an hour late then asks before it goes out)"
    what = "1 scheduled message was due, the oldest at 2027-04-30 16:00 UTC, and nobody is sending"
    assert said() == [("wrong", what, to_do)]


def test_one_that_a_running_worker_does_not_start_is_wrong(said: Said, party: Planned, now: FrozenClock) -> None:
    party.plan()
    now.set(SEND_AT + timedelta(minutes=10))
    heartbeat.beat(now.now())
    assert said() == []
    now.advance(seconds=1)
    what = "1 scheduled message was due, the oldest at 2027-04-30 16:00 UTC, and the worker has not started it"
    assert said() == [("wrong", what, "See what the worker's log says, and restart the worker.")]


def test_on_a_full_disk_room_comes_first(
    said: Said, party: Planned, now: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    party.plan()
    now.set(SEND_AT + timedelta(minutes=2))
    full = Finding("Whether a worker is running cannot be told", Level.REMARK, "Make room first.")
    monkeypatch.setattr(doctor, "worker", lambda *_, **__: full)
    what = "1 scheduled message was due, the oldest at 2027-04-30 16:00 UTC, and on a full disk nothing can be sent"
    assert ("wrong", what, "Make room first.") in said()
