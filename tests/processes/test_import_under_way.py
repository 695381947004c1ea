"""While somebody imports a large list nobody else can write; everybody else reads, and the web is well."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.support import seeding
from tests.support.live import Live, request

PAGES = ("guests", "mailings", "messages", "segments", "guests/import", "guests/export")
WRITERS = 12  # more than both processes have threads
ROWS = b"email,first name\n" + b"".join(b"row%d@guests.example,Row\n" % number for number in range(50))


@pytest.fixture
def path(shared_live: Live) -> str:
    """Of an event of this test."""
    with shared_live.app.app_context():
        return f"/admin/events/{seeding.add_event(shared_live.organizer)}"


def test_pages_and_health_are_answered_while_an_import_keeps_everybody_from_writing(
    shared_live: Live, path: str
) -> None:
    with (
        closing(sqlite3.connect(shared_live.instance / "app.sqlite", isolation_level=None, timeout=60)) as other,
        ThreadPoolExecutor(WRITERS + 1) as programs,
    ):
        other.execute("BEGIN IMMEDIATE")  # as an import does until its last row is in
        waits = programs.submit(
            shared_live.api, "POST", f"{path}/guests/import", headers={"Content-Type": "text/csv"}, body=ROWS
        )
        small = [
            programs.submit(shared_live.api, "POST", f"{path}/guests", {"email": f"small{number}@guests.example"})
            for number in range(WRITERS)
        ]
        read = [shared_live.api("GET", f"{path}/{page}").status for page in PAGES]
        well = [request("GET", f"{shared_live.url}/healthz").status for _ in range(4)]
        gave_up = [each for each in small if each.done()]  # so that readers had their threads
        other.execute("ROLLBACK")
        answer = waits.result()
        made = [each.result() for each in small]
    assert (read, well) == ([200] * len(PAGES), [200] * 4)
    assert not gave_up
    assert {(each.status, each.json.get("code")) for each in made} <= {(201, None), (503, "BUSY")}
    if answer.status == 200:
        assert answer.json["created"] == 50
    else:  # it waited as long as anybody may; nothing of it is in
        assert (answer.status, answer.json["code"]) == (503, "BUSY")
