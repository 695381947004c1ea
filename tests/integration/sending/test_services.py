"""Practice and mail services one after the other: what counts as mail, what goes on, whose quota it takes (S13)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from eventmail.db import fresh, send_through, transaction
from eventmail.domain import mail_services
from eventmail.domain.audience import resolve
from eventmail.domain.mailings import control, recent
from eventmail.domain.mailings.control import Decision
from eventmail.domain.outcomes import why
from eventmail.domain.terms import SendingTerms
from eventmail.errors import NothingToDo, QuotaExceeded
from eventmail.models import Attempt, EmailEvent, Job, Mailing, Recipient, Reservation, Suppression
from eventmail.providers.base import Accepted, Permanent, Transient, Unclear
from eventmail.providers.webhook import Kind, ServiceReport
from eventmail.records import Limits, usage
from eventmail.sending import claim, drain, feedback, handover, sweep
from eventmail.sending.claim import LEASE
from eventmail.sending.settle import settle
from tests.support import seeding
from tests.support.recording import Killed, Recording, raising
from tests.support.seeding import Person
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")
PLACE = SendingTerms("https://mail.example.org", b"0" * 32, outside=False)
SMTP = "smtp"


@pytest.fixture
def by(organizer: Person, clock: FrozenClock) -> Any:
    return seeding.acting(organizer)


def forget(model: Any) -> None:
    """As in a database of before the services were noted."""
    with transaction() as tx:
        tx.execute(update(model).values(provider=None))


def smtp(**answers: Any) -> Recording:
    return Recording(answers, name=SMTP)


def services_of(run: Any) -> dict[str, str | None]:
    return {recipient.address: recipient.provider for recipient in run.recipients}


@pytest.mark.parametrize(("begun", "set_"), [("outbox", SMTP), (SMTP, "outbox")])
def test_S13_what_was_begun_with_another_service_does_not_go_on_by_itself(
    send: Callable[..., Any], event_id: int, by: Any, clock: FrozenClock, rows: Any, begun: str, set_: str
) -> None:
    send_through(begun)
    run = send(A, B)
    send_through(set_)
    other = Recording(name=set_)
    assert (run.drain(other), sweep.sweep(other, clock.now()), other.mails) == (None, [], [])
    assert run.counts == {"queued": 2}

    with pytest.raises(NothingToDo, match="nothing of it goes on by itself"):
        control.retry(event_id, run.mailing_id, PLACE, by)
    with pytest.raises(NothingToDo):
        control.retry(event_id, run.mailing_id, PLACE, by, through=begun)

    again = replace(run, job_id=control.retry(event_id, run.mailing_id, PLACE, by, through=set_))
    again.drain(other)
    assert (run.counts, other.addresses, services_of(run)) == ({"sent": 2}, [A, B], {A: set_, B: set_})
    assert [(job.run, job.state, job.provider) for job in rows(Job)] == [
        (1, "finished", begun), (2, "finished", set_),
    ]  # fmt: skip
    assert [(r.reserved, r.consumed, r.refunded) for r in rows(Reservation)] == [(2, 0, 2), (2, 2, 0)]


def test_S13_a_run_begun_elsewhere_of_which_nobody_waits_any_more_is_over(
    send: Callable[..., Any], event_id: int, by: Any, clock: FrozenClock
) -> None:
    run, waiting = send(A), send()
    with pytest.raises(Killed):
        run.drain(Recording({A: raising(Killed())}))
    send_through(SMTP)
    real = smtp()
    sweep.sweep(real, clock.now())
    assert (run.job.state, run.counts) == ("running", {"sending": 1})
    sweep.sweep(real, clock.advance(seconds=LEASE.total_seconds()))
    assert (run.job.state, run.mailing.state, run.counts) == ("finished", "finished", {"unknown": 1})
    assert (waiting.job.state, waiting.counts) == ("running", {"queued": 1}), "it still asks"
    control.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=by, through=SMTP)


def test_S13_with_its_own_service_set_again_it_goes_on(send: Callable[..., Any]) -> None:
    run, practice = send(A), Recording()
    send_through(SMTP)
    assert run.drain(smtp()) is None
    send_through("outbox")
    run.drain(practice)
    assert (run.counts, practice.addresses) == ({"sent": 1}, [A])


def test_S13_two_workers_with_different_services_each_take_their_own(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    practised = send(A)
    send_through(SMTP)
    mailed = send()
    practice, real = Recording(), smtp()
    assert [w.job_id for w in sweep.sweep(practice, clock.now())] == [practised.job_id]
    assert [w.job_id for w in sweep.sweep(real, clock.now())] == [mailed.job_id]
    for run in (practised, mailed):
        for worker in (practice, real):
            run.drain(worker)
    assert (len(practice.mails), len(real.mails)) == (1, 1)
    assert (services_of(practised), services_of(mailed)) == ({A: "outbox"}, {A: SMTP})


def test_S13_no_run_is_moved_while_a_worker_has_mails_of_it_in_hand(
    send: Callable[..., Any], event_id: int, by: Any, clock: FrozenClock
) -> None:
    run = send(*(f"g{n:02}@guests.example.net" for n in range(21)))
    with pytest.raises(Killed):
        run.drain(Recording({"g00@guests.example.net": raising(Killed())}))
    send_through(SMTP)
    with pytest.raises(NothingToDo, match="right now"):
        control.retry(event_id, run.mailing_id, PLACE, by, through=SMTP)
    settle(smtp(), clock.advance(seconds=LEASE.total_seconds()))
    assert run.counts == {"queued": 1, "unknown": 20}


def test_S5_S13_a_service_that_honours_keys_is_not_handed_what_another_one_had(
    send: Callable[..., Any], clock: FrozenClock, rows: Any
) -> None:
    run = send(A)
    with pytest.raises(Killed):
        run.drain(Recording({A: raising(Killed())}))
    send_through(SMTP)
    settle(Recording(name=SMTP, honours_keys=True), clock.advance(seconds=LEASE.total_seconds()))
    assert run.counts == {"unknown": 1}
    assert [(attempt.provider, attempt.outcome) for attempt in rows(Attempt)] == [("outbox", "unclear")]


def test_S13_failed_and_doubtful_of_a_practice_run_go_out_only_when_the_service_is_named(
    send: Callable[..., Any], event_id: int, by: Any
) -> None:
    run = send(A, B, C)
    run.drain(Recording({B: Permanent("no"), C: Unclear("lost")}))
    send_through(SMTP)
    for refused in (
        lambda: control.retry(event_id, run.mailing_id, PLACE, by),
        lambda: control.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=by),
    ):
        with pytest.raises(NothingToDo, match="begun in practice mode"):
            refused()
    assert run.counts == {"sent": 1, "failed": 1, "unknown": 1}

    real = smtp()
    replace(run, job_id=control.retry(event_id, run.mailing_id, PLACE, by, through=SMTP)).drain(real)
    job = control.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=by, through=SMTP)
    replace(run, job_id=job).drain(real)
    assert (real.addresses, services_of(run)) == ([B, C], {A: "outbox", B: SMTP, C: SMTP})
    shares = mail_services.shares(run.mailing)
    assert (shares.kept, shares.sent, shares.providers) == (1, 2, ("outbox", SMTP))


def test_S13_of_two_runs_each_outcome_is_told_with_its_own_service(
    send: Callable[..., Any], event_id: int, by: Any, clock: FrozenClock
) -> None:
    run = send(A, B)
    run.drain(Recording({B: Permanent("no")}))
    send_through(SMTP)
    replace(run, job_id=control.retry(event_id, run.mailing_id, PLACE, by, through=SMTP)).drain(smtp())
    told = {address: [story.provider for story in why.why(event_id, address).stories.items] for address in (A, B)}
    assert told == {A: ["outbox"], B: [SMTP]}
    same = recent.same_text(event_id, run.mailing.content_id, clock.now())
    assert same is not None
    assert (same[0].id, same[1]) == (run.mailing_id, 1)
    send_through("outbox")
    same = recent.same_text(event_id, run.mailing.content_id, clock.now())
    assert same is not None
    assert (same[0].id, same[1]) == (run.mailing_id, 2)


def test_S13_a_test_of_practice_is_no_test_once_mail_leaves(send: Callable[..., Any], event_id: int) -> None:
    run = send(A)
    run.drain(Recording())
    with transaction() as tx:
        tx.execute(update(Mailing).values(kind="test"))
    assert recent.tested(event_id, run.mailing.content_id) is True
    send_through(SMTP)
    assert recent.tested(event_id, run.mailing.content_id) is False


def test_S13_doubt_of_practice_is_no_doubt_about_the_mail_that_really_failed(
    send: Callable[..., Any], event_id: int, by: Any
) -> None:
    run = send(A)
    run.drain(Recording({A: Unclear("lost")}))
    send_through(SMTP)
    control.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=by, through=SMTP)
    again = replace(run, job_id=newest_run(run))
    again.drain(smtp(**{A: Transient("busy", code="451")}))
    control.cancel(event_id, run.mailing_id, by)
    assert run.states == {A: "cancelled"}


def newest_run(run: Any) -> int:
    newest = select(Job.id).where(Job.mailing_id == run.mailing_id).order_by(Job.run.desc())
    return fresh().scalars(newest).first() or 0


def test_S9_S13_practice_takes_no_place_of_a_mail_services_quota_nor_the_other_way_round(
    send: Callable[..., Any], event_id: int, by: Any, clock: FrozenClock
) -> None:
    run = send(A, B)
    run.drain(Recording({B: Permanent("no")}))
    (_, limit, day), _ = Limits(per_day=1).windows

    def used() -> int:
        return usage(fresh(), limit, day, clock.now()).used

    assert used() == 1
    send_through(SMTP)
    assert used() == 0
    terms = replace(PLACE, limits=Limits(per_day=1))
    replace(run, job_id=control.retry(event_id, run.mailing_id, terms, by, through=SMTP)).drain(smtp())
    assert used() == 1
    second = send()
    send_through("outbox")
    assert used() == 1
    with pytest.raises(QuotaExceeded):
        control.retry(event_id, second.mailing_id, terms, by, through="outbox")
    assert second.counts == {"queued": 2}


def test_S13_bounces_and_complaints_of_practice_keep_nobody_from_real_mail(
    send: Callable[..., Any], event_id: int, rows: Any, clock: FrozenClock
) -> None:
    run = send(A, B, C)
    run.drain(Recording({A: Permanent("gone", code="550 5.1.1", hard=True), B: Accepted(complained=True)}))
    assert [(entry.address, entry.scope, entry.reason) for entry in rows(Suppression)] == [
        (A, "practice", "hard_bounce"), (B, "practice", "complaint"),
    ]  # fmt: skip
    assert [event.practice for event in rows(EmailEvent)] == [True, True]
    everybody = resolve.checked(event_id, {"statuses": ["confirmed"]}, outside=False)
    assert resolve.resolve(fresh(), everybody).count == 1
    assert [entry.scope for entry in why.why(event_id, A).on_list] == ["practice"]

    send_through(SMTP)
    assert resolve.resolve(fresh(), everybody).count == 3
    assert why.why(event_id, A).on_list == ()
    real, mailed = smtp(**{A: Permanent("gone", code="550 5.1.1", hard=True)}), send()
    mailed.drain(real)
    assert real.addresses == [A, B, C]
    # the real bounce stands beside the practised one, which never stood in its place
    assert [(entry.address, entry.scope) for entry in rows(Suppression)] == [
        (A, "practice"), (B, "practice"), (A, "all"),
    ]  # fmt: skip
    assert resolve.resolve(fresh(), everybody).count == 2


def test_S13_soft_bounces_of_practice_and_of_real_mail_are_counted_apart(send: Callable[..., Any], rows: Any) -> None:
    full = Permanent("Mailbox full", code="552 5.2.2")
    send(A).drain(Recording({A: full}))
    send().drain(Recording({A: full}))
    send_through(SMTP)
    send().drain(smtp(**{A: full}))
    assert rows(Suppression) == []
    send().drain(smtp(**{A: full}))
    send().drain(smtp(**{A: full}))
    assert [(entry.address, entry.scope) for entry in rows(Suppression)] == [(A, "all")]


def test_S13_a_report_about_a_practice_mail_holds_in_practice_alone(
    send: Callable[..., Any], rows: Any, clock: FrozenClock
) -> None:
    run = send(A)
    run.drain(Recording())
    send_through(SMTP)
    key = f"{run.mailing.key}-{run.recipients[0].id}"
    feedback.take("generic", [ServiceReport("r1", Kind.BOUNCE, key, "", "", "")], clock.now())
    assert [(entry.address, entry.scope) for entry in rows(Suppression)] == [(A, "practice")]


def test_S13_what_practice_did_is_no_other_mail_of_the_last_day(
    send: Callable[..., Any], event_id: int, clock: FrozenClock
) -> None:
    run = send(A)
    run.drain(Recording())
    everybody = resolve.checked(event_id, {"statuses": ["confirmed"]}, outside=False)

    def said() -> tuple[int, bool]:
        same = recent.same_text(event_id, run.mailing.content_id, clock.now())
        return recent.recipients(everybody, clock.now()), same is not None

    assert said() == (1, True)
    send_through(SMTP)
    assert said() == (0, False)
    send().drain(smtp())
    assert said() == (1, True)
    send_through("outbox")
    assert said() == (1, True)


def test_S13_an_older_run_that_nobody_noted_a_service_of_waits_and_says_so(
    send: Callable[..., Any], event_id: int, by: Any
) -> None:
    run = send(A)
    forget(Job)
    for worker in (Recording(), smtp()):
        assert run.drain(worker) is None
    with pytest.raises(NothingToDo, match="Nobody noted which mail service"):
        control.retry(event_id, run.mailing_id, PLACE, by)
    practice = Recording()
    replace(run, job_id=control.retry(event_id, run.mailing_id, PLACE, by, through="outbox")).drain(practice)
    assert practice.addresses == [A]
    forget(Recipient)
    assert mail_services.shares(run.mailing).providers == (None, "outbox")


def test_S13_what_a_worker_of_the_service_before_had_claimed_it_neither_marks_nor_claims_again(
    send: Callable[..., Any], event_id: int, by: Any, clock: FrozenClock
) -> None:
    run, practice, real = send(A, B), Recording(), smtp()
    before = fresh().get_one(Job, run.job_id)
    sending = drain._prepare(before, practice, run.settings)
    held = claim.claim(before, clock.now())
    assert len(held) == 2

    send_through(SMTP)
    again = replace(run, job_id=control.retry(event_id, run.mailing_id, PLACE, by, through=SMTP))
    now = clock.advance(seconds=LEASE.total_seconds())
    assert claim.claim(before, now) == []
    held += claim.claim(fresh().get_one(Job, again.job_id), now)  # of this very process, for the other service
    with handover.in_flight.one_group():
        assert handover.begin(sending, held) == []
    assert run.counts == {"queued": 2}

    clock.advance(seconds=LEASE.total_seconds())
    again.drain(real)
    assert (practice.addresses, real.addresses, run.counts) == ([], [A, B], {"sent": 2})
