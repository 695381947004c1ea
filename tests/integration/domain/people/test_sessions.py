"""Browsers that are signed in, and programs with a token: seen, listed, ended."""

import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from eventmail.db import fresh, transaction
from eventmail.db.sqlite import BUSY_TIMEOUT_MS
from eventmail.domain.instance import housekeeping
from eventmail.domain.people import accounts, api_tokens, colleagues, sessions
from eventmail.domain.people.sessions import Caller
from eventmail.errors import InvalidInput, NotFound
from eventmail.models import ApiToken, AuditEntry, LoginSession
from eventmail.models.account import Role
from eventmail.settings import Settings
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.time import FrozenClock


def begin(person: Person, user_agent: str = "") -> str:
    return accounts.sign_in(person.email, PASSWORD, acting(), Caller(user_agent=user_agent))


def session_id(token: str) -> int:
    found = sessions.find(token, acting().now)
    assert found
    return found.session_id


def see(token: str, clock: FrozenClock) -> None:
    found = sessions.find(token, clock.now())
    assert found
    sessions.seen(found, clock.now())


def test_who_is_signed_in_is_one_statement(organizer: Person, count_queries: Any) -> None:
    token = begin(organizer)
    with transaction():
        pass  # whatever was loaded before is forgotten
    with count_queries() as queries:
        found = sessions.find(token, acting().now)
        assert found
        assert (found.user.id, found.user.name, found.user.role) == (organizer.id, organizer.name, "organizer")
    assert len(queries) == 1


def test_a_session_is_noted_at_most_once_a_minute(
    organizer: Person, clock: FrozenClock, count_queries: Any, row: Any
) -> None:
    token = begin(organizer)
    began = clock.now()
    clock.advance(seconds=59)
    with count_queries() as queries:
        see(token, clock)
    assert (len(queries), row(LoginSession).seen_at) == (1, began)
    now = clock.advance(seconds=1)
    see(token, clock)
    assert row(LoginSession).seen_at == now


def issued(person: Person) -> tuple[int, str]:
    with transaction() as tx:
        return api_tokens.add(tx, person.id, "backups", acting(person))


def test_a_token_is_noted_at_first_use_and_then_at_most_once_a_minute(
    organizer: Person, clock: FrozenClock, row: Any
) -> None:
    _, token = issued(organizer)
    assert row(ApiToken).used_at is None
    seen = []
    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        found = api_tokens.find(token, acting().now)
        assert found
        api_tokens.used(found, clock.now())
        seen.append(row(ApiToken).used_at == clock.now())
    assert seen == [True, False, True]


def test_noting_never_waits_for_somebody_who_writes(
    organizer: Person, clock: FrozenClock, settings: Settings, row: Any
) -> None:
    token = begin(organizer)
    clock.advance(minutes=2)
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        fresh().connection().exec_driver_sql("PRAGMA busy_timeout=120000")  # so long a command would wait
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            see(token, clock)
        assert time.monotonic() - began < 60  # not at all, on however busy a box
        other.execute("ROLLBACK")
    assert fresh().connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_TIMEOUT_MS
    see(token, clock)
    assert row(LoginSession).seen_at == clock.now()


def test_the_list_is_ones_own_good_sessions_the_last_used_first(
    organizer: Person, owner: Person, clock: FrozenClock
) -> None:
    begin(owner)
    first, _second = begin(organizer, "first"), begin(organizer, "second")
    sessions.sign_out(begin(organizer, "third"), acting())
    clock.advance(minutes=1)
    see(first, clock)
    assert [row.user_agent for row in sessions.listed(organizer.id, clock.now())] == ["first", "second"]
    clock.advance(days=30)
    assert sessions.listed(organizer.id, clock.now()) == []


def test_one_ends_ones_own_session_and_nobody_elses(organizer: Person, owner: Person, rows: Any) -> None:
    mine, theirs = begin(organizer), begin(owner)
    with pytest.raises(NotFound):
        sessions.end_one(organizer.id, session_id(theirs), acting(organizer))
    ended = session_id(mine)
    sessions.end_one(organizer.id, ended, acting(organizer))
    with pytest.raises(NotFound):
        sessions.end_one(organizer.id, ended, acting(organizer))
    assert sessions.find(mine, acting().now) is None
    assert session_id(theirs)
    assert rows(AuditEntry)[-1].action == "session.ended"


def test_signing_out_everywhere_else_keeps_this_one_and_other_people(organizer: Person, owner: Person) -> None:
    here, there, theirs = begin(organizer), begin(organizer), begin(owner)
    assert sessions.end_others(organizer.id, session_id(here), acting(organizer)) == 1
    assert [sessions.find(token, acting().now) is None for token in (here, there, theirs)] == [False, True, False]


def test_a_long_user_agent_is_cut(organizer: Person, row: Any) -> None:
    begin(organizer, "x" * 5000)
    assert row(LoginSession).user_agent == "x" * 300


def test_a_session_that_is_long_over_is_forgotten(organizer: Person, clock: FrozenClock, count: Any) -> None:
    begin(organizer)
    clock.advance(days=32)
    housekeeping.purge(clock.now())
    assert count(LoginSession) == 0


def test_a_token_is_taken_back_by_its_owner_alone(organizer: Person, owner: Person) -> None:
    token_id, token = issued(organizer)
    with pytest.raises(NotFound):
        api_tokens.revoke(owner.id, token_id, acting(owner))
    assert api_tokens.find(token, acting().now)
    api_tokens.revoke(organizer.id, token_id, acting(organizer))
    assert api_tokens.find(token, acting().now) is None
    assert api_tokens.listed(organizer.id) == []
    with pytest.raises(NotFound):
        api_tokens.revoke(organizer.id, token_id, acting(organizer))


@pytest.mark.parametrize("name", ["", " \n\x00 ", "x" * 101])
def test_a_token_needs_a_name_of_bounded_length(organizer: Person, name: str, count: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        api_tokens.issue_to(organizer.email, name, acting(organizer))
    assert [error.field for error in refused.value.fields] == ["name"]
    assert count(ApiToken) == 0


@pytest.mark.parametrize(("role", "hours"), [(Role.OWNER, 12), (Role.ORGANIZER, 7 * 24)])
def test_a_session_ends_when_nobody_came_for_so_long(
    role: Role, hours: int, add_person: Any, clock: FrozenClock
) -> None:
    person = add_person("Ida Idle", "ida@organizers.example", role)
    token = begin(person)
    for _ in range(2):
        clock.advance(hours=hours, seconds=-1)
        present = sessions.find(token, clock.now())
        assert present
        sessions.seen(present, clock.now(), "192.0.2.1")
    assert [row.network for row in sessions.listed(person.id, clock.now())] == ["192.0.2.1"]
    clock.advance(hours=hours)
    assert sessions.find(token, clock.now()) is None
    assert sessions.listed(person.id, clock.now()) == []


def test_a_new_owner_is_idle_as_owners_are(organizer: Person, owner: Person, clock: FrozenClock) -> None:
    clock.advance(hours=13)
    assert sessions.find(begin(organizer), clock.now())
    colleagues.change_role(organizer.id, Role.OWNER, acting(owner))
    token = begin(organizer)
    clock.advance(hours=12)
    assert sessions.find(token, clock.now()) is None
