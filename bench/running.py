"""eventmail itself under measurement: the real web process and one real worker on an instance of their own."""

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import message
from harness import ROOT, cpu_seconds, free_port, wait_for

PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line)
SCRIPTS = Path(sys.executable).parent
SETTLED = ("sent", "failed", "unknown", "suppressed", "cancelled")


class Instance:
    """The demo event with `guests` more confirmed guests: `with Instance(20_000, smtp_port) as it: …`.

    Without a port it is in practice mode. `event`, `token`; `web` and `worker` are processes once started.
    """

    def __init__(self, guests: int, smtp_port: int | None = None, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="eventmail-bench-"))
        self.port = free_port()
        provider = {"EVENTMAIL_PROVIDER": "smtp", "EVENTMAIL_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}"}
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("EVENTMAIL_")},
            "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),  # this tree, whatever is installed
            "EVENTMAIL_INSTANCE": str(self.folder),
            "EVENTMAIL_PORT": str(self.port),
            "EVENTMAIL_UNDO_SECONDS": "0",
            "EVENTMAIL_RATE_PER_SECOND": "0",
            **(provider if smtp_port else {}),
            **environment,
        }
        self._started: list[subprocess.Popen[bytes]] = []
        self._guests = guests

    def __enter__(self) -> Self:
        try:
            self._load()
            self.web = self._start("web")
            wait_for(self._healthy, 30, "the web process")
            self.start_worker()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_worker(self, *, wait: bool = True) -> None:
        """Start the worker; with `wait`, until it has shown a sign of life and rests."""
        before = self._workers()
        self.worker = self._start("worker")
        if wait:
            wait_for(lambda: self._workers() - before, 30, "the worker")
            wait_for(self._rests, 30, "the worker to rest", step=0.2)

    def kill_worker(self) -> None:
        """SIGKILL, as an out-of-memory killer does it."""
        self.worker.kill()
        self.worker.wait()
        self._started.remove(self.worker)

    def send(self, **audience: list[str]) -> dict[str, Any]:
        """Press Send over HTTP: the mailing as it was accepted."""
        key = {"Idempotency-Key": secrets.token_hex(8)}
        return dict(json.loads(self.ask("POST", self.path("mailings"), message.mailing(**audience), key)))

    def mailing(self, mailing_id: str) -> dict[str, Any]:
        """What the tracker tells programs."""
        return dict(json.loads(self.ask("GET", self.path(f"mailings/{mailing_id}"))))

    def path(self, below: str) -> str:
        """The path of something of the event."""
        return f"/admin/events/{self.event}/{below}"

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> bytes:
        """One request with the organizer's token. Raises RuntimeError for anything but a 2xx."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **(headers or {})}
        if body is not None:
            given["Content-Type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), given)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return data

    def cookie(self) -> str:
        """The session cookie as a browser keeps it: an organizer signed in by a link and opened one page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookie = ""
        try:
            link, form = self._link.partition(f":{self.port}")[2], ""
            for method, path in (("GET", link), ("POST", link), ("GET", self.path("guests"))):
                headers = {"Cookie": cookie, "Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
                connection.request(method, path, form if method == "POST" else None, headers)
                answer = connection.getresponse()
                found = re.search(rb'name="csrf_token" value="([^"]+)"', answer.read())
                form = f"csrf_token={found[1].decode()}" if found else form
                set_ = [kept for kept in answer.headers.get_all("Set-Cookie", []) if kept.startswith("eventmail=")]
                cookie = (set_[0] if set_ else cookie).partition(";")[0]
        finally:
            connection.close()
        return cookie

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """One read of the database."""
        connection = sqlite3.connect(f"file:{self.folder / 'app.sqlite'}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def logs(self) -> str:
        """What the processes said, for an error message."""
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self.folder.glob("*.log")))

    def _load(self) -> None:
        made = subprocess.run(
            [str(SCRIPTS / "eventmail"), "demo", "--guests", str(self._guests), "--json"],
            cwd=ROOT, env=self._environment, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
        demo = json.loads(made.stdout)
        self.event, self.token, self._link = demo["event"], demo["token"], demo["url"]

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {PROCFILE[name]}"],
                cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._started.append(process)
        return process

    def _healthy(self) -> bool:
        if self.web.poll() is not None:
            raise RuntimeError(f"the web process ended\n{self.logs()}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _workers(self) -> set[str]:
        return {str(row[0]) for row in self.rows("SELECT owner FROM worker")}

    def _rests(self) -> bool:
        before = cpu_seconds(self.worker.pid)
        time.sleep(0.5)
        return cpu_seconds(self.worker.pid) - before < 0.03


def mail_bytes() -> int:
    """The size of one finished mail of the benchmark's message, from practice mode."""
    with Instance(1) as it:
        guest = it.rows("SELECT id FROM guest WHERE address = 'guest1@example.com'")[0][0]
        sent = it.send(guests=[str(guest)])
        wait_for(lambda: it.mailing(sent["id"])["state"] == "finished", 60, "the first mail")
        return next((it.folder / "outbox").glob("*.eml")).stat().st_size
