"""Right before a mail about an account leaves: who must not get it any more does not, and the row says why."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from eventmail import tasks
from eventmail.db import transaction
from eventmail.domain.instance import live_lock
from eventmail.domain.people import account_mails, accounts, colleagues, invitations, sign_in_links
from eventmail.errors import LinkExpired
from eventmail.models import EVERYWHERE, AccountMail, Invitation, SignInLink, Suppression, User
from eventmail.models.account import Role
from eventmail.sending import pace
from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from tests.support.account_mail import ADA, PLACE, SITE, link_in, read
from tests.support.recording import Recording
from tests.support.seeding import PASSWORD, Person, acting, by_link
from tests.support.time import FrozenClock, Stopwatch


def test_F1_who_came_on_the_list_meanwhile_is_not_mailed_to(
    deliver: Any, provider: Recording, row: Any, invite: Any, state: Any, told: Any
) -> None:
    invite()
    with transaction() as tx:
        tx.add(
            Suppression(
                address=ADA.lower(), scope=EVERYWHERE, reason="unsubscribed", source="", created_at=acting().now
            )
        )
    deliver()
    assert (provider.mails, state()[0]) == ([], "failed")
    assert "do-not-mail list" in str(row(AccountMail).last_error)
    assert told()[1:] == [("worker", "account_mail.failed")]


def test_a_colleague_with_another_address_by_now_is_not_mailed_at_the_old_one(
    owner: Person, organizer: Person, deliver: Any, provider: Recording, row: Any, count: Any
) -> None:
    here = by_link(organizer)
    colleagues.mail_link(organizer.id, PLACE, acting(owner))
    accounts.edit(here, "Oscar", "oscar@elsewhere.example", acting(organizer))
    made = count(SignInLink)
    deliver()
    assert (provider.mails, row(AccountMail).state, count(SignInLink)) == ([], "failed", made)
    assert row(AccountMail).last_error == "They have another address since it was asked for"


def test_who_was_removed_meanwhile_is_not_mailed(
    owner: Person, organizer: Person, deliver: Any, provider: Recording, row: Any
) -> None:
    colleagues.mail_link(organizer.id, PLACE, acting(owner))
    with transaction() as tx:  # as if the removal had not thought of it
        tx.get_one(User, organizer.id).removed_at = acting().now
    deliver()
    assert (provider.mails, row(AccountMail).state) == ([], "failed")


@pytest.mark.parametrize(("about", "after"), [("invitation", timedelta(days=7)), ("colleague", timedelta(hours=1))])
def test_what_waited_longer_than_its_link_lives_is_not_mailed(
    *,
    about: str,
    after: timedelta,
    owner: Person,
    deliver: Any,
    provider: Recording,
    clock: FrozenClock,
    invite: Any,
    state: Any,
) -> None:
    if about == "invitation":
        invite()
    else:
        sign_in_links.ask(owner.email, PLACE, acting())
    clock.set(clock.now() + after)
    deliver()
    assert (provider.mails, state()) == ([], ("failed", 0, "It waited so long that its link would be over"))


def test_what_was_taken_back_is_not_mailed(owner: Person, deliver: Any, provider: Recording, invite: Any) -> None:
    invitations.revoke(invite(), acting(owner))
    assert (deliver(), provider.mails) == (None, [])


def test_what_was_taken_back_during_the_hand_over_has_left_and_its_link_is_dead(
    owner: Person, deliver: Any, provider: Recording, count: Any, invite: Any, told: Any
) -> None:
    made = invite()
    provider.before = lambda _mail: invitations.revoke(made, acting(owner))
    deliver()
    with pytest.raises(LinkExpired):
        invitations.accept(link_in(provider.mails[0].data)[1], name="Ada", password=PASSWORD, by=acting())
    assert (count(AccountMail), count(Invitation)) == (0, 0)
    assert told()[1:] == [("worker", "account_mail.sent")]


@pytest.mark.parametrize("wrong", ["outbox", "base url", "sender"])
def test_S13_nothing_leaves_once_the_settings_are_in_the_way(
    *, wrong: str, provider: Recording, settings: Settings, row: Any, invite: Any
) -> None:
    invite()
    changed = {"outbox": {}, "base url": {"base_url": "http://127.0.0.1"}, "sender": {"from_": "eventmail@localhost"}}
    provider.name = wrong
    delivery.deliver(provider, settings.model_copy(update=changed[wrong]))
    assert (provider.mails, row(AccountMail).state) == ([], "failed")
    words = {"outbox": account_mails.NO_SERVICE, "base url": "EVENTMAIL_BASE_URL", "sender": "EVENTMAIL_FROM"}
    assert words[wrong] in str(row(AccountMail).last_error)


def test_H9_nothing_leaves_a_copy(deliver: Any, provider: Recording, row: Any, invite: Any) -> None:
    invite()
    with transaction() as tx:
        live_lock.leave(tx)
    assert (deliver(), provider.mails, row(AccountMail).state) == (None, [], "queued")


def test_S10_it_waits_for_its_turn_of_the_pace_that_all_mails_share(
    provider: Recording, settings: Settings, monkeypatch: pytest.MonkeyPatch, invite: Any
) -> None:
    asked = []

    def none_left(wanted: int, per_second: float, _now: object) -> tuple[int, float]:
        asked.append((wanted, per_second))
        return 0, 9.0

    monkeypatch.setattr(pace, "take", none_left)
    monkeypatch.setattr(delivery, "time", Stopwatch())
    monkeypatch.setattr(delivery, "TURN_SECONDS", 2.0)
    invite()
    delivery.deliver(provider, settings.model_copy(update={"rate_per_second": 5.0}))
    assert (asked, provider.mails) == ([(1, 5.0)], [])


def test_an_address_that_cannot_stand_in_a_mail_fails_in_words(
    owner: Person, deliver: Any, provider: Recording, row: Any
) -> None:
    invitations.mail("=?utf-8?q?a?=@guests.example.net", Role.OWNER, PLACE, acting(owner))
    deliver()
    assert (provider.mails, row(AccountMail).state) == ([], "failed")
    assert "cannot stand in a mail header" in str(row(AccountMail).last_error)


def test_the_link_leads_to_the_public_address(deliver: Any, provider: Recording, invite: Any) -> None:
    invite()
    deliver()
    assert f"{SITE}/sign-in/" in read(provider.mails[0].data).get_content()


def test_the_minute_sweep_rings_for_what_nobody_rang_for(app: Flask, invite: Any) -> None:
    huey = app.extensions["huey"]
    assert (tasks.tick(app), huey.pending()) == (0, [])
    invite()
    for _ in range(2):
        tasks.tick(app)
    assert [task.name for task in huey.pending()] == ["deliver"]
