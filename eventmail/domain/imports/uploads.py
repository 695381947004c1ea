"""Uploaded guest lists, from choosing the file to its import. They lie in the instance folder for a limited time.

An upload is a folder `EVENT-TOKEN` with the file (`data`), `state.json`, and `progress.json` of the import. The file is
deleted once it is imported; the result stays as long as the upload.
"""

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eventmail import ids
from eventmail.domain.imports.csv_rows import Head, Reading
from eventmail.domain.imports.report import ImportReport
from eventmail.errors import DiskFull, NotFound, Unavailable

KEPT = timedelta(days=2)
MOST_KEPT = 20  # uploads of the whole instance, of at most 25 MB each; the oldest go first
_TOKEN = re.compile(r"[a-z0-9]{16}")
_DATA, _STATE, _PROGRESS = "data", "state.json", "progress.json"


@dataclass(frozen=True)
class Upload:
    """One chosen file. `check` and `result` are `ImportReport.kept` of the newest dry run and of the import."""

    token: str
    name: str
    at: datetime
    reading: Reading
    head: Head | None
    check: dict[str, Any] | None
    checked_at: datetime | None
    result: dict[str, Any] | None


def keep(folder: Path, event_id: int, name: str, data: bytes, now: datetime) -> str:
    """Keep a chosen file and return its token. Deletes old uploads, see `forget`. Raises Unavailable."""
    forget(folder, now, room_for=1)
    token = ids.token(16)
    made = folder / f".{token}"
    try:
        made.mkdir(parents=True, mode=0o700)
        (made / _DATA).write_bytes(data)
        _write(made / _STATE, {"name": name[:200], "at": now.isoformat(), "reading": Reading()})
        made.rename(_place(folder, event_id, token))
    except (OSError, Unavailable) as error:
        shutil.rmtree(made, ignore_errors=True)
        raise _unwritable(error) from None
    return token


def load(folder: Path, event_id: int, token: str) -> Upload:
    """The upload of this event with that token. Raises NotFound when it is unknown or no longer kept."""
    state = _state(folder, event_id, token)
    at, reading = datetime.fromisoformat(state["at"]), _reading(state["reading"])
    head = _head(state["head"]) if "head" in state else None
    checked_at = datetime.fromisoformat(state["checked_at"]) if "checked_at" in state else None
    return Upload(token, state["name"], at, reading, head, state.get("check"), checked_at, state.get("result"))


def data(folder: Path, event_id: int, token: str) -> bytes:
    """The file itself. Raises NotFound."""
    try:
        return (_place(folder, event_id, token) / _DATA).read_bytes()
    except OSError:
        raise _gone() from None


def waiting(folder: Path, event_id: int) -> Sequence[Upload]:
    """The event's uploads that are not imported yet, the newest first."""
    found = []
    for place in folder.glob(f"{event_id}-*"):
        with suppress(NotFound):  # deleted meanwhile
            found.append(load(folder, event_id, place.name.partition("-")[2]))
    return sorted((upload for upload in found if upload.result is None), key=lambda upload: upload.at, reverse=True)


def note_head(folder: Path, event_id: int, token: str, head: Head) -> None:
    """Store how the file is read, so that the page can offer to correct it."""
    _change(folder, event_id, token, head=head)


@dataclass(frozen=True)
class Checked:
    """The report of a dry run with this reading."""

    reading: Reading
    head: Head
    report: ImportReport
    at: datetime


def note_check(folder: Path, event_id: int, token: str, checked: Checked) -> None:
    """Store the report of a dry run."""
    check, at = checked.report.kept(), checked.at.isoformat()
    _change(folder, event_id, token, reading=checked.reading, head=checked.head, check=check, checked_at=at)


def note_result(folder: Path, event_id: int, token: str, report: ImportReport) -> None:
    """Store the report of the import and delete the file."""
    _change(folder, event_id, token, result=report.kept())
    (_place(folder, event_id, token) / _DATA).unlink(missing_ok=True)


