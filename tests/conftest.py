"""Fixtures: one migrated template, a fresh copy for each test, people and an event in it, clients, a clock."""

import contextlib
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement
from werkzeug.routing import Rule

import eventmail.clock
from eventmail import create_app, migrations, web
from eventmail.db import Base, db, fresh, transaction
from eventmail.domain.people import sessions
from eventmail.models.account import Role
from eventmail.settings import Settings
from eventmail.web.core.access import SESSION
from tests.support import haste, seeding, turns
from tests.support.once import made_once
from tests.support.queries import Queries, count_queries
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.web import Client

M = TypeVar("M", bound=Base)
pytest_plugins = ["tests.support.instances"]  # fixtures: running instances

# `make test` tries the same examples each time, so that what is green stays green. `make soak` looks for others.
hypothesis.settings.register_profile("test", derandomize=True, deadline=None)
hypothesis.settings.register_profile("soak", deadline=None)
hypothesis.settings.load_profile("soak" if "SOAK" in os.environ else "test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = [items[place] for place in haste.in_turn([item.nodeid for item in items], workers)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays: the garbage collector need not look through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _plain_surroundings() -> Iterator[None]:
    """Nothing of this shell's environment reaches a test, and a password hash costs next to nothing.

    A turn of the worker that a test takes itself is as long as a busy box needs.
    """
    turns.lengthen()
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("EVENTMAIL_") and name != "EVENTMAIL_CHROMIUM":
                patch.delenv(name)
        haste.hash_at_once(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _pages_registered_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", haste.compiled_once(Rule._compile_builder))
        patch.setattr(web, "register", haste.registered_once(web.register))
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLAlchemy, "_make_engine", haste.of_one_dialect(SQLAlchemy._make_engine))
        yield


@pytest.fixture(autouse=True)
def _disk_is_not_waited_for() -> Iterator[None]:
    with haste.without_disk():
        yield


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def template_database(run_folder: Path) -> Path:
    """A migrated, empty database file; copy it, never open it."""

    def make(folder: Path) -> None:
        engine = create_engine(f"sqlite:///{folder / 'app.sqlite'}")
        migrations.upgrade(engine, folder / "migration.lock")
        engine.dispose()

    return made_once(run_folder, "template-database", make) / "app.sqlite"


@pytest.fixture(scope="session")
def _template_instance(run_folder: Path, template_database: Path) -> Path:
    """An instance as it is before its first start, but for an empty queue and a secret; copy it, never use it."""

    def make(folder: Path) -> None:
        settings = Settings(instance=folder)
        shutil.copyfile(template_database, settings.database)  # else it would be migrated once more
        create_app(settings, pages=False).extensions["huey"].storage.close()
        shutil.copyfile(template_database, settings.database)

    return made_once(run_folder, "template-instance", make)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an instance of this test alone."""
    return Settings(instance=tmp_path / "instance", undo_seconds=0)


@pytest.fixture
def app(settings: Settings, _template_instance: Path) -> Iterator[Flask]:
    """The application on a fresh database. No context is pushed; ask for `in_app` where one is needed."""
    shutil.copytree(_template_instance, settings.instance, dirs_exist_ok=True)
    made = create_app(settings)
    made.testing = True
    made.test_client_class = Client
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    """An app context for the whole test, for calling commands and reads directly."""
    with app.app_context():
        yield app


@pytest.fixture
def owner(app: Flask) -> Person:
    with app.app_context():
        return seeding.add_person("Olive Owner", "olive@organizers.example", Role.OWNER)


@pytest.fixture
def organizer(app: Flask) -> Person:
    with app.app_context():
        return seeding.add_person("Oscar Organizer", "oscar@organizers.example")


@pytest.fixture
def add_person(app: Flask) -> Callable[..., Person]:
    """add_person(name, email, role=Role.ORGANIZER): another colleague."""
    return _in_context(app, seeding.add_person)


@pytest.fixture
def event_id(app: Flask, organizer: Person) -> int:
    """An open event: Fixture Gala, Europe/Berlin, on 19 June 2027 from 18:00 to 23:00."""
    with app.app_context():
        return seeding.add_event(organizer)


@pytest.fixture
def add_event(app: Flask) -> Callable[..., int]:
    """add_event(by=None, *, restricted=False, **values): another event, the Gala but for `values`."""
    return _in_context(app, seeding.add_event)


@pytest.fixture
def add_guest(app: Flask, event_id: int) -> Callable[..., int]:
    """add_guest(email="ada@example.com", *, tags=(), **values): one guest of the event, confirmed."""
    return _in_context(app, seeding.add_guest, event_id)


@pytest.fixture
def add_guests(app: Flask, event_id: int) -> Callable[..., list[int]]:
    """add_guests(n or [values, …], **common): guests of the event, confirmed."""
    return _in_context(app, seeding.add_guests, event_id)


def _in_context(app: Flask, function: Callable[..., Any], *first: Any) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with app.app_context():
            return function(*first, *args, **kwargs)

    return call


@pytest.fixture
def visitor(app: Flask) -> Client:
    """A browser that is not signed in."""
    return new_client(app)


@pytest.fixture
def client_for(app: Flask) -> Callable[[Person], Client]:
    """client_for(person): a browser in which `person` is signed in."""

    def make(person: Person) -> Client:
        client = new_client(app)
        with app.app_context(), transaction() as tx:
            token = sessions.begin(tx, person.id, seeding.acting(person), sessions.NOWHERE, by_link=True)
        with client.session_transaction() as session:
            session[SESSION] = token
            session.permanent = True
        return client

    return make


@pytest.fixture
def client(client_for: Callable[[Person], Client], organizer: Person) -> Client:
    """A browser in which the organizer is signed in; `client.submit(url, data)` posts a form with its token."""
    return client_for(organizer)


@pytest.fixture
def api_for(app: Flask) -> Callable[[Person], Client]:
    """api_for(person): a program with a token of `person` that asks for JSON."""

    def make(person: Person) -> Client:
        with app.app_context():
            token = seeding.add_api_token(person)
        client = new_client(app)
        client.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_ACCEPT": "application/json"}
        return client

    return make


@pytest.fixture
def api(api_for: Callable[[Person], Client], organizer: Person) -> Client:
    """A program with a token of the organizer."""
    return api_for(organizer)


def new_client(app: Flask) -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


@pytest.fixture
def rows(app: Flask) -> Callable[..., list[Any]]:
    """rows(Model, *where): what the database holds now, by id; detached, so attributes only."""

    def read(model: type[M], *where: ColumnElement[bool]) -> list[M]:
        with app.app_context():
            return list(fresh().scalars(select(model).where(*where).order_by(model.id)))

    return read


@pytest.fixture
def row(rows: Callable[..., list[Any]]) -> Callable[..., Any]:
    """row(Model, *where): the one row there is."""

    def read(model: type[M], *where: ColumnElement[bool]) -> M:
        found = rows(model, *where)
        assert len(found) == 1, f"{len(found)} rows of {model.__name__} instead of one"
        return found[0]

    return read


@pytest.fixture
def count(app: Flask) -> Callable[..., int]:
    """count(Model, *where): how many rows."""

    def read(model: type[M], *where: ColumnElement[bool]) -> int:
        with app.app_context():
            return fresh().scalar(select(func.count()).select_from(model).where(*where)) or 0

    return read


@pytest.fixture
def writing(app: Flask) -> Callable[[], contextlib.AbstractContextManager[Session]]:
    """`with writing() as tx:` a transaction in a context of its own, for rows that no command makes.

    Under `in_app` use `transaction()` instead: the test's own session keeps reading what it began to read.
    """

    @contextlib.contextmanager
    def begin() -> Iterator[Session]:
        with app.app_context(), transaction() as tx:
            yield tx

    return begin


@pytest.fixture(name="count_queries")
def _count_queries() -> Callable[[], contextlib.AbstractContextManager[Queries]]:
    """`with count_queries() as queries: …; len(queries)`."""
    return count_queries


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FrozenClock:
    """A clock that stands still from now on: clock.now(), clock.advance(minutes=5), clock.set(instant)."""
    frozen = FrozenClock()
    monkeypatch.setattr(eventmail.clock, "now", frozen.now)
    return frozen
