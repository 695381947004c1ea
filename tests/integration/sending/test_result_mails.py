"""The author of a scheduled message hears how it went: once, with the numbers of that moment, and only if they want."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from eventmail import tasks
from eventmail.content.not_sent import WHY
from eventmail.db import fresh, send_through, transaction
from eventmail.domain.events import lifecycle
from eventmail.domain.instance import housekeeping, live_lock
from eventmail.domain.mailings import control
from eventmail.domain.people import account_mails, accounts, colleagues, result_mails, sign_in_links
from eventmail.domain.terms import SendingTerms
from eventmail.models import AccountMail, Attempt, AuditEntry, Event, EventMember, Mailing, Recipient, Reservation, User
from eventmail.models.account import Role
from eventmail.providers.base import Permanent, Unclear
from eventmail.sending import finish
from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from eventmail.states import MailingResult, MailingState, NotSent
from tests.support import seeding
from tests.support.account_mail import outside, read
from tests.support.recording import Killed, Recording
from tests.support.scheduled import scheduled
from tests.support.seeding import Person, acting, by_link
from tests.support.time import FrozenClock

ADA, BEN, CEM = "ada@guests.example.net", "ben@guests.example.net", "cem@guests.example.net"
TERMS = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
pytestmark = pytest.mark.usefixtures("real")
MISSED = {"state": MailingState.MISSED, "why": NotSent.LATE}


@pytest.fixture
def plan(send: Any, clock: FrozenClock) -> Callable[..., Any]:
    """plan(*addresses, due=now): a message to these people that was scheduled, and whose run begins."""

    def make(*addresses: str, due: datetime | None = None, **values: Any) -> Any:
        run = send(*(addresses or (ADA,)), subject="Doors open at six")
        scheduled(run.mailing_id, due or clock.now(), **values)
        return run

    return make


@pytest.fixture
def deliver(provider: Recording, settings: Settings) -> Callable[[], list[tuple[str, str]]]:
    """deliver(): one turn of the worker: (to, subject) of the mails of this turn, without isolates."""

    def turn() -> list[tuple[str, str]]:
        fresh().expire_all()
        before = len(provider.mails)
        delivery.deliver(provider, settings)
        return [(mail.to, plain(str(read(mail.data)["Subject"]))) for mail in provider.mails[before:]]

    return turn


def plain(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "").replace("\r\n", "\n")


def text_of(provider: Recording) -> str:
    return plain(read(provider.mails[-1].data).get_content())


def tell(mailing_id: int, result: MailingResult) -> None:
    with transaction() as tx:
        result_mails.tell(tx, mailing_id, result, acting())


def of_users(user: Person, **values: Any) -> None:
    with transaction() as tx:
        tx.execute(update(User).where(User.id == user.id).values(**values))


# The run is over


def test_S14_the_author_hears_to_how_many_it_was_sent(
    plan: Any, provider: Recording, deliver: Any, organizer: Person, event_id: int, row: Any, rows: Any
) -> None:
    provider.answers[BEN] = Permanent("No such user", code="550 5.1.1")
    run = plan(ADA, BEN, CEM)
    run.drain(provider)
    assert deliver() == [(organizer.email, "Sent: “Doors open at six” to 2 of 3 guests")]
    assert "- Sent: 2\n- Failed: 1\n" in text_of(provider)
    assert f"\nhttp://127.0.0.1:8000/admin/events/{event_id}/mailings/{run.mailing_id}\n" in text_of(provider)
    mail = row(AccountMail)
    assert (mail.kind, mail.mailing_id, mail.result, mail.user_id) == ("result", run.mailing_id, "ended", organizer.id)
    assert (mail.state, mail.attempts, mail.asked_by) == ("sent", 1, None)
    log = rows(AuditEntry, AuditEntry.action.like("%_mail.%"))
    assert [(entry.actor, entry.action, entry.subject, entry.event_id, entry.detail) for entry in log] == [
        ("worker", "result_mail.sent", f"mailing:{run.mailing_id}", event_id, {"email": organizer.email})
    ]
    assert deliver() == []


def test_S14_nobody_hears_of_a_message_that_was_sent_at_once(send: Any, provider: Recording, count: Any) -> None:
    run = send(ADA)
    run.drain(provider)
    assert (run.mailing.state, count(AccountMail)) == ("finished", 0)


def test_S14_a_message_that_began_late_says_so(
    plan: Any, provider: Recording, deliver: Any, clock: FrozenClock
) -> None:
    plan(ADA, due=clock.now() - result_mails.IN_TIME).drain(provider)
    deliver()
    assert "It began late" not in text_of(provider)
    plan(BEN, due=clock.now() - result_mails.IN_TIME - timedelta(seconds=1)).drain(provider)
    deliver()
    assert "It began late, on " in text_of(provider)


def test_S14_the_numbers_are_those_of_the_time_it_leaves(
    plan: Any, provider: Recording, deliver: Any, organizer: Person, event_id: int
) -> None:
    provider.answers[ADA] = Unclear("The line was lost")
    run = plan(ADA, BEN)
    run.drain(provider)
    control.decide(event_id, run.mailing_id, control.Decision.SENT, None, terms=TERMS, by=acting(organizer))
    assert deliver() == [(organizer.email, "Sent: “Doors open at six” to 2 guests")]


@pytest.mark.parametrize("days", [0, 40])
def test_S14_another_run_over_the_failed_ends_without_a_second_mail(
    days: int, plan: Any, provider: Recording, deliver: Any, organizer: Person, event_id: int, clock: FrozenClock
) -> None:
    provider.answers[ADA] = Permanent("Spam", code="550 5.7.1")
    run = plan(ADA, BEN)
    run.drain(provider)
    assert [subject for _, subject in deliver()] == ["Sent: “Doors open at six” to 1 of 2 guests"]
    housekeeping.purge(clock.advance(days=days))
    del provider.answers[ADA]
    again = control.retry(event_id, run.mailing_id, TERMS, acting(organizer))
    with transaction() as tx:
        assert tx.scalar(select(Mailing.state).where(Mailing.id == run.mailing_id)) == "sending"
    type(run)(run.app, run.settings, run.mailing_id, again).drain(provider)
    assert (run.mailing.state, run.mailing.n_sent, deliver()) == ("finished", 2, [])


def test_S14_the_author_hears_of_a_run_whose_rest_was_cancelled_by_a_colleague(
    plan: Any, deliver: Any, provider: Recording, organizer: Person, owner: Person, event_id: int
) -> None:
    run = plan(ADA, BEN)
    control.cancel(event_id, run.mailing_id, acting(owner))
    assert deliver() == [(organizer.email, "Not sent: “Doors open at six”")]
    assert "It was sent to nobody.\n\n- Cancelled: 2\n\nIts page says why, for each of them." in text_of(provider)


@pytest.mark.parametrize(
    "end", [lifecycle.cancel, lambda event_id, by: lifecycle.archive(event_id, by, cancel_waiting=True)]
)
def test_S14_the_author_hears_of_a_run_that_the_end_of_the_event_cancelled(
    end: Any, plan: Any, deliver: Any, organizer: Person, owner: Person, event_id: int
) -> None:
    plan(ADA, BEN)
    end(event_id, acting(owner))
    assert deliver() == [(organizer.email, "Not sent: “Doors open at six”")]


def test_S14_a_message_that_is_cancelled_before_its_time_tells_nobody(
    plan: Any, owner: Person, event_id: int, count: Any
) -> None:
    run = plan(ADA, state=MailingState.SCHEDULED)
    control.cancel(event_id, run.mailing_id, acting(owner))
    assert (run.mailing.state, count(AccountMail)) == ("cancelled", 0)


# Missed and failed


def test_S14_the_author_hears_why_it_was_missed_and_later_that_it_was_sent(
    plan: Any, provider: Recording, deliver: Any, organizer: Person
) -> None:
    run = plan(ADA, **MISSED)
    tell(run.mailing_id, MailingResult.MISSED)
    tell(run.mailing_id, MailingResult.MISSED)
    assert deliver() == [(organizer.email, "Not sent: “Doors open at six”")]
    tell(run.mailing_id, MailingResult.MISSED)
    assert deliver() == []
    assert WHY[NotSent.LATE] in text_of(provider)
    with transaction() as tx:  # as its start leaves it
        tx.execute(update(Mailing).values(state=MailingState.SENDING))
    run.drain(provider)
    assert deliver() == [(organizer.email, "Sent: “Doors open at six” to 1 guest")]


def test_S14_who_decided_in_the_meantime_reads_no_old_question(
    plan: Any, deliver: Any, organizer: Person, row: Any
) -> None:
    run = plan(ADA, **MISSED)
    tell(run.mailing_id, MailingResult.MISSED)
    with transaction() as tx:
        tx.execute(update(Mailing).values(state=MailingState.CANCELLED))
    assert deliver() == []
    assert (row(AccountMail).state, row(AccountMail).last_error) == ("failed", result_mails.DECIDED)


def test_S14_the_author_hears_that_nobody_was_left(plan: Any, provider: Recording, deliver: Any) -> None:
    run = plan(ADA, state=MailingState.FAILED, why=NotSent.NO_RECIPIENTS)
    tell(run.mailing_id, MailingResult.FAILED)
    assert [subject for _, subject in deliver()] == ["Not sent: “Doors open at six”"]
    assert "No recipients matched its audience any more, so nothing left." in text_of(provider)


# Who hears of it


def test_S14_who_switched_it_off_gets_none(
    plan: Any, provider: Recording, deliver: Any, organizer: Person, count: Any
) -> None:
    result_mails.switch(acting(organizer), on=False)
    plan().drain(provider)
    assert (deliver(), count(AccountMail)) == ([], 0)


def test_S14_who_switches_it_off_before_it_leaves_gets_none(
    plan: Any, provider: Recording, deliver: Any, organizer: Person, row: Any, rows: Any
) -> None:
    plan().drain(provider)
    result_mails.switch(acting(organizer), on=False)
    assert deliver() == []
    assert (row(AccountMail).state, row(AccountMail).last_error) == ("failed", result_mails.GONE)
    assert rows(AuditEntry)[-1].action == "result_mail.failed"


def test_the_switch_is_in_the_log_once(organizer: Person, rows: Any) -> None:
    for on in (True, False, False, True):
        result_mails.switch(acting(organizer), on=on)
    found = rows(AuditEntry, AuditEntry.action == "user.mails_chosen")
    assert [(entry.actor, entry.subject, entry.detail) for entry in found] == [
        (organizer.name, f"user:{organizer.id}", {"before": {"result_mails": on}, "after": {"result_mails": not on}})
        for on in (True, False)
    ]


@pytest.mark.parametrize("after", [False, True])
def test_S14_an_author_who_is_removed_gets_none(
    *, after: bool, plan: Any, provider: Recording, deliver: Any, organizer: Person, owner: Person, rows: Any
) -> None:
    run = plan()
    if after:
        run.drain(provider)
    colleagues.remove(organizer.id, acting(owner))
    run.drain(provider)
    assert deliver() == []
    assert [row.last_error for row in rows(AccountMail)] == [result_mails.GONE] * after


def test_S14_a_message_whose_author_nobody_knows_tells_nobody(plan: Any, provider: Recording, count: Any) -> None:
    run = plan(created_by=None)
    run.drain(provider)
    assert (run.mailing.state, count(AccountMail)) == ("finished", 0)


@pytest.mark.parametrize(
    ("values", "member", "hears"),
    [({}, True, True), ({}, False, False), ({"role": Role.OWNER}, False, True)],
    ids=["a member", "no member any more", "an owner"],
)
def test_S14_only_an_author_who_sees_the_event_hears_of_it(
    *, values: Any, member: bool, hears: bool, plan: Any, provider: Recording, deliver: Any, organizer: Person,
    event_id: int,
) -> None:  # fmt: skip
    if values:
        of_users(organizer, **values)
    with transaction() as tx:
        tx.execute(update(Event).values(restricted=True))
        if member:
            tx.add(EventMember(event_id=event_id, user_id=organizer.id))
    plan().drain(provider)
    assert [to for to, _ in deliver()] == [organizer.email] * hears


def test_S14_it_goes_to_the_address_that_the_author_has_by_then(
    plan: Any, provider: Recording, deliver: Any, organizer: Person, row: Any
) -> None:
    plan().drain(provider)
    accounts.edit(by_link(organizer), "Oscar", "Oscar@elsewhere.example", acting(organizer))
    assert [to for to, _ in deliver()] == ["Oscar@elsewhere.example"]
    assert (row(AccountMail).email, row(AccountMail).address) == ("Oscar@elsewhere.example", "oscar@elsewhere.example")


@pytest.mark.parametrize(
    ("reason", "held"), [("hard_bounce", True), ("unsubscribed", True), ("manual", False), ("complaint", False)]
)
def test_F3_S14_a_dead_mailbox_or_ones_own_wish_holds_it_up_and_no_colleague_does(
    *, reason: str, held: bool, plan: Any, provider: Recording, deliver: Any, organizer: Person, row: Any
) -> None:
    plan().drain(provider)
    seeding.suppress(organizer.email, reason=reason)
    assert [to for to, _ in deliver()] == [organizer.email] * (not held)
    assert row(AccountMail).state == ("failed" if held else "sent")


def test_S14_a_sign_in_link_that_is_asked_for_or_ended_leaves_it_alone(
    plan: Any, provider: Recording, deliver: Any, organizer: Person, row: Any
) -> None:
    plan().drain(provider)
    sign_in_links.issue(organizer.email, acting())
    assert row(AccountMail).state == "queued"
    assert account_mails.newest(AccountMail.user_id, [organizer.id]) == {}
    assert len(deliver()) == 1


# What it leaves alone, and what holds it up


def test_S9_S14_it_takes_no_place_of_the_quota_and_counts_in_no_statistics(
    plan: Any, provider: Recording, deliver: Any, count: Any
) -> None:
    run = plan(ADA, BEN)
    run.drain(provider)
    before = count(Reservation), count(Recipient), count(Attempt), run.counts, run.mailing.recipient_count
    assert len(deliver()) == 1
    assert before == (1, 2, 2, {"sent": 2}, 2)
    assert before == (count(Reservation), count(Recipient), count(Attempt), run.counts, run.mailing.recipient_count)
    run.assert_balanced()


def test_S13_S14_in_practice_mode_it_is_kept_in_the_outbox_and_says_that_nothing_left(
    plan: Any, provider: Recording, deliver: Any, organizer: Person, rows: Any
) -> None:
    send_through("outbox")
    provider.name = "outbox"
    plan(ADA, BEN).drain(provider)
    assert deliver() == [(organizer.email, "Kept in the outbox, not sent: “Doors open at six” for 2 guests")]
    assert "eventmail was in practice mode, so nothing left this box.\n\n- Kept in outbox: 2\n" in text_of(provider)
    assert rows(AuditEntry)[-1].action == "result_mail.kept"


def test_S13_S14_it_does_not_leave_while_the_settings_are_in_the_way(
    plan: Any, provider: Recording, settings: Settings, row: Any
) -> None:
    plan().drain(provider)
    provider.outside, sent = True, len(provider.mails)
    delivery.deliver(provider, outside(settings.instance, base_url="http://127.0.0.1"))
    assert (len(provider.mails), row(AccountMail).state) == (sent, "failed")
    assert "EVENTMAIL_BASE_URL" in row(AccountMail).last_error


def test_H9_S14_it_does_not_leave_a_copy_and_is_in_doubt_when_that_becomes_the_live_one(
    plan: Any, provider: Recording, deliver: Any, owner: Person, settings: Settings, row: Any
) -> None:
    plan().drain(provider)
    with transaction() as tx:
        live_lock.leave(tx)
    assert (deliver(), row(AccountMail).state) == ([], "queued")
    live_lock.confirm(settings.database, acting(owner))
    assert (deliver(), row(AccountMail).state, row(AccountMail).last_error) == ([], "unknown", live_lock.DOUBT)


def test_S14_after_a_week_it_is_no_news_any_more(
    plan: Any, provider: Recording, deliver: Any, clock: FrozenClock, row: Any
) -> None:
    plan().drain(provider)
    clock.advance(days=7)
    assert (deliver(), row(AccountMail).last_error) == ([], "It waited so long that it would be no news any more")


def test_S14_a_worker_that_dies_after_the_finish_leaves_a_mail_that_goes_once(
    app: Flask, plan: Any, provider: Recording, deliver: Any, organizer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*_: Any, **__: Any) -> None:
        raise Killed

    run = plan()
    with monkeypatch.context() as patch:
        patch.setattr(finish.log, "info", dying)  # right after the commit
        with pytest.raises(Killed):
            run.drain(provider)
    assert run.mailing.state == "finished"
    tasks.tick(app)
    assert [task.name for task in app.extensions["huey"].pending()] == ["deliver"]
    assert [to for to, _ in deliver() + deliver()] == [organizer.email]


def test_S14_the_worker_rings_for_the_mail_when_the_run_is_over(app: Flask, plan: Any, provider: Recording) -> None:
    huey = app.extensions["huey"]
    run = plan()
    run.drain(provider)  # the turn of the task finds the run over
    app.extensions["ring"].call_local(run.job_id)
    assert [task.name for task in huey.pending()] == ["deliver"]
