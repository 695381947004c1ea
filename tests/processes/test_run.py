"""`eventmail run` as a newcomer meets it: real processes, on an instance and a port of their own."""

import http.cookiejar
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventmail import files
from eventmail.run import _ending
from tests.support.budgets import in_soak
from tests.support.live import free_port, request
from tests.support.waiting import wait_for

SCRIPT = Path(sys.executable).parent / "eventmail"
STARTED_S = 60.0
STOPPED_S = 15.0
UMASK = 0o022  # what most shells have: others may read what is made
LINK = re.compile(r"https?://\S+")


def ended(process: "subprocess.Popen[bytes]") -> int:
    """The exit code, once there is one."""
    wait_for(lambda: process.poll() is not None, STOPPED_S, "the process to end")
    return int(process.returncode)


class Running:
    """One `eventmail` command that goes on until it is told to stop."""

    def __init__(self, instance: Path, command: str, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.instance = instance
        self.log = instance.parent / f"{command}-{os.urandom(3).hex()}.log"
        # a bare environment and a foreign directory: it finds its own programs
        bare = {"PATH": "/usr/bin:/bin", "EVENTMAIL_INSTANCE": str(instance), "EVENTMAIL_PORT": str(port)}
        with self.log.open("wb") as log, self.log.with_suffix(".err").open("wb") as errors:
            self.process = subprocess.Popen(
                [SCRIPT, command], cwd=instance.parent, env=bare,
                stdin=subprocess.DEVNULL, stdout=log, stderr=errors, start_new_session=True,
                umask=UMASK,
            )  # fmt: skip

    @property
    def said(self) -> str:
        """What stdout holds so far."""
        return self.log.read_text()

    @property
    def errors(self) -> str:
        return self.log.with_suffix(".err").read_text()

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.said)

    def healthy(self) -> bool:
        """Whether web answers, with a worker that lives."""
        assert self.process.poll() is None, f"ended with {self.process.returncode}\n{self.said}\n{self.errors}"
        try:
            health = request("GET", self.url + "/healthz")
        except OSError:
            return False
        return health.status == 200 and health.json["worker_age_s"] is not None

    def ready(self) -> "Running":
        """Wait until it is healthy and has printed its link."""
        wait_for(lambda: self.healthy() and self.links, STARTED_S, f"a healthy start, see {self.log}")
        return self

    def family(self) -> set[int]:
        """Every process of this instance that lives, told by its environment."""
        return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if self._is_mine(entry)}

    def _is_mine(self, process: Path) -> bool:
        try:
            return f"EVENTMAIL_INSTANCE={self.instance}\0".encode() in (process / "environ").read_bytes()
        except OSError:
            return False

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after a signal."""
        self.process.send_signal(sign)
        return ended(self.process)

    def await_the_end(self) -> None:
        wait_for(lambda: not self.family(), STOPPED_S, "every process to be gone")

    def guests(self) -> int:
        connection = sqlite3.connect(f"file:{self.instance / 'app.sqlite'}?mode=ro", uri=True)
        try:
            found: int = connection.execute("SELECT count(*) FROM guest").fetchone()[0]
            return found
        finally:
            connection.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """start(command, port=free): a command that goes on, on the instance of this test; ended with the test."""
    begun: list[Running] = []

    def begin(command: str, port: int = 0) -> Running:
        begun.append(Running(tmp_path / "instance", command, port or free_port()))
        return begun[-1]

    yield begin
    for running in begun:
        end(running)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`eventmail run` on a new instance, healthy, for tests that only look."""
    running = Running(tmp_path_factory.mktemp("first") / "instance", "run", free_port())
    try:
        yield running.ready()
    finally:
        end(running)


def end(running: Running) -> None:
    if running.process.poll() is None:
        running.stop()
    for left in running.family():
        os.kill(left, signal.SIGKILL)


