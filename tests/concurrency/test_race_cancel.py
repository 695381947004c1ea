"""Organizers and workers on one database file, started together at a barrier, a hundred rounds each: one winner.

Each round has a mailing of its own. Where the worker needs a claim first, it makes it in a round before the race.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import select

from eventmail import clock
from eventmail.db import fresh, transaction
from eventmail.domain import guests, mailings, runs
from eventmail.domain.contents import Text
from eventmail.domain.mailings import Message
from eventmail.domain.merge import Place
from eventmail.domain.runs import Decision
from eventmail.errors import AlreadyCancelled, AlreadySent, NothingToDo, Permanent, QuotaExceeded, Unclear
from eventmail.models import Attempt, AuditEntry, Job, Mailing, Recipient, Reservation, Suppression
from eventmail.providers.base import Accepted
from eventmail.providers.outbox import Outbox, kept
from eventmail.records import Limits
from eventmail.sending import claim, drain, handover, outcome
from eventmail.sending.claim import Claimed
from eventmail.sending.handover import Result, Sending
from eventmail.sending.settle import settle
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.processes import race
from tests.support.recording import Recording
from tests.support.seeding import Person

ROUNDS = 100
PEOPLE = 3
CLAIMED: dict[int, Any] = {}  # of this process, from the round before


@dataclass(frozen=True)
class Scene:
    """What every process needs to know: by round the guest of that round, the mailing and its job."""

    event_id: int
    organizer: Person
    guests: tuple[int, ...] = ()
    mailings: tuple[int, ...] = ()
    jobs: tuple[int, ...] = ()
    limit: int = 0

    @property
    def by(self) -> Any:
        return seeding.acting(self.organizer)

    @property
    def place(self) -> Place:
        return Place("http://127.0.0.1:8000", b"0" * 32, outside=False, limits=Limits(per_day=self.limit))


def send(scene: Scene, key: str, **audience: list[str]) -> mailings.Sent:
    message = Message(Text("Hello", "", "Hi {guest.firstName}"), audience or {"statuses": ["confirmed"]})
    return mailings.send(scene.event_id, message, key=key, place=scene.place, by=scene.by)


def outbox() -> Outbox:
    return Outbox(current_app.extensions["settings"].outbox)


def work(scene: Scene, turn: int, provider: Any = None) -> None:
    drain.drain(scene.jobs[turn], provider or outbox(), current_app.extensions["settings"])


@pytest.fixture
def scene(app: Flask, event_id: int, organizer: Person) -> Scene:
    """Three guests, and a mailing to all of them for each round."""
    with app.app_context():
        seeding.add_guests(event_id, PEOPLE)
        return sent_each(Scene(event_id, organizer))


@pytest.fixture
def scene_of_one(app: Flask, event_id: int, organizer: Person) -> Scene:
    """A guest for each round, and a mailing to that one alone."""
    with app.app_context():
        people = tuple(seeding.add_guests(event_id, ROUNDS))
        return sent_each(Scene(event_id, organizer, people))


def sent_each(scene: Scene) -> Scene:
    made = [
        send(scene, f"round-{turn}", **({"guests": [str(scene.guests[turn])]} if scene.guests else {}))
        for turn in range(ROUNDS)
    ]
    return replace(
        scene, mailings=tuple(sent.mailing_id for sent in made), jobs=tuple(sent.job_id or 0 for sent in made)
    )


@pytest.fixture
def assert_sound(settings: Settings, rows: Callable[..., list[Any]]) -> Callable[..., None]:
    """assert_sound(): counters are the rows, the ledger balances, the outbox holds one mail of each who was sent to."""

    def look(*, mailed: frozenset[str] = frozenset({"sent"})) -> None:
        recipients: dict[int, list[Any]] = {mailing.id: [] for mailing in rows(Mailing)}
        for recipient in rows(Recipient):
            recipients[recipient.mailing_id].append(recipient)
        open_ = Counter[int]()
        mailing_of = {job.id: job.mailing_id for job in rows(Job)}
        for entry in rows(Reservation):
            assert entry.consumed + entry.refunded <= entry.reserved
            open_[mailing_of[entry.job_id]] += entry.reserved - entry.consumed - entry.refunded
        keys = []
        for mailing in rows(Mailing):
            theirs = recipients[mailing.id]
            by_state = Counter(recipient.state for recipient in theirs)
            assert {str(state): number for state, number in mailing.counts.items() if number} == by_state
            assert len(theirs) == mailing.recipient_count
            assert open_[mailing.id] == by_state["queued"] + by_state["sending"]
            keys += [f"{mailing.key}-{recipient.id}" for recipient in theirs if recipient.state in mailed]
        assert sorted(mail.key for mail in kept(settings.outbox)) == sorted(keys)

    return look


# Cancelling


def _cancel(turn: int, scene: Scene) -> int | str:
    try:
        return runs.cancel(scene.event_id, scene.mailings[turn], scene.by)
    except (AlreadyCancelled, AlreadySent) as error:
        return error.code


def _work(turn: int, scene: Scene) -> None:
    work(scene, turn)


def test_S6_H4_cancel_against_the_worker_each_recipient_has_one_fate(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_cancel, _work], ROUNDS, scene)

    by_mailing = [[r.state for r in rows(Recipient, Recipient.mailing_id == id_)] for id_ in scene.mailings]
    for [cancelled, _], states in zip(rounds, by_mailing, strict=True):
        assert Counter(states) == (
            Counter(cancelled=PEOPLE) if cancelled == PEOPLE else Counter(sent=PEOPLE)
        )  # a group of three is marked whole or not at all
    assert {mailing.state for mailing in rows(Mailing)} <= {"finished", "cancelled"}
    assert_sound()


def test_S6_cancel_against_cancel_one_of_them_is_told_so(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, _cancel, ROUNDS, scene)

    assert [sorted(map(str, answers)) for answers in rounds] == [[str(PEOPLE), "ALREADY_CANCELLED"]] * ROUNDS
    assert {recipient.state for recipient in rows(Recipient)} == {"cancelled"}
    assert len(rows(AuditEntry, AuditEntry.action == "mailing.cancelled")) == ROUNDS
    assert_sound()


def _claimed_before(turn: int, scene: Scene) -> int | None:
    """Even rounds: claim. Odd rounds: the mark itself, and hand over what was marked."""
    job = fresh().get_one(Job, scene.jobs[turn // 2])
    if turn % 2 == 0:
        CLAIMED[turn] = claim.claim(job, clock.now())
        return None
    sending = drain._prepare(job, outbox(), current_app.extensions["settings"])
    with handover.in_flight.one_group():
        going = handover.begin(sending, CLAIMED[turn - 1])
        results = handover.hand_over(sending, outbox(), going, until=float("inf"))
        outcome.record(sending, outbox(), results, clock.now())
    return len(results)


def _odd(play: Callable[[int, Scene], Any], turn: int, scene: Scene) -> Any:
    return play(turn // 2, scene) if turn % 2 else None


def _cancel_odd(turn: int, scene: Scene) -> Any:
    return _odd(_cancel, turn, scene)


def test_S6_S11_cancel_against_the_mark_of_claimed_recipients_has_one_winner(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_cancel_odd, _claimed_before], 2 * ROUNDS, scene)[1::2]

    # three cancelled and nothing marked, or the other way round
    assert {tuple(answers) for answers in rounds} <= {(PEOPLE, 0), (0, PEOPLE), ("ALREADY_SENT", PEOPLE)}
    assert Counter(r.state for r in rows(Recipient)) == Counter(
        cancelled=PEOPLE * sum(1 for answers in rounds if answers[1] == 0),
        sent=PEOPLE * sum(1 for answers in rounds if answers[1]),
    ) + Counter()  # fmt: skip
    assert_sound()


def _delete_odd(turn: int, scene: Scene) -> Any:
    return _odd(lambda round_, told: guests.delete(told.event_id, told.guests[round_], told.by), turn, scene)


def test_S6_deleting_a_guest_against_the_mark_has_one_winner(
    app: Flask, settings: Settings, scene_of_one: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_delete_odd, _claimed_before], 2 * ROUNDS, scene_of_one)[1::2]

    assert {tuple(answers) for answers in rounds} <= {(1, 0), (0, 1)}
    fates = ["sent" if marked else "cancelled" for _, marked in rounds]
    assert [recipient.state for recipient in rows(Recipient)] == fates
    assert {r.last_error for r in rows(Recipient, Recipient.state == "cancelled")} <= {"guest deleted"}
    assert_sound()


def _suppress_odd(turn: int, scene: Scene) -> Any:
    """In odd rounds the state of the recipient in the transaction that put the address on the list."""
    if turn % 2:
        with transaction() as tx:
            state = tx.scalar(select(Recipient.state).where(Recipient.mailing_id == scene.mailings[turn // 2]))
            tx.add(
                Suppression(address=f"guest-{turn // 2 + 1:03}@guests.example.net", scope="all", reason="complaint",
                            source="test", created_by=None, created_at=clock.now())
            )  # fmt: skip
        return state
    return None


def test_A6_an_entry_on_the_do_not_mail_list_against_the_mark_has_one_winner(
    app: Flask, settings: Settings, scene_of_one: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_suppress_odd, _claimed_before], 2 * ROUNDS, scene_of_one)[1::2]

    fates = ["suppressed" if then == "queued" else "sent" for then, _ in rounds]
    assert [marked for _, marked in rounds] == [int(fate == "sent") for fate in fates]
    assert [recipient.state for recipient in rows(Recipient)] == fates
    assert len(rows(Suppression)) == ROUNDS
    assert_sound()


# Trying again, deciding


def _retry(turn: int, scene: Scene) -> str:
    try:
        return f"job {runs.retry(scene.event_id, scene.mailings[turn], scene.place, scene.by)}"
    except NothingToDo:
        return "nothing"


def test_S8_retry_against_retry_is_one_new_run(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    failing = Recording(answers={f"guest-{n:03}@guests.example.net": Permanent("full") for n in range(1, PEOPLE + 1)})
    with app.app_context():
        for turn in range(ROUNDS):
            work(scene, turn, failing)

    rounds = race(settings.instance, _retry, ROUNDS, scene)

    assert [sum(answer == "nothing" for answer in answers) for answers in rounds] == [1] * ROUNDS
    assert Counter(job.mailing_id for job in rows(Job)) == dict.fromkeys(scene.mailings, 2)
    assert {recipient.state for recipient in rows(Recipient)} == {"queued"}
    assert_sound()


def _send_again(turn: int, scene: Scene) -> int | None:
    try:
        job_id = runs.decide(
            scene.event_id, scene.mailings[turn], Decision.SEND_AGAIN, None, place=scene.place, by=scene.by
        )
    except NothingToDo:
        return None
    assert job_id is not None
    drain.drain(job_id, outbox(), current_app.extensions["settings"])
    return job_id


def _lost(app: Flask, scene: Scene) -> None:
    lost = Recording(answers={f"guest-{n:03}@guests.example.net": Unclear("lost") for n in range(1, ROUNDS + 1)})
    with app.app_context():
        for turn in range(ROUNDS):
            work(scene, turn, lost)


def test_S5_deciding_to_send_again_twice_is_one_run_and_one_mail(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    _lost(app, scene)

    rounds = race(settings.instance, _send_again, ROUNDS, scene)

    assert [answers.count(None) for answers in rounds] == [1] * ROUNDS
    assert Counter(job.mailing_id for job in rows(Job)) == dict.fromkeys(scene.mailings, 2)
    assert {recipient.state for recipient in rows(Recipient)} == {"sent"}
    assert_sound()


def _count_as_sent(turn: int, scene: Scene) -> str:
    try:
        runs.decide(scene.event_id, scene.mailings[turn], Decision.SENT, None, place=scene.place, by=scene.by)
    except NothingToDo:
        return "nothing"
    return "counted"


def test_S5_counting_as_sent_against_sending_again_has_one_winner(
    app: Flask, settings: Settings, scene_of_one: Scene, rows: Any
) -> None:
    _lost(app, scene_of_one)

    rounds = race(settings.instance, [_count_as_sent, _send_again], ROUNDS, scene_of_one)

    assert [(counted == "counted") != (job_id is not None) for counted, job_id in rounds] == [True] * ROUNDS
    again = sum(job_id is not None for _, job_id in rounds)
    assert (len(rows(Job)), len(kept(settings.outbox))) == (ROUNDS + again, again)
    assert {recipient.state for recipient in rows(Recipient)} == {"sent"}


# Quota


def _send_the_last(turn: int, scene: Scene) -> str:
    # each round a day of its own; one of the two read its clock a little earlier than it got to write
    by = replace(scene.by, now=clock.now() + timedelta(days=2 * turn) - timedelta(milliseconds=clock.now().microsecond))
    message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
    try:
        mailings.send(scene.event_id, message, key=by.request_id, place=scene.place, by=by)
    except QuotaExceeded:
        return "over"
    return "sent"


def test_S9_the_last_places_of_the_quota_are_given_once(
    app: Flask, settings: Settings, event_id: int, organizer: Person, add_guests: Any, rows: Any
) -> None:
    add_guests(PEOPLE)
    scene = Scene(event_id, organizer, limit=2 * PEOPLE - 1)

    rounds = race(settings.instance, _send_the_last, ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [["over", "sent"]] * ROUNDS
    assert [entry.reserved for entry in rows(Reservation)] == [PEOPLE] * ROUNDS


# Doubt


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
        return len(handover.mark(tx, sending, ids, clock.now() - timedelta(minutes=1)))


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
