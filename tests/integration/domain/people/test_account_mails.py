"""Asking for a mail about an account: once while one waits, never to who must not get it, and no token anywhere."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from eventmail.db import transaction
from eventmail.domain.instance import housekeeping, live_lock
from eventmail.domain.people import account_mails, accounts, colleagues, invitations, sign_in_links
from eventmail.errors import (
    AlreadyRegistered,
    InvalidInput,
    NoRecipients,
    NotFound,
    RoleTooLow,
)
from eventmail.models import EVERYWHERE, AccountMail, AuditEntry, Invitation, Suppression
from eventmail.models.account import Role
from eventmail.settings import Settings
from tests.support.account_mail import ADA, PLACE
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.time import FrozenClock

IN_THE_WAY = {
    "no service": (replace(PLACE, connected=False), "No mail service is connected"),
    "no address": (replace(PLACE, hindrances=("The sender has no address.",)), "The sender has no address."),
}


def mail(email: str = ADA, role: Role = Role.ORGANIZER, *, by: Person, terms: Any = PLACE) -> invitations.Mailed:
    return invitations.mail(email, role, terms, acting(by))


def listed(address: str, scope: str = EVERYWHERE, reason: str = "hard_bounce") -> None:
    with transaction() as tx:
        tx.add(Suppression(address=address, scope=scope, reason=reason, source="", created_at=acting().now))


def entries(rows: Callable[..., Any]) -> list[tuple[str, str, Any]]:
    found = rows(AuditEntry, AuditEntry.action.like("account_mail.%"))
    return [(row.actor, row.action, row.detail.get("email") or row.detail.get("reason")) for row in found]


# Invitations


def test_an_invitation_that_is_mailed_waits_in_the_queue_without_a_token(owner: Person, row: Any, rows: Any) -> None:
    made = mail(by=owner)
    waiting = row(AccountMail)
    assert (waiting.kind, waiting.invitation_id, waiting.user_id) == ("invitation", made.id, None)
    assert (waiting.email, waiting.address, waiting.state) == (ADA, ADA.lower(), "queued")
    assert (waiting.asked_by, waiting.attempts, made.anew) == (owner.id, 0, True)
    assert [news.state for news in (p.mail for p in invitations.pending()) if news] == ["queued"]
    assert entries(rows) == [("Olive Owner", "account_mail.asked", ADA)]


def test_a_second_invitation_while_one_waits_does_not_mail_twice(owner: Person, row: Any) -> None:
    first = mail(by=owner)
    second = mail(ADA.upper(), Role.OWNER, by=owner)
    assert (first.anew, second.anew, first.id == second.id) == (True, False, True)
    assert row(AccountMail).invitation_id == first.id
    assert row(Invitation).role == Role.OWNER


@pytest.mark.parametrize("about", ["invitation", "user"])
@pytest.mark.parametrize("state", ["queued", "sending"])
def test_the_database_takes_one_waiting_mail_for_each(about: str, state: str, owner: Person, row: Any) -> None:
    mail(by=owner)
    colleagues.mail_link(owner.id, PLACE, acting(owner))
    kind = "invitation" if about == "invitation" else "sign_in"
    waiting = row(AccountMail, AccountMail.kind == kind)
    values = {column.name: getattr(waiting, column.name) for column in AccountMail.__table__.columns}
    claim = acting().now if state == "sending" else None
    with pytest.raises(IntegrityError, match="UNIQUE"), transaction() as tx:
        tx.execute(insert(AccountMail).values(values | {"id": 99, "state": state, "claim_until": claim}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "letter"}, {"state": "lost"}, {"kind": "sign_in"}, {"user_id": 1}, {"invitation_id": None},
        {"attempts": -1}, {"claim_until": "now"}, {"state": "sending"},
    ],
)  # fmt: skip
def test_the_database_refuses_a_mail_that_cannot_be(wrong: dict[str, Any], owner: Person, row: Any) -> None:
    mail(by=owner)
    waiting = row(AccountMail)
    values = {column.name: getattr(waiting, column.name) for column in AccountMail.__table__.columns}
    if wrong.get("claim_until"):
        wrong = {"claim_until": acting().now}
    with transaction() as tx:
        tx.delete(tx.get_one(AccountMail, waiting.id))
    with pytest.raises(IntegrityError, match="CHECK"), transaction() as tx:
        tx.execute(insert(AccountMail).values(values | wrong))


def test_a_link_that_was_handed_over_stays_good_until_the_mail_leaves(owner: Person) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    mail(by=owner)
    assert invitations.find(made.token, acting())


def test_a_link_that_was_too_old_does_not_come_back_by_a_mail(owner: Person, clock: FrozenClock) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    clock.advance(days=8)
    mail(by=owner)
    assert invitations.find(made.token, acting()) is None


def test_a_link_made_to_hand_over_takes_the_mail_out_of_the_queue(owner: Person, row: Any, rows: Any) -> None:
    mail(by=owner)
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    assert (row(AccountMail).state, row(AccountMail).last_error) == ("failed", invitations.HANDED_OVER)
    assert invitations.find(made.token, acting())
    assert entries(rows)[1:] == [("Olive Owner", "account_mail.failed", invitations.HANDED_OVER)]
    assert mail(by=owner).anew


def test_what_is_taken_back_takes_its_mail_along(owner: Person, count: Any) -> None:
    invitations.revoke(mail(by=owner).id, acting(owner))
    assert count(AccountMail) == 0


def test_inviting_by_mail_is_refused_as_inviting_is(owner: Person, organizer: Person, count: Any) -> None:
    with pytest.raises(AlreadyRegistered):
        mail(organizer.email.upper(), by=owner)
    with pytest.raises(InvalidInput):
        mail("no address", by=owner)
    with pytest.raises(RoleTooLow):
        mail(by=organizer)
    assert (count(AccountMail), count(Invitation)) == (0, 0)


# What is in the way


@pytest.mark.parametrize(("terms", "words"), IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_S13_nothing_is_asked_for_while_something_is_in_the_way(
    terms: Any, words: str, owner: Person, count: Any
) -> None:
    for ask in (
        lambda: mail(by=owner, terms=terms),
        lambda: colleagues.mail_link(owner.id, terms, acting(owner)),
        lambda: sign_in_links.ask(owner.email, terms, acting()),
    ):
        with pytest.raises(NoRecipients, match=words):
            ask()
    assert (count(AccountMail), count(Invitation)) == (0, 0)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("hard_bounce", "mail to it bounced"),
        ("unsubscribed", "its owner unsubscribed"),
    ],
)
def test_F1_who_is_on_the_list_of_all_events_is_not_mailed_to_and_the_owner_reads_why(
    reason: str, words: str, owner: Person, organizer: Person, count: Any
) -> None:
    for address in (ADA.lower(), organizer.email):
        listed(address, reason=reason)
    with pytest.raises(NoRecipients, match=words):
        mail(by=owner)
    with pytest.raises(NoRecipients, match=words):
        colleagues.mail_link(organizer.id, PLACE, acting(owner))
    assert (count(AccountMail), count(Invitation)) == (0, 0)
    assert invitations.invite(ADA, Role.ORGANIZER, acting(owner))


@pytest.mark.parametrize("reason", ["manual", "import", "complaint"])
def test_F3_what_colleagues_and_reports_put_on_the_list_keeps_nobody_out_of_their_account(
    reason: str, owner: Person, organizer: Person, count: Any
) -> None:
    for address in (ADA.lower(), organizer.email):
        listed(address, reason=reason)
    assert mail(by=owner).anew
    assert colleagues.mail_link(organizer.id, PLACE, acting(owner))
    assert count(AccountMail) == 2


def test_F1_leaving_the_mail_of_an_event_says_nothing_about_account_mail(owner: Person, event_id: int) -> None:
    listed(ADA.lower(), str(event_id), "unsubscribed")
    assert mail(by=owner).anew


# Sign-in links


def test_an_owner_mails_a_colleague_a_link_once_while_it_waits(owner: Person, organizer: Person, row: Any) -> None:
    assert colleagues.mail_link(organizer.id, PLACE, acting(owner))
    assert not colleagues.mail_link(organizer.id, PLACE, acting(owner))
    assert (row(AccountMail).user_id, row(AccountMail).email) == (organizer.id, organizer.email)
    assert [news.state for news in (c.mail for c in colleagues.listed(page=1, size=9).items) if news] == ["queued"]


def test_only_owners_mail_links_and_only_to_colleagues(owner: Person, organizer: Person, count: Any) -> None:
    with pytest.raises(RoleTooLow):
        colleagues.mail_link(owner.id, PLACE, acting(organizer))
    colleagues.remove(organizer.id, acting(owner))
    for nobody in (organizer.id, 99):
        with pytest.raises(NotFound):
            colleagues.mail_link(nobody, PLACE, acting(owner))
    assert count(AccountMail) == 0


@pytest.mark.parametrize("then", ["handed over", "by the console", "new password", "removed"])
def test_a_waiting_mail_is_overtaken(then: str, owner: Person, organizer: Person, row: Any) -> None:
    colleagues.mail_link(organizer.id, PLACE, acting(owner))
    if then == "handed over":
        colleagues.issue_link(organizer.id, acting(owner))
    elif then == "by the console":
        sign_in_links.issue(organizer.email, acting())
    elif then == "removed":
        colleagues.remove(organizer.id, acting(owner))
    else:
        accounts.sign_in(organizer.email, PASSWORD, acting())
        accounts.change_password(1, PASSWORD, "another long password", acting(organizer))
    assert (row(AccountMail).state, row(AccountMail).last_error) == ("failed", sign_in_links.OVERTAKEN)


def test_the_news_about_a_link_goes_when_the_colleague_is_here_again(
    owner: Person, organizer: Person, clock: FrozenClock
) -> None:
    colleagues.mail_link(organizer.id, PLACE, acting(owner))
    colleagues.issue_link(organizer.id, acting(owner))
    assert [row.mail.state for row in colleagues.listed(page=1, size=9).items if row.mail] == ["failed"]
    clock.advance(seconds=1)
    accounts.sign_in(organizer.email, PASSWORD, acting())
    assert [row.mail for row in colleagues.listed(page=1, size=9).items] == [None, None]


# Later


def test_H9_what_waited_in_a_copy_is_in_doubt_when_it_is_confirmed(
    owner: Person, settings: Settings, rows: Any
) -> None:
    mail(by=owner)
    with transaction() as tx:
        live_lock.leave(tx)
    live_lock.confirm(settings.database, acting(owner))
    assert [(row.state, row.last_error) for row in rows(AccountMail)] == [("unknown", live_lock.DOUBT)]


def test_old_news_is_forgotten_and_what_waits_never_is(
    owner: Person, organizer: Person, clock: FrozenClock, rows: Any
) -> None:
    mail(by=owner)
    colleagues.mail_link(organizer.id, PLACE, acting(owner))
    colleagues.issue_link(organizer.id, acting(owner))
    housekeeping.purge(clock.advance(days=30))
    assert len(rows(AccountMail)) == 2
    housekeeping.purge(clock.now() + timedelta(seconds=1))
    assert [row.kind for row in rows(AccountMail)] == ["invitation"]


def test_news_of_many_costs_one_query(owner: Person, organizer: Person, count_queries: Any) -> None:
    mail(by=owner)
    for person in (owner, organizer):
        colleagues.mail_link(person.id, PLACE, acting(owner))
    with count_queries() as queries:
        found = account_mails.newest(AccountMail.user_id, [owner.id, organizer.id, 99])
    assert (len(queries), sorted(found, key=str)) == (1, [owner.id, organizer.id])
