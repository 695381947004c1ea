"""The files of imports that wait for their confirmation: bounded, private, forgotten in time."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from eventmail import clock, tasks
from eventmail.domain.imports import uploads
from eventmail.errors import NotFound
from eventmail.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "imports"


def kept(folder: Path, n: int = 0, *, event_id: int = 7) -> str:
    """An upload of `n` minutes ago."""
    token = uploads.keep(folder, event_id, f"{n}.csv", b"email\n", clock.now())
    touched = (clock.now() - timedelta(minutes=n)).timestamp()
    os.utime(folder / f"{event_id}-{token}", (touched, touched))
    return token


def test_an_upload_is_kept_whole_and_for_the_owner_of_the_process_alone(folder: Path) -> None:
    token = kept(folder)
    assert uploads.data(folder, 7, token) == b"email\n"
    assert (folder / f"7-{token}").stat().st_mode & 0o077 == 0
    found = uploads.load(folder, 7, token)
    assert (found.name, found.head, found.check, found.result) == ("0.csv", None, None, None)
    assert [upload.token for upload in uploads.waiting(folder, 7)] == [token]


@pytest.mark.parametrize("token", ["a" * 16, "../../etc/passwd", "", "A" * 16])
def test_what_was_never_kept_or_belongs_to_another_event_is_not_found(folder: Path, token: str) -> None:
    mine = kept(folder)
    for event_id, asked in ((7, token), (8, mine)):
        for ask in (uploads.load, uploads.data):
            with pytest.raises(NotFound):
                ask(folder, event_id, asked)
        with pytest.raises(NotFound), uploads.alone(folder, event_id, asked):
            pass
    assert uploads.waiting(folder, 8) == []


def test_no_token_leads_out_of_the_folder(folder: Path) -> None:
    mine = folder / f"7-{kept(folder)}"
    (folder / "7-x").mkdir()
    mine.rename(folder.parent / "elsewhere")
    with pytest.raises(NotFound):
        uploads.load(folder, 7, "x/../../elsewhere")


def test_the_oldest_go_beyond_so_many(folder: Path) -> None:
    tokens = [kept(folder, uploads.MOST_KEPT + 2 - n) for n in range(uploads.MOST_KEPT + 2)]
    assert {place.name for place in folder.iterdir()} == {f"7-{token}" for token in tokens[2:]}


def test_one_that_is_being_imported_is_not_forgotten(folder: Path) -> None:
    token = kept(folder, 60 * 24 * 3)
    with uploads.alone(folder, 7, token):
        assert uploads.forget(folder, clock.now()) == 0
    assert uploads.forget(folder, clock.now()) == 1
    assert uploads.forget(folder, datetime(2000, 1, 1, tzinfo=UTC)) == 0


def test_progress_of_an_upload_that_is_gone_harms_nobody(folder: Path) -> None:
    token = kept(folder)
    uploads.note_progress(folder, 7, token, {"what": "reading", "done": 1, "of": 2})
    assert uploads.progress(folder, 7, token) == {"what": "reading", "done": 1, "of": 2}
    uploads.discard(folder, 7, token)
    uploads.note_progress(folder, 7, token, {"what": "writing", "done": 1, "of": 2})
    assert uploads.progress(folder, 7, token) is None
    assert list(folder.iterdir()) == []


def test_the_worker_forgets_old_files_by_itself(app: Flask, settings: Settings) -> None:
    recent, old = kept(settings.imports), kept(settings.imports, 60 * 24 * 3)
    assert old != recent
    tasks._sweep(app)
    assert [place.name for place in settings.imports.iterdir()] == [f"7-{recent}"]
