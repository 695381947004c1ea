"""The other end: a counting sink and the fastest known sender (postfix's tools), our own sink, a slow line, peers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from harness import free_port, listens, wait_for

HERE = Path(__file__).resolve().parent
_COUNTED = re.compile(rb"mesg=(\d+)")


class Missing(Exception):
    """A program that is not installed; says which and what to do."""


def tool(name: str) -> tuple[str, dict[str, str]]:
    """The path of one of postfix's programs and the environment it needs. POSTFIX_ROOT may name an unpacked package."""
    root = os.environ.get("POSTFIX_ROOT", "")
    folders = [f"{root}/usr/sbin"] if root else ["/usr/sbin", *os.environ["PATH"].split(os.pathsep)]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if not found:
        raise Missing(f"{name} is missing: apt-get download postfix, dpkg -x it, set POSTFIX_ROOT to that folder")
    libraries = f"{root}/usr/lib/postfix{os.pathsep}{os.environ.get('LD_LIBRARY_PATH', '')}"
    return found, {**os.environ, **({"LD_LIBRARY_PATH": libraries.rstrip(os.pathsep)} if root else {})}


class _Process:
    """A program that listens on `port` and ends with the block."""

    def _open(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  ends with this process
        self._process = subprocess.Popen(command, stdout=self._said, stderr=subprocess.DEVNULL, env=environment)
        wait_for(lambda: listens(self.port), 15, f"{command[0]} to listen")

    port: int

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)


class CountingSink(_Process):
    """smtp-sink: takes everything, keeps nothing, counts what it accepted; in lock-step, one command at a time."""

    def __init__(self, *, lock_step: bool = False) -> None:
        self._options = ["-p"] if lock_step else []

    def __enter__(self) -> Self:
        self.port = free_port()
        program, environment = tool("smtp-sink")
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        self._open([program, *user, *self._options, "-c", f"127.0.0.1:{self.port}", "1024"], environment)
        return self

    def count(self) -> int:
        """How many messages were accepted so far."""
        size = os.fstat(self._said.fileno()).st_size
        found = _COUNTED.findall(os.pread(self._said.fileno(), 4096, max(0, size - 4096)))
        return int(found[-1]) if found else 0


class RecordingSink(_Process):
    """Our own sink: writes down the recipients of every message before it accepts it."""

    def __enter__(self) -> Self:
        self.port = free_port()
        self._file = tempfile.NamedTemporaryFile(prefix="eventmail-sink-")
        self._open([sys.executable, str(HERE / "sink.py"), str(self.port), self._file.name])
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._file.close()

    def size(self) -> int:
        """Grows with every message."""
        return Path(self._file.name).stat().st_size

    def recipients(self) -> list[str]:
        """Every recipient of every accepted message, in order; one that got two stands twice."""
        return Path(self._file.name).read_text().splitlines()


class SlowLine(_Process):
    """A TCP proxy in front of `target` that holds back each direction for `delay_ms`."""

    def __init__(self, target: int, delay_ms: float) -> None:
        self._target = target
        self._delay_ms = delay_ms

    def __enter__(self) -> Self:
        self.port = free_port()
        self._open([sys.executable, str(HERE / "slow_line.py"), str(self.port), str(self._target), str(self._delay_ms)])
        return self


def fastest(port: int, n: int, size: int) -> tuple[float, float]:
    """LIMIT: n messages of `size` bytes by smtp-source over 4 kept connections: seconds, CPU seconds."""
    program, environment = tool("smtp-source")
    before, began = os.times(), time.perf_counter()
    subprocess.run(
        [program, "-d", "-s", "4", "-m", str(n), "-l", str(size), "-f", "bench@example.org", "-t", "guest@example.org",
         f"127.0.0.1:{port}"],
        env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    seconds, after = time.perf_counter() - began, os.times()
    return seconds, after.children_user + after.children_system - before.children_user - before.children_system


def peer(folder: Path, script: str, mode: str, n: int, python: str) -> str | None:
    """Run one round of a peer's script, which prints its own line; why it was left out, or None."""
    needs = "huey, jinja2" if "huey" in script else "django, post_office"
    if not (folder / script).exists():
        return f"{folder / script} is not there"
    finds = f"import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, '{needs}'.split(', '))))"
    if subprocess.run([python, "-c", finds], check=False, stderr=subprocess.DEVNULL).returncode:
        return f"{python} has no {needs}; name one that does with --peers-python"
    command = [python, str(folder / script), "--n", str(n), "--rounds", "1", "--modes", mode]
    done = subprocess.run(command, check=False, timeout=600, stderr=subprocess.DEVNULL)
    return f"it ended with {done.returncode}" if done.returncode else None
