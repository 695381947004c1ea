"""Two processes that import the same guest list at once: nobody is on it twice."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app

from eventmail import clock
from eventmail.domain.imports import csv_rows, run
from eventmail.domain.imports import uploads as import_uploads
from eventmail.models import AuditEntry, Guest, GuestField, GuestTag
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.processes import race
from tests.support.seeding import Person

ROUNDS = 25


@dataclass(frozen=True)
class Scene:
    """What every process needs to know."""

    event_id: int
    organizer: Person
    token: str = ""
    uploads: tuple[str, ...] = ()


def guest_list(turn: int) -> bytes:
    """Twenty guests of this round, two of them at one address, and a column of its own."""
    people = [f"g{turn}-{n}@x.test,Guest {n},vip,{n}" for n in range(18)]
    couple = [f"pair{turn}@x.test,Ana Ruiz,,1", f"pair{turn}@x.test,Tom Ruiz,,2"]
    return "\n".join([f"email,name,tags,Table {turn}", *people, *couple, ""]).encode()


@pytest.fixture
def scene(app: Flask, event_id: int, organizer: Person) -> Scene:
    return Scene(event_id, organizer)


def _import(turn: int, scene: Scene) -> tuple[int, int, int]:
    report = run.run(scene.event_id, guest_list(turn), seeding.acting(scene.organizer))
    return report.created, report.updated, report.unchanged


def test_A7_two_imports_of_one_file_make_each_guest_once(
    settings: Settings, scene: Scene, rows: Any, count: Any
) -> None:
    rounds = race(settings.instance, _import, ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [[(0, 0, 20), (20, 0, 0)]] * ROUNDS
    people = Counter((guest.address, guest.full_name) for guest in rows(Guest))
    assert (len(people), set(people.values())) == (20 * ROUNDS, {1})
    assert (count(GuestField), count(GuestTag)) == (ROUNDS, 18 * ROUNDS)


def _press(turn: int, scene: Scene) -> int:
    client = current_app.test_client()
    headers = {"Authorization": f"Bearer {scene.token}", "Accept": "text/html"}
    where = f"/admin/events/{scene.event_id}/guests/import/{scene.uploads[turn]}"
    return client.post(where, data={"action": "import"}, headers=headers).status_code


def test_two_presses_of_import_import_once(app: Flask, settings: Settings, scene: Scene, rows: Any, count: Any) -> None:
    with app.app_context():
        token = seeding.add_api_token(scene.organizer)
        uploads = tuple(_kept(settings.imports, scene, turn) for turn in range(import_uploads.MOST_KEPT // 2))
    race_scene = Scene(scene.event_id, scene.organizer, token, uploads)

    rounds = race(settings.instance, _press, len(uploads), race_scene, pages=True)

    assert rounds == [[303, 303]] * len(uploads)
    assert count(AuditEntry, AuditEntry.action == "guests.imported") == len(uploads)
    results = [import_uploads.load(settings.imports, scene.event_id, upload).result for upload in uploads]
    assert [result and result["created"] for result in results] == [20] * len(uploads)
    assert len(rows(Guest)) == 20 * len(uploads)


def _kept(folder: Path, scene: Scene, turn: int) -> str:
    data = guest_list(turn)
    token = import_uploads.keep(folder, scene.event_id, "g.csv", data, clock.now())
    report = run.run(scene.event_id, data, seeding.acting(scene.organizer), dry_run=True)
    head = csv_rows.head(data)
    checked = import_uploads.Checked(csv_rows.GUESSED, head, report, clock.now())
    import_uploads.note_check(folder, scene.event_id, token, checked)
    return token
