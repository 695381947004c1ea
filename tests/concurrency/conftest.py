"""Mailings to race for, and what must hold of them afterwards."""

import pickle
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from eventmail.db import db
from eventmail.domain.instance import live_lock
from eventmail.models import Mailing, Recipient, Reservation
from eventmail.providers.outbox import kept
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.live import PROCFILE, Live
from tests.support.once import made_once
from tests.support.planned import PLANS, scheduled
from tests.support.programs import around
from tests.support.scene import PEOPLE, ROUNDS, Scene, sent_each
from tests.support.seeding import Person


@pytest.fixture
def staged(app: Flask, settings: Settings, run_folder: Path) -> Callable[..., Any]:
    """staged(name, make): what `make()` answers, the database as it leaves it. It is called once a run.

    `name` stands for all that `make` does and for the rows that were there before.
    """

    def stage(name: str, make: Callable[[], Any]) -> Any:
        def keep(folder: Path) -> None:
            with app.app_context():
                made = make()
            (folder / "made").write_bytes(pickle.dumps(made))
            with closing(sqlite3.connect(settings.database)) as database:
                database.execute("VACUUM INTO ?", (str(folder / "app.sqlite"),))
            with closing(sqlite3.connect(folder / "app.sqlite")) as database, database:
                database.execute("DELETE FROM home")  # a copy that knew where it was made would send nothing (H9)

        kept_ = made_once(run_folder, f"stage-{name}", keep)
        with app.app_context():
            db.engine.dispose()
        for left in settings.instance.glob("app.sqlite*"):
            left.unlink()
        shutil.copyfile(kept_ / "app.sqlite", settings.database)
        with app.app_context():
            live_lock.settle_in(settings.database)
        return pickle.loads((kept_ / "made").read_bytes())

    return stage


@pytest.fixture
def scene(event_id: int, organizer: Person, staged: Callable[..., Scene]) -> Scene:
    """Three guests, and a mailing to all of them for each round."""

    def make() -> Scene:
        seeding.add_guests(event_id, PEOPLE)
        return sent_each(Scene(event_id, organizer))

    return staged("all", make)


@pytest.fixture
def scene_of_one(event_id: int, organizer: Person, staged: Callable[..., Scene]) -> Scene:
    """A guest for each round, and a mailing to that one alone."""

    def make() -> Scene:
        return sent_each(Scene(event_id, organizer, tuple(seeding.add_guests(event_id, ROUNDS))))

    return staged("one", make)


@pytest.fixture
def planned(event_id: int, organizer: Person, staged: Callable[..., Scene]) -> Scene:
    """Three guests, and a message to all of them that is due in each round."""

    def make() -> Scene:
        guests = seeding.add_guests(event_id, PEOPLE)
        return scheduled(Scene(event_id, organizer, tuple(guests)), PLANS)

    return staged("planned", make)


@pytest.fixture
def set_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """set_clock(seconds): by how much the processes are off that the test starts, from now on.

    `set_clock` has to be asked for before the first of them is started.
    """
    file = tmp_path / "offset"
    file.write_text("0")
    for name in ("web", "worker"):
        monkeypatch.setitem(PROCFILE, name, around(f"shifted {file}", PROCFILE[name]))

    def shift(seconds: float) -> None:
        draft = file.with_suffix(".new")
        draft.write_text(str(seconds))
        draft.replace(file)

    return shift


@pytest.fixture
def tick(tmp_path: Path, set_clock: object) -> Callable[[Live], None]:
    """tick(live): what the worker does by itself each minute, by the same clock; else a test would take one."""

    def run(live: Live) -> None:
        live.run(around(f"shifted {tmp_path / 'offset'}", "eventmail tick"))

    return run


@pytest.fixture
def assert_sound(settings: Settings, rows: Callable[..., list[Any]]) -> Callable[..., None]:
    """assert_sound(): counters are the rows, the ledger balances, the outbox holds one mail of each who was sent to."""

    def look(*, mailed: frozenset[str] = frozenset({"sent"})) -> None:
        recipients: dict[int, list[Any]] = {mailing.id: [] for mailing in rows(Mailing)}
        for recipient in rows(Recipient):
            recipients[recipient.mailing_id].append(recipient)
        open_ = Counter[int]()
        for entry in rows(Reservation):
            assert entry.consumed + entry.refunded <= entry.reserved
            open_[entry.mailing_id] += entry.reserved - entry.consumed - entry.refunded
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
