"""Who gets in, decided by two processes at once: an owner always stays, a link works once, tries are counted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.domain.people import accounts, colleagues, invitations, passwords, sign_in_links
from eventmail.domain.people.throttle import ACCOUNT
from eventmail.errors import DomainError, LastOwner
from eventmail.models import Invitation, LoginSession, User
from eventmail.models.account import Role
from eventmail.settings import Settings
from tests.support.budgets import budget
from tests.support.processes import race
from tests.support.seeding import Person, acting

ROUNDS = budget(20, soaked=10)
TRIES = 6  # by each of the two


@dataclass(frozen=True)
class Scene:
    """Two owners, and a token for each round."""

    owners: tuple[Person, Person]
    tokens: tuple[str, ...] = ()


@pytest.fixture
def scene(owner: Person, add_person: Any) -> Scene:
    return Scene((owner, add_person("Ove Owner", "ove@organizers.example", Role.OWNER)))


def _outcome(act: Callable[[], Any]) -> str:
    try:
        act()
    except DomainError as error:
        return type(error).__name__
    return "done"


def _go(scene: Scene, number: int, act: Callable[[Person], Any]) -> str:
    """Stop being an owner; who may not makes both owners again, so that the next round begins like this one."""
    told = _outcome(lambda: act(scene.owners[number]))
    if told == LastOwner.__name__:
        with transaction() as tx:
            tx.execute(update(User).values(role=Role.OWNER, removed_at=None))
    return told


def _steps_down(person: Person) -> None:
    colleagues.change_role(person.id, Role.ORGANIZER, acting(person))


def _leaves(person: Person) -> None:
    colleagues.remove(person.id, acting(person))


def _step_down(number: int, _turn: int, scene: Scene) -> str:
    return _go(scene, number, _steps_down)


def _leave(number: int, _turn: int, scene: Scene) -> str:
    return _go(scene, number, _leaves)


@pytest.mark.parametrize("play", [_step_down, _leave])
def test_two_owners_who_go_at_once_leave_one(
    app: Flask, settings: Settings, scene: Scene, play: Callable[[int, int, Scene], str], rows: Any
) -> None:
    rounds = race(settings.instance, [partial(play, 0), partial(play, 1)], ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [["LastOwner", "done"]] * ROUNDS
    assert [row.id for row in rows(User, User.role == Role.OWNER, User.removed_at.is_(None))] == [
        person.id for person in scene.owners
    ]


def _cheap() -> None:
    """The races are about the database, not about Argon2."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    if passwords._NOBODY.startswith("$argon2id$v=19$m=65536"):
        passwords._NOBODY = passwords._hasher.hash("nobody's")


def _join(turn: int, scene: Scene) -> str:
    _cheap()
    return _outcome(lambda: invitations.accept(scene.tokens[turn], name="Ada", password="a long password", by=acting()))


def test_an_invitation_that_two_open_at_once_makes_one_colleague(
    app: Flask, settings: Settings, scene: Scene, count: Any
) -> None:
    with app.app_context():
        by = acting(scene.owners[0])
        made = [invitations.invite(f"ada{n}@organizers.example", Role.ORGANIZER, by) for n in range(ROUNDS)]

    rounds = race(settings.instance, _join, ROUNDS, Scene(scene.owners, tuple(one.token for one in made)))

    assert [sorted(answers) for answers in rounds] == [["LinkExpired", "done"]] * ROUNDS
    assert (count(User), count(Invitation), count(LoginSession)) == (2 + ROUNDS, 0, ROUNDS)


def _open(turn: int, scene: Scene) -> str:
    return _outcome(lambda: sign_in_links.open_(scene.tokens[turn], acting()))


def test_a_sign_in_link_that_two_open_at_once_lets_one_in(
    app: Flask, settings: Settings, add_person: Any, scene: Scene, count: Any
) -> None:
    emails = [f"ada{n}@organizers.example" for n in range(ROUNDS)]
    for email in emails:
        add_person("Ada", email)
    with app.app_context():
        tokens = tuple(sign_in_links.issue(email, acting()) for email in emails)

    rounds = race(settings.instance, _open, ROUNDS, Scene(scene.owners, tokens))

    assert [sorted(answers) for answers in rounds] == [["LinkExpired", "done"]] * ROUNDS
    assert count(LoginSession) == ROUNDS


def _guess(turn: int, _scene: Scene) -> list[str]:
    _cheap()
    email = f"nobody{turn}@organizers.example"
    return [_outcome(lambda: accounts.sign_in(email, "wrong", acting())) for _ in range(TRIES)]


def test_two_who_guess_at_once_have_ten_tries_together(app: Flask, settings: Settings, scene: Scene) -> None:
    rounds = race(settings.instance, _guess, ROUNDS, scene)

    told = [sorted(one + other) for one, other in rounds]
    assert told == [["BadCredentials"] * ACCOUNT.tries + ["RateLimited"] * (2 * TRIES - ACCOUNT.tries)] * ROUNDS
