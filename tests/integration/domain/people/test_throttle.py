"""Who is wrong too often waits, and nobody else."""

import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import fresh, transaction
from eventmail.domain.instance import housekeeping
from eventmail.domain.people import accounts, invitations, sign_in_links, throttle
from eventmail.domain.people.sessions import Caller
from eventmail.domain.people.throttle import ACCOUNT, BEARER, CALENDAR, LINK, NETWORK
from eventmail.errors import BadCredentials, LinkExpired, RateLimited
from eventmail.models import AuditEntry, Throttle
from eventmail.settings import Settings
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.time import FrozenClock

HOME = Caller(network="192.0.2.1")


def sign_in(email: str, password: str = "wrong", caller: Caller = HOME) -> str:
    return accounts.sign_in(email, password, acting(), caller)


def exhaust(email: str) -> None:
    for _ in range(ACCOUNT.tries):
        with pytest.raises(BadCredentials):
            sign_in(email)


@pytest.mark.parametrize("email", ["oscar@organizers.example", "nobody@organizers.example"])
def test_ten_wrong_passwords_close_an_address_for_the_window_whether_or_not_it_is_known(
    email: str, organizer: Person, clock: FrozenClock
) -> None:
    exhaust(email)
    clock.advance(minutes=4, seconds=30)
    with pytest.raises(RateLimited) as refused:
        sign_in(email.upper(), PASSWORD)
    assert refused.value.retry_after == 630
    assert "Wait 11 minutes and try again" in refused.value.detail


def test_who_is_the_right_person_gets_in_after_the_window_however_often_it_was_tried_meanwhile(
    organizer: Person, clock: FrozenClock
) -> None:
    exhaust(organizer.email)
    clock.advance(seconds=899)
    for _ in range(3):
        with pytest.raises(RateLimited):
            sign_in(organizer.email, PASSWORD)
    clock.advance(seconds=1)
    assert sign_in(organizer.email, PASSWORD)


def test_a_one_time_link_lets_in_while_the_password_is_closed(organizer: Person, clock: FrozenClock) -> None:
    exhaust(organizer.email)
    assert sign_in_links.open_(sign_in_links.issue(organizer.email, acting()), acting(), HOME)


def test_the_right_password_starts_the_count_anew(organizer: Person, clock: FrozenClock) -> None:
    for _ in range(3):
        for _ in range(ACCOUNT.tries - 1):
            with pytest.raises(BadCredentials):
                sign_in(organizer.email)
        sign_in(organizer.email, PASSWORD)


def test_one_network_is_closed_after_fifty_and_others_are_not(organizer: Person, clock: FrozenClock) -> None:
    for n in range(NETWORK.tries):
        with pytest.raises(BadCredentials):
            sign_in(f"nobody{n}@organizers.example")
    with pytest.raises(RateLimited):
        sign_in(organizer.email, PASSWORD)
    assert sign_in(organizer.email, PASSWORD, Caller(network="192.0.2.2"))


def test_whoever_signs_in_does_not_use_up_the_network_and_does_not_clear_it(
    organizer: Person, clock: FrozenClock, row: Any
) -> None:
    with pytest.raises(BadCredentials):
        sign_in("nobody@organizers.example")
    for _ in range(3):
        sign_in(organizer.email, PASSWORD)
    assert row(Throttle, Throttle.scope == "network").tries == 1


def test_a_try_that_is_refused_counts_nowhere(organizer: Person, clock: FrozenClock, row: Any) -> None:
    exhaust(organizer.email)
    with pytest.raises(RateLimited):
        sign_in(organizer.email)
    assert row(Throttle, Throttle.scope == "network").tries == ACCOUNT.tries


