"""While somebody imports a large list nobody else can write; everybody else reads, and the web is well."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.support import seeding
from tests.support.live import Answer, Live, request

PAGES = ("guests", "mailings", "messages", "segments", "guests/import", "guests/export")
WRITERS = 12  # more than both processes have threads
ROWS = b"email,first name\n" + b"".join(b"row%d@guests.example,Row\n" % number for number in range(50))


def insists(live: Live, url: str, *given: Any, **named: Any) -> Answer:
    """Asks again whenever it waited as long as anybody may: nothing of it is in then. The answer that is another."""
    while (answer := live.api("POST", url, *given, **named)).status == 503:
        assert answer.json["code"] == "BUSY"
    return answer


@pytest.fixture
def path(shared_live: Live) -> str:
    """Of an event of this test."""
    with shared_live.app.app_context():
        return f"/admin/events/{seeding.add_event(shared_live.organizer)}"


def test_pages_and_health_are_answered_while_an_import_keeps_everybody_from_writing(
    shared_live: Live, path: str
) -> None:
    with (
        ThreadPoolExecutor(WRITERS + 1) as programs,
        closing(sqlite3.connect(shared_live.instance / "app.sqlite", isolation_level=None, timeout=60)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")  # as an import does until its last row is in
        waits = programs.submit(
            insists, shared_live, f"{path}/guests/import", headers={"Content-Type": "text/csv"}, body=ROWS
        )
        small = [
            programs.submit(insists, shared_live, f"{path}/guests", {"email": f"small{number}@guests.example"})
            for number in range(WRITERS)
        ]
        read = [shared_live.api("GET", f"{path}/{page}").status for page in PAGES]
        well = [request("GET", f"{shared_live.url}/healthz").status for _ in range(4)]
        assert not any(each.done() for each in small)  # so readers had threads beside them
        other.execute("ROLLBACK")
        answer = waits.result()
        made = [each.result() for each in small]
    assert (read, well) == ([200] * len(PAGES), [200] * 4)
    assert [each.status for each in made] == [201] * WRITERS
    assert (answer.status, answer.json["created"]) == (200, 50)
