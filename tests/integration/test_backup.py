"""Backup and restore: one file, taken at any time; what comes out of it does not send until it is confirmed (H9)."""

import io
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from eventmail import backup, clock, create_app
from eventmail.backup import CannotBackUp, CannotRestore
from eventmail.db import db, fresh
from eventmail.domain.instance import live_lock
from eventmail.errors import RoleTooLow
from eventmail.models import AuditEntry, Recipient
from eventmail.sending import journal
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.copies import drained, queue_three
from tests.support.seeding import Person


def restored(settings: Settings, file: Path, folder: Path) -> Settings:
    elsewhere = settings.model_copy(update={"instance": folder})
    elsewhere.__dict__.pop("secret", None)
    backup.restore(elsewhere, file)
    return elsewhere


def test_H9_a_restored_database_sends_nothing_until_an_owner_confirms_and_then_asks(
    app: Flask, settings: Settings, event_id: int, organizer: Person, owner: Person, tmp_path: Path
) -> None:
    job_id = queue_three(app, event_id, organizer)
    backup.write(settings, tmp_path / "b.tgz", "1", clock.now())
    elsewhere = restored(settings, tmp_path / "b.tgz", tmp_path / "elsewhere")

    assert drained(elsewhere, job_id) == ([], {"queued": 3})
    copy = create_app(elsewhere)
    with copy.app_context():
        assert not live_lock.is_live(elsewhere.database)
        with pytest.raises(RoleTooLow):
            live_lock.confirm(elsewhere.database, seeding.acting(organizer))
        assert live_lock.confirm(elsewhere.database, seeding.acting(owner)).in_doubt == 3
        assert live_lock.confirm(elsewhere.database, seeding.acting(owner)) == live_lock.Confirmed()
        assert {recipient.last_error for recipient in fresh().query(Recipient)} == {live_lock.DOUBT}
        entry = fresh().query(AuditEntry).filter_by(action="home.confirmed").one()
        assert (entry.actor, entry.detail) == (owner.name, {"in_doubt": 3})
        db.session.remove()
        db.engine.dispose()
    assert drained(elsewhere, job_id) == ([], {"unknown": 3})
    assert len(drained(settings, job_id)[0]) == 3, "the original goes on"


def test_a_backup_holds_the_database_and_the_secret_and_only_its_owner_reads_it(
    app: Flask, settings: Settings, event_id: int, tmp_path: Path
) -> None:
    file = tmp_path / "b.tgz"
    size = backup.write(settings, file, "1", clock.now())
    assert (file.stat().st_size, stat.S_IMODE(file.stat().st_mode)) == (size, 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tgz", "instance"]
    elsewhere = restored(settings, file, tmp_path / "elsewhere")
    assert elsewhere.secret == settings.secret
    assert sorted(path.name for path in elsewhere.instance.iterdir()) == ["app.sqlite", "secret.key"]
    with closing(sqlite3.connect(elsewhere.database)) as connection:
        assert connection.execute("SELECT title FROM event").fetchall() == [("Fixture Gala",)]
        assert connection.execute("SELECT place FROM home").fetchall() == [(live_lock.NOWHERE,)]


def test_a_backup_never_overwrites_and_neither_does_a_restore(app: Flask, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.tgz"
    backup.write(settings, file, "1", clock.now())
    before = file.read_bytes(), settings.database.read_bytes()
    with pytest.raises(CannotBackUp, match="exists already"):
        backup.write(settings, file, "1", clock.now())
    with pytest.raises(CannotRestore, match="is there already"):
        backup.restore(settings, file)
    assert (file.read_bytes(), settings.database.read_bytes()) == before


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for name, data in members.items():
            member = tarfile.TarInfo(name.replace("__", "/").replace("_", "."))
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        archive(),
        archive(app_sqlite=b"x"),
        archive(app_sqlite=b"x", secret_key=b"0", about_json=b"{}"),
        archive(app_sqlite=b"x" * 5000, secret_key=b"0", about_json=b'{"format": 1, "made_at": "2027-01-01T00:00:00"}'),
        archive(app_sqlite=b"", secret_key=b"", about_json=b"[]"),
        archive(app_sqlite=b"", secret_key=b"", __tmp__x=b""),
        archive(app_sqlite=b"x" * 9000)[:-20],
    ],
    ids=["empty", "text", "no members", "one", "no about", "damaged", "about", "path", "cut"],
)
def test_what_is_no_backup_of_ours_is_refused_and_leaves_nothing_behind(
    settings: Settings, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "b.tgz").write_bytes(data)
    elsewhere = settings.model_copy(update={"instance": tmp_path / "elsewhere"})
    with pytest.raises(CannotRestore, match="Nothing was changed"):
        backup.restore(elsewhere, tmp_path / "b.tgz")
    assert list(elsewhere.instance.iterdir()) == []