def test_links_nobody_made_are_counted_and_good_ones_never_refused(organizer: Person, clock: FrozenClock) -> None:
    for n in range(LINK.tries // 2):
        with pytest.raises(LinkExpired):
            sign_in_links.open_(f"made-up-{n}", acting(), HOME)
        with pytest.raises(LinkExpired):
            invitations.accept(f"made-up-{n}", name="Eve", password=PASSWORD, by=acting(), caller=HOME)
    with pytest.raises(RateLimited):
        sign_in_links.open_("made-up", acting(), HOME)
    assert sign_in_links.open_(sign_in_links.issue(organizer.email, acting()), acting(), HOME)


def test_the_table_forgets_what_is_over(clock: FrozenClock, rows: Any) -> None:
    for n in range(3):
        throttle.take({BEARER: f"192.0.2.{n}"}, acting())
    clock.advance(seconds=throttle.WINDOW.total_seconds())
    throttle.take({BEARER: "192.0.2.9"}, acting())
    assert [row.tries for row in rows(Throttle)] == [1]
    assert housekeeping.purge(clock.now() + timedelta(minutes=15)) == 1
    assert rows(Throttle) == []


def test_nothing_that_was_typed_is_kept_readable(organizer: Person, clock: FrozenClock, rows: Any) -> None:
    with pytest.raises(BadCredentials):
        sign_in("my-password-in-the-wrong-field")
    assert [(row.scope, len(row.key)) for row in rows(Throttle)] == [("account", 64), ("network", 64)]


def test_two_requests_that_are_the_first_to_be_refused_tell_the_log_once(organizer: Person, rows: Any) -> None:
    exhaust(organizer.email)
    key = throttle._keys({ACCOUNT: organizer.email})[ACCOUNT]
    for _ in range(2):
        throttle._tell(ACCOUNT, key, {ACCOUNT: organizer.email, NETWORK: HOME.network}, acting())
    told = rows(AuditEntry, AuditEntry.action == "throttle.closed")
    assert [(entry.subject, entry.detail["network"]) for entry in told] == [(f"user:{organizer.id}", HOME.network)]


def test_K3_1000_made_up_calendar_links_a_minute_close_a_network_for_that_minute(clock: FrozenClock, rows: Any) -> None:
    tries = {CALENDAR: HOME.network}
    throttle.note(tries, acting())
    assert CALENDAR.tries == 1_000
    with transaction() as tx:
        tx.execute(update(Throttle).values(tries=CALENDAR.tries - 1))
    clock.advance(seconds=20)
    throttle.note(tries, acting())
    with pytest.raises(RateLimited, match=r"were wrong\. Wait a minute and try again\.$") as refused:
        throttle.note(tries, acting())
    assert refused.value.retry_after == 40
    throttle.note({CALENDAR: "192.0.2.2"}, acting())
    clock.advance(seconds=40)
    throttle.note(tries, acting())
    assert sorted(row.tries for row in rows(Throttle)) == [1, 1]


@pytest.mark.parametrize("limit", [BEARER, CALENDAR])
def test_what_is_refused_anyway_is_refused_while_somebody_writes_too(
    settings: Settings, limit: throttle.Limit, rows: Any
) -> None:
    """Whoever only reads waits for nobody who writes: strangers could fill every thread while a list is imported."""
    tries = {limit: HOME.network}
    began = time.monotonic()
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        fresh().connection().exec_driver_sql("PRAGMA busy_timeout=120000")  # so long a command would wait
        throttle.note(tries, acting())
        other.execute("ROLLBACK")
        assert rows(Throttle) == []
        throttle.note(tries, acting())
        with transaction() as tx:
            tx.execute(update(Throttle).values(tries=limit.tries))
        other.execute("BEGIN IMMEDIATE")
        fresh().connection().exec_driver_sql("PRAGMA busy_timeout=120000")
        with pytest.raises(RateLimited):
            throttle.note(tries, acting())
        other.execute("ROLLBACK")
    assert time.monotonic() - began < 60  # not at all, on however busy a box
    assert rows(AuditEntry, AuditEntry.action == "throttle.closed") == []
    with pytest.raises(RateLimited):
        throttle.note(tries, acting())
    assert len(rows(AuditEntry, AuditEntry.action == "throttle.closed")) == 1
