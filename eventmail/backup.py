"""Backups: one file with the database at one instant and the secret behind its links; and restoring one (H9).

A backup may be made while mail is being sent. A restored instance does not send until an owner confirms it, since mail
that waited in the backup may have been sent after it was made.
"""

import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from eventmail import clock, files, migrations, signing
from eventmail.db import sqlite
from eventmail.domain.instance import live_lock, planned_in_copy
from eventmail.sending import journal
from eventmail.settings import Settings

DATABASE, SECRET, ABOUT = "app.sqlite", "secret.key", "about.json"
FORMAT = 1


class CannotRestore(Exception):
    """A backup can't be restored, or not here; nothing was changed."""


class CannotBackUp(Exception):
    """No backup was written; nothing was changed."""


@dataclass(frozen=True)
class Restored:
    """When the backup was made, and the messages that are scheduled in it."""

    made_at: datetime
    planned: Sequence[planned_in_copy.Planned]


def write(settings: Settings, file: Path, version: str, now: datetime) -> int:
    """Write a backup, without the outbox, to `file` for its owner alone; returns its bytes. Raises CannotBackUp."""
    if os.path.lexists(file):
        raise _taken(file)
    if not settings.database.exists():
        raise CannotBackUp(f"There is no database in {settings.instance}. Nothing was written.")
    with (
        files.draft_of(file) as (draft, out),
        tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder,
    ):
        copy = Path(folder) / DATABASE
        with closing(sqlite3.connect(settings.database, timeout=30)) as source:
            sqlite.copy(source, str(copy))
        about = {"format": FORMAT, "version": version, "made_at": now.isoformat()}
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=3) as archive:
            archive.add(copy, DATABASE)
            archive.add(settings.instance / SECRET, SECRET)
            _add_text(archive, ABOUT, json.dumps(about))
        out.flush()
        os.fsync(out.fileno())
        try:
            files.become(draft, file)
        except FileExistsError:
            raise _taken(file) from None
        files.on_disk(file.parent)
        return os.fstat(out.fileno()).st_size


def _taken(file: Path) -> CannotBackUp:
    return CannotBackUp(f"{file} exists already. Name another file; nothing was written.")


def restore(settings: Settings, file: Path) -> Restored:
    """Unpack `file` into the instance of `settings`, which must not hold a database.

    Raises CannotRestore for a file that is no backup of ours or is damaged, and for an instance with a database.
    """
    target = settings.instance
    taken = [name for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm") if (target / name).exists()]
    if taken:
        raise CannotRestore(
            f"{target / taken[0]} is there already. Move it away, or set EVENTMAIL_INSTANCE to an empty folder. "
            "Nothing was changed."
        )
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".restore-") as folder:
        unpacked = Path(folder)
        made_at = _unpack(file, unpacked)
        _check(unpacked)
        planned = _fence(unpacked)
        for name in (SECRET, DATABASE):
            (unpacked / name).chmod(0o600)
            files.on_disk(unpacked / name)
        for left in target.glob(journal.FILES):  # journals about the rows of another database (S11b)
            left.unlink()
        _move_in(unpacked, target)
    return Restored(made_at, planned)


def _move_in(unpacked: Path, target: Path) -> None:
    """Move both files or none. The database comes last: until it is there, nothing is restored."""
    before = unpacked / "secret.before"
    if os.path.lexists(target / SECRET):
        (target / SECRET).replace(before)
    try:
        (unpacked / SECRET).replace(target / SECRET)
        files.on_disk(target)
        (unpacked / DATABASE).replace(target / DATABASE)
    except BaseException:
        (target / SECRET).unlink(missing_ok=True)
        if os.path.lexists(before):
            before.replace(target / SECRET)
        raise
    files.on_disk(target)


def _unpack(file: Path, folder: Path) -> datetime:
    """Unpack our three members into `folder`, and refuse an archive with anything else; returns when it was made."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            members = {member.name: member for member in archive.getmembers()}
            if set(members) != {DATABASE, SECRET, ABOUT} or not all(member.isreg() for member in members.values()):
                raise CannotRestore(f"{file} is no backup of eventmail. Nothing was changed.")
            for name, member in members.items():
                with archive.extractfile(member) or io.BytesIO() as source, (folder / name).open("wb") as out:
                    shutil.copyfileobj(source, out)
        about = json.loads((folder / ABOUT).read_text())
        if about["format"] != FORMAT:
            raise CannotRestore(f"{file} was made by another version of eventmail. Nothing was changed.")
        return datetime.fromisoformat(about["made_at"])
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, FileNotFoundError):
            raise CannotRestore(f"There is no file {file}. Nothing was changed.") from None
        raise CannotRestore(f"{file} cannot be read: {error}. Nothing was changed.") from error


def _check(folder: Path) -> None:
    if signing.usable((folder / SECRET).read_bytes()) is None:
        raise CannotRestore("The secret in this backup cannot be used: it is damaged. Nothing was changed.")
    try:
        with closing(sqlite3.connect(folder / DATABASE)) as connection:
            found = sqlite.damage(connection)
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found is not None:
        raise CannotRestore(f"The database in this backup is damaged: {found}. Nothing was changed.")


def _fence(folder: Path) -> Sequence[planned_in_copy.Planned]:
    """Bring the copy to this version's tables, and say in it that it is not live; returns what is scheduled in it."""
    engine = create_engine(f"sqlite:///{folder / DATABASE}")
    try:
        migrations.upgrade(engine, folder / "migration.lock")
        with Session(engine) as session, session.begin():
            live_lock.leave(session)
            planned = planned_in_copy.listed(session, clock.now())
    finally:
        engine.dispose()
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        sqlite.become_one_file(connection)
    return planned


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    member, data = tarfile.TarInfo(name), text.encode()
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