def test_a_backup_with_anything_else_in_it_is_refused_and_writes_nothing_elsewhere(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    backup.write(settings, tmp_path / "good.tgz", "1", clock.now())
    with tarfile.open(tmp_path / "good.tgz") as good, tarfile.open(tmp_path / "b.tgz", "w:gz") as made:
        for member in good.getmembers():
            made.addfile(member, good.extractfile(member))
        made.addfile(tarfile.TarInfo("../../evil"), io.BytesIO())
    elsewhere = settings.model_copy(update={"instance": tmp_path / "elsewhere"})
    with pytest.raises(CannotRestore, match="no backup of eventmail"):
        backup.restore(elsewhere, tmp_path / "b.tgz")
    assert (list(elsewhere.instance.iterdir()), (tmp_path / "evil").exists()) == ([], False)


@pytest.mark.parametrize(
    "secret",
    [b"", b"ab" * 31, b"not in digits" * 9, b"\xff" * 64, b"ab" * 32 + b"a"],
    ids=["empty", "short", "words", "binary", "half a digit"],
)
def test_a_backup_whose_secret_cannot_be_used_is_refused_and_leaves_nothing(
    app: Flask, settings: Settings, tmp_path: Path, secret: bytes
) -> None:
    backup.write(settings, tmp_path / "good.tgz", "1", clock.now())
    with tarfile.open(tmp_path / "good.tgz") as good:
        parts = {name.replace(".", "_"): (good.extractfile(name) or io.BytesIO()).read() for name in good.getnames()}
    (tmp_path / "b.tgz").write_bytes(archive(**parts | {"secret_key": secret}))
    elsewhere = settings.model_copy(update={"instance": tmp_path / "elsewhere"})
    with pytest.raises(CannotRestore, match="secret in this backup cannot be used"):
        backup.restore(elsewhere, tmp_path / "b.tgz")
    assert list(elsewhere.instance.iterdir()) == []


@pytest.mark.parametrize("before", [None, "ab" * 32], ids=["an empty folder", "a secret that was there"])
def test_a_restore_that_breaks_off_leaves_what_was_there(
    app: Flask, settings: Settings, tmp_path: Path, before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.write(settings, tmp_path / "b.tgz", "1", clock.now())
    elsewhere = settings.model_copy(update={"instance": tmp_path / "elsewhere"})
    elsewhere.instance.mkdir()
    if before:
        (elsewhere.instance / "secret.key").write_text(before)
    replace = Path.replace

    def refused(path: Path, target: Path) -> Path:
        if path.name == "app.sqlite":
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(OSError, match="No space left"):
        backup.restore(elsewhere, tmp_path / "b.tgz")
    assert {path.name: path.read_text() for path in elsewhere.instance.iterdir()} == (
        {"secret.key": before} if before else {}
    )


def test_a_backup_is_written_through_no_link_and_over_nothing(app: Flask, settings: Settings, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in (".b.tgz.part", "dangling.tgz", "link.tgz"):
        (shared / name).symlink_to(victim if name != "dangling.tgz" else tmp_path / "nowhere")
    for name in ("dangling.tgz", "link.tgz"):
        with pytest.raises(CannotBackUp, match="exists already"):
            backup.write(settings, shared / name, "1", clock.now())
    backup.write(settings, shared / "b.tgz", "1", clock.now())
    assert (victim.read_text(), (tmp_path / "nowhere").exists()) == ("mine", False)
    assert not (shared / "b.tgz").is_symlink()
    assert stat.S_IMODE((shared / "b.tgz").stat().st_mode) == 0o600
    assert sorted(path.name for path in shared.iterdir()) == [".b.tgz.part", "b.tgz", "dangling.tgz", "link.tgz"]


def test_a_file_that_appears_while_a_backup_is_made_is_not_overwritten(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = backup._add_text

    def meanwhile(*args: Any) -> None:
        (tmp_path / "b.tgz").write_text("somebody else's")
        add(*args)

    monkeypatch.setattr(backup, "_add_text", meanwhile)
    with pytest.raises(CannotBackUp, match="exists already"):
        backup.write(settings, tmp_path / "b.tgz", "1", clock.now())
    assert (tmp_path / "b.tgz").read_text() == "somebody else's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tgz", "instance"]


def test_S11b_a_backup_leaves_journals_out_and_what_is_restored_finds_none(
    settings: Settings, app: Flask, event_id: int, organizer: Person, tmp_path: Path
) -> None:
    job_id = queue_three(app, event_id, organizer)
    assert drained(settings, job_id)[1] == {"sent": 3}
    assert len(list(settings.instance.glob(journal.FILES))) == 1
    backup.write(settings, tmp_path / "a.backup", "1", clock.now())
    with tarfile.open(tmp_path / "a.backup") as archive:
        assert sorted(archive.getnames()) == ["about.json", "app.sqlite", "secret.key"]
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "hand-over-abcdefgh.journal").write_bytes(b"of another database")

    restored(settings, tmp_path / "a.backup", folder)

    assert sorted(path.name for path in folder.iterdir()) == ["app.sqlite", "secret.key"]
