"""A disk that is full or refuses, a database that somebody else holds: words, no half state, and on by itself after."""

import asyncio
import re
import sqlite3
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.disk import Disk
from tests.support.frozen import freeze, thaw
from tests.support.live import Answer, Live
from tests.support.messages import add_guests, finished, send
from tests.support.postbox import serving
from tests.support.waiting import wait_for

AGAIN_WITHIN_S = 90.0  # at once, unless the ring was lost in the fault: then within the minute of the sweep


@dataclass
class Postbox:
    """Takes every mail, but answers only while `open` is set."""

    taken: list[str] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken += envelope.rcpt_tos
        await asyncio.to_thread(self.open.wait, 60)
        return "250 2.0.0 Taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with serving(box) as port:
        yield box, port
        box.open.set()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Where make_live puts its first instance; the logs lie elsewhere, as they do on a box that keeps a journal."""
    with Disk(tmp_path / "live-0") as small:
        for name in ("web", "worker"):
            (tmp_path / f"{name}.log").touch()
            (small.folder / f"{name}.log").symlink_to(tmp_path / f"{name}.log")
        yield small


@pytest.fixture
def live(disk: Disk, postbox: tuple[Postbox, int], make_live: Callable[..., Live]) -> Live:
    made = make_live(
        EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{postbox[1]}", EVENTMAIL_UNDO_SECONDS="2"
    )
    assert made.instance == disk.folder
    made.start()
    return made


# The three faults: begun by entering, lifted by leaving


@contextmanager
def full(live: Live, disk: Disk) -> Iterator[None]:
    with closing(live.db()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM guest").fetchone()  # so that the log of changes can only grow
        disk.fill()
        try:
            yield
        finally:
            disk.empty()


@contextmanager
def read_only(_live: Live, disk: Disk) -> Iterator[None]:
    disk.freeze()
    try:
        yield
    finally:
        disk.thaw()


@contextmanager
def locked(live: Live, _disk: Disk) -> Iterator[None]:
    with closing(sqlite3.connect(live.instance / "app.sqlite", isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


Fault = Callable[[Live, Disk], Any]
FULL = pytest.param(full, "DISK_FULL", "database or disk is full", id="full")
REFUSES = "disk I/O error|attempt to write a readonly database"  # open before, opened meanwhile
READ_ONLY = pytest.param(read_only, "UNAVAILABLE", REFUSES, id="read-only")
LOCKED = pytest.param(locked, "BUSY", "database is locked", id="locked")
READ_ONLY_TOO = pytest.param(*READ_ONLY.values, id="read-only", marks=pytest.mark.soak)
faults = partial(pytest.mark.parametrize, ("fault", "code", "logged"))


class Browser:
    """Signed in, without script; an error page is an answer like any other."""

    def __init__(self, live: Live) -> None:
        self.url = f"{live.url}/admin/events/{live.event_id}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._token = ""
        link = live.signin_url()
        found = re.search(r'name="csrf_token" value="([^"]+)"', self._open(link).text)
        assert found
        self._open(link, urllib.parse.urlencode({"csrf_token": found[1]}).encode())

    def get(self, path: str) -> Answer:
        answer = self._open(self.url + path)
        self._token = next(iter(re.findall(r'name="csrf_token" value="([^"]+)"', answer.text)), self._token)
        return answer

    def post(self, path: str, **form: str) -> Answer:
        return self._open(self.url + path, urllib.parse.urlencode({"csrf_token": self._token, **form}).encode())

    def _open(self, url: str, data: bytes | None = None) -> Answer:
        asked = urllib.request.Request(url, data, {"Accept": "text/html"})
        try:
            with self._opener.open(asked, timeout=60) as answer:
                return Answer(answer.status, _lower(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), error.read().decode())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def people(live: Live) -> list[str]:
    return sorted(row["email"] for row in live.query("SELECT email FROM guest"))


@faults([FULL, READ_ONLY, LOCKED])
def test_what_cannot_be_written_is_503_in_words_and_taken_when_it_can(
    live: Live, disk: Disk, fault: Fault, code: str, logged: str
) -> None:
    guests = f"/admin/events/{live.event_id}/guests"
    browser = Browser(live)
    browser.get("/guests/new")

    with fault(live, disk), ThreadPoolExecutor() as asking:  # at once: each waits for a lock as long as it may
        asked = asking.submit(live.api, "POST", guests, {"email": "ada@guests.example.net"})
        typed = asking.submit(browser.post, "/guests", email="typed@guests.example.net", status="confirmed")
        # what it found less than five seconds ago it tells once more; that somebody else writes is no fault for a while
        told = 200 if code == "BUSY" else 503
        health = asking.submit(
            wait_for, lambda: live.api("GET", "/healthz").status == told, what="health to see what is wrong"
        )
        reading = [browser.get("/mailings").status, live.api("GET", guests).status]
        data, page = asked.result(), typed.result()
        before = people(live)

    assert (data.status, data.json["code"]) == (503, code)
    assert int(data.headers["retry-after"]) == data.json["retry_after"] > 0
    assert "Nothing was changed or sent." in data.json["detail"]
    assert (page.status, page.headers["retry-after"]) == (503, data.headers["retry-after"])
    assert re.findall(r'data-error-code="([A-Z_]+)"', page.text)[0] == code
    assert "typed@guests.example.net" in page.text  # what was typed is still there
    assert data.json["detail"] in page.text
    assert (reading, health.result(), before) == ([200, 200], True, [])
    assert re.search(logged, (live.instance / "web.log").read_text())

    # a connection that was opened for reading only is found out by the first who writes on it, then never used again
    wait_for(lambda: live.api("POST", guests, {"email": "ada@guests.example.net"}).status == 201, what="room for Ada")
    wait_for(lambda: browser.post("/guests", email="typed@guests.example.net").status == 200, what="room for the other")
    assert people(live) == ["ada@guests.example.net", "typed@guests.example.net"]
    wait_for(lambda: live.api("GET", "/healthz").status == 200, what="health, asked on every connection")


@faults([FULL, READ_ONLY_TOO, LOCKED])
def test_nothing_leaves_before_it_can_be_noted_and_everything_does_after(
    live: Live, disk: Disk, postbox: tuple[Postbox, int], fault: Fault, code: str, logged: str
) -> None:
    del code  # the web's word
    box, _ = postbox
    box.open.set()
    add_guests(live, 45)
    freeze(live)  # else it may be done before the fault is there
    mailing_id = send(live)

    with fault(live, disk):
        thaw(live)
        wait_for(lambda: has_met_it(live), what="the worker to meet it")
        waiting, left = counts(live), list(box.taken)

    assert (waiting, left) == ({"queued": 45}, [])
    wait_for(finished(live, mailing_id), AGAIN_WITHIN_S, "the end of the run, without hands")
    assert_each_once(live, box, 45)
    assert re.search(logged, log(live))


@faults([FULL, READ_ONLY_TOO])  # locked: test_faults.py
def test_S5_what_left_and_cannot_be_noted_yet_is_noted_when_it_can(
    live: Live, disk: Disk, postbox: tuple[Postbox, int], fault: Fault, code: str, logged: str
) -> None:
    del code
    box, _ = postbox
    add_guests(live, 45)
    mailing_id = send(live)
    wait_for(lambda: len(box.taken) == 1, what="a hand-over that waits for its answer")

    with fault(live, disk):
        box.open.set()
        wait_for(lambda: "outcomes could not be recorded yet" in log(live), what="the worker to meet it")
        waiting, left = counts(live), len(box.taken)

    assert re.search(logged, log(live))
    assert waiting == {"sending": 20, "queued": 25}
    assert 1 <= left <= 20
    wait_for(finished(live, mailing_id), AGAIN_WITHIN_S, "the end of the run, without hands")
    assert_each_once(live, box, 45)


def log(live: Live) -> str:
    return (live.instance / "worker.log").read_text()


def has_met_it(live: Live) -> bool:
    """Whether the worker did: in a turn, reading its queue, or putting a ring aside for later."""
    return any(words in log(live) for words in ("refused", "Error reading", "add_to_schedule"))


def counts(live: Live) -> dict[str, int]:
    rows = live.query("SELECT state, count(*) AS number FROM recipient GROUP BY state")
    return {row["state"]: row["number"] for row in rows}


def assert_each_once(live: Live, box: Postbox, number: int) -> None:
    assert Counter(box.taken) == Counter(row["email"] for row in live.query("SELECT email FROM recipient"))
    assert (counts(live), len(box.taken)) == ({"sent": number}, number)
    assert live.query("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
