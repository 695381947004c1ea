"""The real web process and the real worker, as the Procfile starts them, on an instance of their own."""

import email
import email.policy
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import cycle
from pathlib import Path
from typing import Any

from flask import Flask

from eventmail import create_app
from eventmail.db import db
from eventmail.domain.people import sign_in_links
from eventmail.models.account import Role
from eventmail.settings import Settings
from tests.support import forked, seeding
from tests.support.forked import ROOT
from tests.support.waiting import slowdown, wait_for

PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line)
STARTS_WITHIN_S = 60.0  # a second on a quiet box
KILL_AFTER_S = 30.0
_PORTS = cycle(range(2_000))
_HELD: list[socket.socket] = []


@dataclass(frozen=True)
class Answer:
    """What HTTP answered; `json` is None when the body is something else."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text) if "json" in self.headers.get("content-type", "") else None


class Live:
    """One running instance with an owner, an organizer and the event Fixture Gala.

    url, instance, event_id, owner, organizer; `app` is an application of this process on the same instance, for
    calling commands: `with live.app.app_context(): …`.
    """

    def __init__(self, instance: Path, template: Path, **environment: str) -> None:
        self.instance = instance
        instance.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(template, instance / "app.sqlite")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("EVENTMAIL_")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "EVENTMAIL_INSTANCE": str(instance),
            "EVENTMAIL_PORT": str(self.port),
            "EVENTMAIL_UNDO_SECONDS": "0",
            **environment,
        }
        self.app = self._application()
        with self.app.app_context():
            self.owner = seeding.add_person("Olive Owner", "olive@organizers.example", Role.OWNER)
            self.organizer = seeding.add_person("Oscar Organizer", "oscar@organizers.example")
            self.event_id = seeding.add_event(self.organizer)
            self._token = seeding.add_api_token(self.organizer)
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None  # the newest; a test may start several
        self._started: list[subprocess.Popen[bytes]] = []
        self._others: list[subprocess.Popen[bytes]] = []

    def _application(self) -> Flask:
        names = {"EVENTMAIL_PROVIDER": "provider", "EVENTMAIL_SMTP_URL": "smtp_url"}  # it sends through the same
        given: dict[str, Any] = {names[name]: value for name, value in self.environment.items() if name in names}
        return create_app(Settings(instance=self.instance, port=self.port, **given))

    def start(self) -> None:
        """Start web and worker together, as `eventmail run` does, and wait until both are up."""
        workers = self._workers()
        self.web, self.worker = self._start("web"), self._start("worker")
        self._await_web()
        self._await_worker(workers)

    def start_web(self) -> None:
        """Start gunicorn and wait until /healthz answers."""
        self.web = self._start("web")
        self._await_web()

    def start_worker(self) -> None:
        """Start the huey consumer and wait until it has said in the database that it lives."""
        workers = self._workers()
        self.worker = self._start("worker")
        self._await_worker(workers)

    def start_another_worker(self) -> subprocess.Popen[bytes]:
        """A second consumer on the same instance; ended with the rest."""
        before = self._workers()
        process = self._start("worker")
        self._others.append(process)
        wait_for(
            lambda: self._alive(process, "worker") and self._workers() - before, STARTS_WITHIN_S, "the second worker"
        )
        return process

    def run(self, line: str) -> None:
        """Run a program on this instance, to its good end."""
        with (self.instance / "run.log").open("ab") as log:
            code = forked.start(words(line, self.environment), self.environment, log).wait()
        assert code == 0, self.logs()

    def kill_worker(self) -> None:
        """SIGKILL: the worker gets no chance to tidy up."""
        assert self.worker, "no worker runs"
        self.worker.kill()
        self.worker.wait()
        self.worker = None

    def stop_worker(self) -> int:
        """SIGTERM, as an upgrade does: the exit code."""
        assert self.worker, "no worker runs"
        code = self._end(self.worker)
        self.worker = None
        return code

    def stop(self) -> None:
        """End every process that was started, by its id."""
        running = [process for process in self._started if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            self._end(process)
        self.worker = self.web = None
        with self.app.app_context():
            db.engine.dispose()

    def signin_url(self, person: seeding.Person | None = None, next: str = "") -> str:  # noqa: A002  as in the URL
        """A one-time link that signs `person` (the organizer) in."""
        with self.app.app_context():
            token = sign_in_links.issue((person or self.organizer).email, seeding.acting())
        return f"{self.url}/sign-in/{token}" + (f"?next={next}" if next else "")

    def db(self) -> sqlite3.Connection:
        """The database, read only; rows by column name."""
        connection = sqlite3.connect(f"file:{self.instance / 'app.sqlite'}?mode=ro", uri=True, timeout=60)
        connection.row_factory = sqlite3.Row
        return connection

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of one read."""
        connection = self.db()
        try:
            return [dict(row) for row in connection.execute(sql, values)]
        finally:
            connection.close()

    def outbox(self) -> list[EmailMessage]:
        """The mails that were kept in the outbox, oldest first."""
        return outbox(self.instance)

    def api(
        self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request with the organizer's bearer token, asking for JSON. Redirects are followed."""
        return request(
            method, self.url + path, json, {"Authorization": f"Bearer {self._token}", **(headers or {})}, body
        )

    def health(self) -> dict[str, Any]:
        """What /healthz says."""
        answer: dict[str, Any] = self.api("GET", "/healthz").json
        return answer

    def logs(self) -> str:
        """What the processes wrote, for a failing test."""
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')}" for path in self._log_files())

    def _log_files(self) -> list[Path]:
        return sorted(self.instance.glob("*.log"))

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        with (self.instance / f"{name}.log").open("ab") as log:
            process = forked.start(words(PROCFILE[name], self.environment), self.environment, log)
        self._started.append(process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(KILL_AFTER_S * slowdown())
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _await_web(self) -> None:
        def healthy() -> bool:
            self._alive(self.web, "web")
            try:
                return request("GET", self.url + "/healthz").status == 200
            except OSError:
                return False

        wait_for(healthy, STARTS_WITHIN_S, "/healthz to answer")

    def _await_worker(self, before: set[tuple[str, str]]) -> None:
        wait_for(
            lambda: self._alive(self.worker, "worker") and self._workers() - before,
            STARTS_WITHIN_S,
            "the worker to report",
        )

    def _alive(self, process: subprocess.Popen[bytes] | None, name: str) -> bool:
        assert process is not None
        if process.poll() is not None:
            raise AssertionError(f"{name} ended with {process.returncode} while starting\n{self.logs()}")
        return True

    def _workers(self) -> set[tuple[str, str]]:
        return {(row["owner"], row["started_at"]) for row in self.query("SELECT owner, started_at FROM worker")}


def words(line: str, environment: dict[str, str]) -> list[str]:
    """The words of a line of the Procfile, as the shell makes them of it."""
    shell = ["/bin/sh", "-c", f"printf '%s\\n' {line}"]
    return subprocess.run(shell, env=environment, capture_output=True, check=True, text=True).stdout.splitlines()


def request(
    method: str, url: str, body: Any = None, headers: dict[str, str] | None = None, raw: bytes | None = None
) -> Answer:
    """One request over the wire; `body` goes as JSON, `raw` as it is."""
    data = raw if body is None else json.dumps(body).encode()
    made = urllib.request.Request(url, data, {"Accept": "application/json", **(headers or {})}, method=method)
    if body is not None:
        made.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(made, timeout=300) as answer:
            return _answer(answer)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error)


def _answer(answer: Any) -> Answer:
    text = answer.read().decode("utf-8", "replace")
    return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, text)


def outbox(instance: Path) -> list[EmailMessage]:
    """The mails in an instance's outbox, oldest first."""
    return [_parsed(path) for path in sorted((instance / "outbox").glob("*.eml"))]


def _parsed(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def free_port() -> int:
    """A port nobody listens on, each only once, from a range that no other process of this run takes from.

    The system's own choice could be given away again before the server that is being started takes it. As long as this
    process lives it holds the UDP port of the same number, so that another run on this box takes another.
    """
    first = 20_000 + 2_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = first + next(_PORTS)
        held = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as listener:
            try:
                held.bind(("127.0.0.1", port))
                listener.bind(("127.0.0.1", port))
            except OSError:
                held.close()
                continue
        _HELD.append(held)
        return port
