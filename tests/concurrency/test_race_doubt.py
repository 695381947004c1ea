"""Two who settle, or one who settles and the true answer, a hundred rounds each: doubt once, and the truth stays."""

from datetime import timedelta
from typing import Any

from flask import Flask, current_app

from eventmail import clock
from eventmail.db import fresh, transaction
from eventmail.models import Attempt, Job, Recipient
from eventmail.providers.base import Accepted
from eventmail.sending import claim, drain, handover, outcome
from eventmail.sending.claim import Claimed
from eventmail.sending.handover import Result, Sending
from eventmail.sending.settle import settle
from eventmail.settings import Settings
from tests.support.handing import CLAIMED, outbox
from tests.support.processes import race
from tests.support.scene import PEOPLE, ROUNDS, Scene


def _mark_then_settle(turn: int, scene: Scene) -> int:
    """Even rounds: leave a group marked whose lease has run out, as after a death. Odd rounds: settle."""
    if turn % 2:
        return settle(outbox(), clock.now())
    job = fresh().get_one(Job, scene.jobs[turn // 2])
    sending = drain._prepare(job, outbox(), current_app.extensions["settings"])
    return _mark_long_ago(sending, claim.claim(job, clock.now()))


def _mark_long_ago(sending: Sending, claimed: list[Claimed]) -> int:
    with transaction() as tx:
        ids = [one.id for one in claimed]
        return len(handover.mark(tx, sending, ids, clock.now() - timedelta(minutes=1), None))


def _settle_odd(turn: int, _scene: Scene) -> int:
    return settle(outbox(), clock.now()) if turn % 2 else 0


def test_S11_two_who_settle_at_once_name_each_doubt_once(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_settle_odd, _mark_then_settle], 2 * ROUNDS, scene)

    assert [sum(answers) for answers in rounds] == [PEOPLE] * 2 * ROUNDS
    assert {recipient.state for recipient in rows(Recipient)} == {"unknown"}
    assert [attempt.outcome for attempt in rows(Attempt)] == ["unclear"] * PEOPLE * ROUNDS
    assert_sound(mailed=frozenset())


def _late(turn: int, scene: Scene) -> int:
    """Even rounds: claim and mark, with a lease that has run out. Odd rounds: the true answer, at last."""
    job = fresh().get_one(Job, scene.jobs[turn // 2])
    sending = drain._prepare(job, outbox(), current_app.extensions["settings"])
    if turn % 2 == 0:
        CLAIMED[turn] = claimed = claim.claim(job, clock.now())
        return _mark_long_ago(sending, claimed)
    results = [Result(claimed, sending.mail(claimed), Accepted("taken")) for claimed in CLAIMED[turn - 1]]
    outcome.record(sending, outbox(), results, clock.now())
    return len(results)


def test_S5_settling_against_the_true_outcome_the_truth_stays(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    race(settings.instance, [_settle_odd, _late], 2 * ROUNDS, scene)

    assert {recipient.state for recipient in rows(Recipient)} == {"sent"}
    assert [(a.number, a.outcome) for a in rows(Attempt)] == [(1, "accepted")] * PEOPLE * ROUNDS
    assert_sound(mailed=frozenset())