def page(url: str, *, pressed: bool = True) -> str:
    """What a browser with cookies shows when somebody opens the link `url` and, unless not, presses its button."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def shown(form: dict[str, str] | None = None) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with browser.open(urllib.request.Request(url, data, {"Accept": "text/html"}), timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    opened = shown()
    found = re.search(r'name="csrf_token" value="([^"]+)"', opened)
    assert found
    return shown({"csrf_token": found[1]}) if pressed else opened


def test_the_first_start_loads_the_demo_and_prints_one_link_that_signs_in(first_run: Running) -> None:
    run = first_run
    assert len(run.links) == 1
    assert run.links[0].startswith(f"{run.url}/sign-in/")
    shown = page(run.links[0])
    assert "Fixture Gala" in shown
    assert "Board Retreat" not in shown
    assert not list(run.instance.glob("outbox/*")), "nobody was mailed"


def test_the_worker_is_alive_in_healthz(first_run: Running) -> None:
    health = request("GET", first_run.url + "/healthz").json
    assert health["status"] == "ok"
    assert health["worker_age_s"] < 15


def test_every_process_keeps_its_files_to_itself_and_what_was_open_before_is_mended(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    left = [tmp_path / "instance" / name for name in ("outbox/0.eml", "imports/3-abc/data", "huey.sqlite-journal")]
    for file in left:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        file.touch(mode=0o644)
    run = start("run").ready()
    masks = [
        (Path("/proc") / str(one) / "status").read_text().partition("Umask:")[2].split()[0] for one in run.family()
    ]
    assert (len(masks) >= 3, set(masks)) == (True, {"0077"})
    assert list(files.open_to_others(run.instance)) == []


def test_every_command_keeps_its_files_to_itself(tmp_path: Path) -> None:
    def command(instance: str, *words: str) -> None:
        environment = {"PATH": "/usr/bin:/bin", "EVENTMAIL_INSTANCE": str(tmp_path / "new" / instance)}
        subprocess.run([SCRIPT, *words], env=environment, umask=UMASK, check=True, capture_output=True)

    backup = tmp_path / "new" / "b.tgz"
    command("one", "demo")
    command("one", "backup", str(backup))
    command("two", "restore", str(backup))
    assert [(tmp_path / "new" / name / "app.sqlite").exists() for name in ("one", "two")] == [True, True]
    assert list(files.open_to_others(tmp_path / "new")) == []


@pytest.mark.parametrize("sign", [signal.SIGTERM, *in_soak(signal.SIGINT, signal.SIGHUP)])
def test_a_signal_ends_every_process_in_order(start: Callable[..., Running], sign: signal.Signals) -> None:
    run = start("run").ready()
    assert len(run.family()) >= 4, "the command itself, web and the processes it forks, the worker"
    assert run.stop(sign) == 0
    run.await_the_end()
    assert "Traceback" not in run.errors


def test_nothing_goes_on_when_the_command_is_killed(start: Callable[..., Running]) -> None:
    run = start("run").ready()
    run.process.kill()
    run.process.wait()
    run.await_the_end()


def test_a_signal_while_the_processes_begin_ends_them_too(start: Callable[..., Running]) -> None:
    run = start("run")
    wait_for(lambda: len(run.family()) > 1, STARTED_S, "the first child", step=0.001)
    run.stop()
    run.await_the_end()
    assert "Traceback" not in run.errors


def test_a_second_start_prints_a_new_link_and_does_not_load_the_demo_again(start: Callable[..., Running]) -> None:
    first = start("run").ready()
    token, guests = first.links[0].rpartition("/")[2], first.guests()
    first.stop()
    second = start("run").ready()
    assert "loading the demo" not in second.said
    assert second.guests() == guests
    assert len(second.links) == 1
    assert token not in second.links[0]
    assert "Fixture Gala" in page(second.links[0])


def test_a_worker_that_dies_ends_everything_with_a_sentence(start: Callable[..., Running]) -> None:
    run = start("run").ready()
    [worker] = [pid for pid in run.family() if b"huey_consumer" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(worker, signal.SIGKILL)
    assert ended(run.process) == 1
    run.await_the_end()
    said = "worker was ended by signal 9 (Killed), so everything was stopped. If nobody sent it, the log of this box"
    assert (said in run.errors, "lines above" in run.errors) == (True, False)


def test_a_process_that_ends_by_itself_is_told_from_one_that_was_killed() -> None:
    assert _ending("web", 1) == "web ended by itself, so everything was stopped. The lines above say why."
    assert _ending("web", -11).startswith("web was ended by signal 11 (Segmentation fault), so everything was stopped.")


@pytest.mark.parametrize("command", ["run", *in_soak("web")])
def test_a_port_in_use_is_one_sentence_and_nothing_starts(start: Callable[..., Running], command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = start(command, port)
        assert ended(refused.process) == 1
    assert refused.said == ""
    assert refused.errors.count("\n") == 1
    assert f"port {port}" in refused.errors
    assert "EVENTMAIL_PORT=" in refused.errors
    assert not refused.instance.exists()


def test_web_alone_prints_the_link_of_the_owner_until_there_is_one(start: Callable[..., Running]) -> None:
    web = start("web")
    wait_for(lambda: responds(web), STARTED_S, "web to answer")
    assert len(web.links) == 1
    assert 'name="password"' in page(web.links[0], pressed=False)
    assert web.stop() == 0
    web.await_the_end()


def test_a_worker_alone_says_that_it_lives_and_ends_when_told(start: Callable[..., Running]) -> None:
    worker, web = start("worker"), start("web")
    wait_for(web.healthy, STARTED_S, "a worker that lives")
    assert worker.stop() == 0


def responds(running: Running) -> bool:
    """Whether web answers at all."""
    try:
        return request("GET", running.url + "/healthz").status == 200
    except OSError:
        return False
