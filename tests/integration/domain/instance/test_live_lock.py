"""Which database may send: a copy may not, an older one in the place of a newer one may not, a renamed one may (H9)."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from eventmail import create_app
from eventmail.db import db
from eventmail.domain.instance import live_lock
from eventmail.domain.people import colleagues
from eventmail.models import Home
from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.account_mail import PLACE, outside
from tests.support.copies import drained, live_now, queue_three
from tests.support.recording import Recording
from tests.support.seeding import Person


def older(settings: Settings, app: Flask, into: Path) -> Path:
    """A copy of the database as it is now, in one file."""
    with app.app_context():
        db.engine.dispose()
    with closing(sqlite3.connect(settings.database)) as database:
        database.execute("VACUUM INTO ?", (str(into),))
    return into


def put_back(settings: Settings, copy: Path) -> None:
    """What `cp copy app.sqlite` does: the file keeps its inode."""
    for beside in settings.instance.glob("app.sqlite-*"):
        beside.unlink()
    inode = settings.database.stat().st_ino
    settings.database.write_bytes(copy.read_bytes())
    assert settings.database.stat().st_ino == inode


def test_H9_a_copied_instance_sends_nothing_while_the_original_does(
    app: Flask, settings: Settings, event_id: int, organizer: Person, tmp_path: Path
) -> None:
    job_id = queue_three(app, event_id, organizer)
    with app.app_context():
        db.engine.dispose()
    shutil.copytree(settings.instance, tmp_path / "copy")
    copy = settings.model_copy(update={"instance": tmp_path / "copy"})

    assert drained(copy, job_id) == ([], {"queued": 3})
    assert len(drained(settings, job_id)[0]) == 3


def test_H9_an_older_database_in_the_place_of_a_newer_one_sends_nothing(
    app: Flask, settings: Settings, event_id: int, organizer: Person, owner: Person, tmp_path: Path
) -> None:
    job_id = queue_three(app, event_id, organizer)
    copy = older(settings, app, tmp_path / "older.sqlite")
    assert len(drained(settings, job_id)[0]) == 3
    put_back(settings, copy)

    for _ in range(2):  # whoever starts next finds it so, too
        assert drained(settings, job_id) == ([], {"queued": 3})
    again = create_app(settings)
    with again.app_context():
        assert live_lock.confirm(settings.database, seeding.acting(owner)) == live_lock.Confirmed(3)
        db.session.remove()
        db.engine.dispose()
    assert drained(settings, job_id) == ([], {"unknown": 3})
    assert live_now(settings), "also at the next start"


def test_H9_the_newest_database_in_its_own_place_goes_on_and_a_new_one_begins(
    app: Flask, settings: Settings, event_id: int, organizer: Person, tmp_path: Path
) -> None:
    job_id = queue_three(app, event_id, organizer)
    assert len(drained(settings, job_id)[0]) == 3
    put_back(settings, older(settings, app, tmp_path / "newest.sqlite"))
    assert live_now(settings)

    for path in settings.instance.glob("app.sqlite*"):
        path.unlink()
    assert live_now(settings)
    assert live_now(settings), "at its second start as well"


def test_H9_a_mail_about_an_account_counts_as_well(
    app: Flask, settings: Settings, organizer: Person, owner: Person, tmp_path: Path
) -> None:
    provider = Recording(outside=True, name="smtp")
    with app.app_context():
        colleagues.mail_link(organizer.id, PLACE, seeding.acting(owner))
    copy = older(settings, app, tmp_path / "older.sqlite")
    with app.app_context():
        delivery.deliver(provider, outside(settings.instance))
        db.session.remove()
        db.engine.dispose()
    assert provider.addresses == [organizer.email]
    put_back(settings, copy)
    assert not live_now(settings)


@pytest.mark.parametrize("left", [None, b"", b"not a number"], ids=["gone", "empty", "scribbled over"])
def test_H9_where_the_count_is_lost_a_database_that_has_sent_asks(
    app: Flask, settings: Settings, event_id: int, organizer: Person, left: bytes | None
) -> None:
    count = settings.database.with_name(live_lock.COUNT)
    count.unlink()
    assert live_now(settings), "nothing was ever handed over from it"

    job_id = queue_three(app, event_id, organizer)
    assert len(drained(settings, job_id)[0]) == 3
    count.unlink() if left is None else count.write_bytes(left)
    assert not live_now(settings)


def test_H9_an_instance_that_was_only_renamed_goes_on_sending(
    app: Flask, settings: Settings, event_id: int, organizer: Person, tmp_path: Path
) -> None:
    job_id = queue_three(app, event_id, organizer)
    with app.app_context():
        db.engine.dispose()
    settings.instance.rename(tmp_path / "renamed")
    assert len(drained(settings.model_copy(update={"instance": tmp_path / "renamed"}), job_id)[0]) == 3


def test_a_database_that_was_never_anywhere_is_live_where_it_starts(app: Flask, settings: Settings, row: Any) -> None:
    assert row(Home).place == live_lock.place_of(settings.database)


def test_the_pages_say_that_nothing_leaves_and_an_owner_confirms(
    app: Flask, client: Any, client_for: Callable[..., Any], owner: Person, event_id: int, writing: Any
) -> None:
    with writing() as tx:
        live_lock.leave(tx)
    assert 'data-test="copied-banner"' in client.get("/admin/events").text
    assert "Ask an owner to open this page." in client.get("/admin/live").text
    refused = client.submit("/admin/live")
    assert refused.status_code == 403
    review = client.submit(
        f"/admin/events/{event_id}/messages/review", {"subject": "a", "body": "b", "statuses": "confirmed"}
    )
    assert (review.status_code, live_lock.SENTENCE in review.text) == (400, True)

    boss = client_for(owner)
    assert boss.submit("/admin/live").status_code == 303
    assert "This is the live eventmail now." in boss.get("/admin/events").text
    assert 'data-test="copied-banner"' not in client.get("/admin/events").text