def note_progress(folder: Path, event_id: int, token: str, far: Mapping[str, Any]) -> None:
    """Store how far an import is. Failing to do so harms nobody."""
    with suppress(NotFound, Unavailable):
        _write(_place(folder, event_id, token) / _PROGRESS, far)


def progress(folder: Path, event_id: int, token: str) -> dict[str, Any] | None:
    """How far the import of this upload is. None before it begins."""
    try:
        found: dict[str, Any] = json.loads((_place(folder, event_id, token) / _PROGRESS).read_text())
    except OSError:
        return None
    return found


@contextmanager
def alone(folder: Path, event_id: int, token: str) -> Iterator[None]:
    """Let one import of an upload run at a time; a second press of the button waits. The lock ends with its process."""
    try:
        with _locked(_place(folder, event_id, token), fcntl.LOCK_EX):
            yield
    except FileNotFoundError:
        raise _gone() from None


@contextmanager
def _locked(place: Path, how: int) -> Iterator[None]:
    opened = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(opened, how)
        yield
    finally:
        os.close(opened)


def discard(folder: Path, event_id: int, token: str) -> None:
    """Delete an upload."""
    shutil.rmtree(_place(folder, event_id, token), ignore_errors=True)


def discard_waiting(folder: Path, event_id: int) -> bool:
    """Delete every upload of an event. Returns False when one stays because it is being imported just now."""
    for place in [*folder.glob(f"{event_id}-*"), *folder.glob(".*")]:
        with suppress(OSError), _locked(place, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(place, ignore_errors=True)
    return not any(folder.glob(f"{event_id}-*"))


def forget(folder: Path, now: datetime, room_for: int = 0) -> int:
    """Delete uploads that were not touched for `KEPT`, and the oldest beyond `MOST_KEPT`. Returns their number.

    An upload that is being imported stays. `room_for` makes room for so many new ones.
    """
    places = sorted(((_touched(place), place) for place in folder.glob("*")), reverse=True)
    forgotten = 0
    for n, (at, place) in enumerate(places):
        if at < now - KEPT or n >= MOST_KEPT - room_for:
            with suppress(OSError), _locked(place, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(place, ignore_errors=True)
                forgotten += 1
    return forgotten


def _touched(place: Path) -> datetime:
    try:
        return datetime.fromtimestamp(place.stat().st_mtime, UTC)
    except OSError:  # deleted meanwhile
        return datetime.min.replace(tzinfo=UTC)


def _place(folder: Path, event_id: int, token: str) -> Path:
    if not _TOKEN.fullmatch(token):
        raise _gone()
    return folder / f"{event_id}-{token}"


def _gone() -> NotFound:
    return NotFound("This file is no longer kept. Nothing was imported from here; choose the file again.")


def _state(folder: Path, event_id: int, token: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((_place(folder, event_id, token) / _STATE).read_text())
    except OSError:
        raise _gone() from None
    return found


def _change(folder: Path, event_id: int, token: str, **values: Any) -> None:
    _write(_place(folder, event_id, token) / _STATE, _state(folder, event_id, token) | values)


def _write(path: Path, value: Any) -> None:
    """Write the file whole or not at all, since others read it meanwhile."""
    beside = path.with_name(f".{path.name}.{ids.token(6)}")
    try:
        beside.write_text(json.dumps(value))
        beside.replace(path)
    except FileNotFoundError:
        raise _gone() from None
    except OSError as error:
        raise _unwritable(error) from None


def _unwritable(error: OSError | Unavailable) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    return DiskFull() if error.errno in (errno.ENOSPC, errno.EDQUOT) else Unavailable()


def _reading(kept: Sequence[Any]) -> Reading:
    encoding, delimiter, columns = kept
    return Reading(encoding, delimiter, None if columns is None else tuple(columns))


def _head(kept: Sequence[Any]) -> Head:
    encoding, delimiter, headings, columns, samples = kept
    return Head(encoding, delimiter, tuple(headings), tuple(columns), tuple(map(tuple, samples)))
