"""What every benchmark here shares: result lines, waiting, and what a process costs."""

import json
import math
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
_TICKS = os.sysconf("SC_CLK_TCK")


def report(name: str, n: int, seconds: float, cpu_s: float | None, peak_mb: float | None, **extras: Any) -> None:
    """Print one run as one JSON line; `extras` are further figures of that run. The load average goes with it."""
    row = {
        "name": name,
        "n": n,
        "seconds": round(seconds, 3),
        "msgs_per_s": round(n / seconds, 1) if seconds else None,
        "cpu_s": None if cpu_s is None else round(cpu_s, 3),
        "peak_mb": None if peak_mb is None else round(peak_mb, 1),
        **{key: round(value, 4) if isinstance(value, float) else value for key, value in extras.items()},
        "load": round(os.getloadavg()[0], 1),
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    print(json.dumps(row), flush=True)


def skip(name: str, why: str) -> None:
    """Say on a line of its own that a run is left out."""
    print(json.dumps({"name": name, "skipped": why}), flush=True)


def wait_for(asked: Callable[[], T], seconds: float, what: str, step: float = 0.02, *, late_is_fine: bool = False) -> T:
    """The first truthy answer; after `seconds` the last one, or RuntimeError unless that is fine."""
    end = time.monotonic() + seconds
    while not (answer := asked()) and not (late_is_fine and time.monotonic() > end):
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:g} s for {what}")
        time.sleep(step)
    return answer


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody accepts connections on `port`."""
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def cpu_seconds(pid: int) -> float:
    """User and system time of one process so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(*pids: int) -> float:
    """What these processes and their children hold, shared pages counted once (PSS), in MB."""
    kilobytes = 0
    for pid in family(*pids):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def family(*pids: int) -> list[int]:
    """These processes and their children."""
    found = list(pids)
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


class Sampler:
    """Calls `sample` every so often in a thread of its own: `with Sampler(0.25, sample): …`."""

    def __init__(self, every: float, sample: Callable[[], object]) -> None:
        self._every = every
        self._sample = sample
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            self._sample()
            self._over.wait(self._every)


class Peak:
    """The most memory some processes held at once: call it now and then, read `mb`."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self.mb = 0.0

    def __call__(self) -> None:
        self.mb = max(self.mb, memory_mb(*self._pids))


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
