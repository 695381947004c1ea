"""The files of imports that were chosen and not confirmed yet: kept in the instance folder, bounded, then forgotten.

One folder an upload, `EVENT-TOKEN`, with the file (`data`), what is known of it (`state.json`) and how far its import
is (`progress.json`). A file goes as soon as it is imported; what came of it stays as long as the upload would have.
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
MOST_KEPT = 20  # uploads of the whole instance, 25 MB each at most; the oldest go first
_TOKEN = re.compile(r"[a-z0-9]{16}")
_DATA, _STATE, _PROGRESS = "data", "state.json", "progress.json"


@dataclass(frozen=True)
class Upload:
    """One chosen file. `check` is the report of the newest dry run, as `ImportReport.kept` gives it.

    `result` is that of the import.
    """

    token: str
    name: str
    at: datetime
    reading: Reading
    head: Head | None
    check: dict[str, Any] | None
    checked_at: datetime | None
    result: dict[str, Any] | None


def keep(folder: Path, event_id: int, name: str, data: bytes, now: datetime) -> str:
    """Keep a chosen file: its token. Forgets what is old, and the oldest beyond `MOST_KEPT`. Raises Unavailable."""
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
    """What is known of an upload of this event. Raises NotFound when it was never there or is no longer kept."""
    state = _state(folder, event_id, token)
    head, checked_at = state.get("head"), state.get("checked_at")
    return Upload(
        token,
        state["name"],
        datetime.fromisoformat(state["at"]),
        _reading(state["reading"]),
        _head(head) if head else None,
        state.get("check"),
        datetime.fromisoformat(checked_at) if checked_at else None,
        state.get("result"),
    )


def data(folder: Path, event_id: int, token: str) -> bytes:
    """The file itself, or NotFound."""
    try:
        return (_place(folder, event_id, token) / _DATA).read_bytes()
    except OSError:
        raise _gone() from None


def waiting(folder: Path, event_id: int) -> Sequence[Upload]:
    """The event's uploads that nobody has imported yet, the newest first."""
    found = []
    for place in folder.glob(f"{event_id}-*"):
        try:
            upload = load(folder, event_id, place.name.partition("-")[2])
        except NotFound:  # it went just now
            continue
        if upload.result is None:
            found.append(upload)
    return sorted(found, key=lambda upload: upload.at, reverse=True)


def note_head(folder: Path, event_id: int, token: str, head: Head) -> None:
    """Keep how the file is read, so that the page can offer to correct it."""
    _change(folder, event_id, token, head=head)


@dataclass(frozen=True)
class Checked:
    """What a dry run with this reading said, and when."""

    reading: Reading
    head: Head
    report: ImportReport
    at: datetime


def note_check(folder: Path, event_id: int, token: str, checked: Checked) -> None:
    """Keep what a dry run said."""
    check, at = checked.report.kept(), checked.at.isoformat()
    _change(folder, event_id, token, reading=checked.reading, head=checked.head, check=check, checked_at=at)


def note_result(folder: Path, event_id: int, token: str, report: ImportReport) -> None:
    """Keep what the import did, and let the file go."""
    _change(folder, event_id, token, result=report.kept())
    (_place(folder, event_id, token) / _DATA).unlink(missing_ok=True)


def note_progress(folder: Path, event_id: int, token: str, far: Mapping[str, Any]) -> None:
    """Keep how far an import is; losing it harms nobody."""
    with suppress(NotFound, Unavailable):
        _write(_place(folder, event_id, token) / _PROGRESS, far)


def progress(folder: Path, event_id: int, token: str) -> dict[str, Any] | None:
    """How far the import of this upload is, or None before it begins."""
    try:
        found: dict[str, Any] = json.loads((_place(folder, event_id, token) / _PROGRESS).read_text())
    except OSError:
        return None
    return found


@contextmanager
def alone(folder: Path, event_id: int, token: str) -> Iterator[None]:
    """One at a time: a second press of the button waits here for the first. A process that dies lets go."""
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
    """Forget an upload at once."""
    shutil.rmtree(_place(folder, event_id, token), ignore_errors=True)


def discard_waiting(folder: Path, event_id: int) -> bool:
    """Forget every upload of an event, with what was read of it: whether none is left, being imported just now."""
    for place in [*folder.glob(f"{event_id}-*"), *folder.glob(".*")]:
        with suppress(OSError), _locked(place, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(place, ignore_errors=True)
    return not any(folder.glob(f"{event_id}-*"))


def forget(folder: Path, now: datetime, room_for: int = 0) -> int:
    """Forget what was not touched for `KEPT`, and the oldest beyond what is kept at most: how many uploads.

    One that is being imported stays.
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
    except OSError:  # somebody else forgets it just now
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
    """Whole or not at all, since others read meanwhile."""
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
