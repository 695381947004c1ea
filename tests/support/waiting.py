"""The only place in the tests that sleeps: waiting for a state, in small steps, with an end."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STEP_S = 0.02


def slowdown() -> float:
    """How many times longer than on a quiet box something takes: as often as there is more to do than processors."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_for(predicate: Callable[[], T], timeout: float = 60.0, what: str = "", step: float = STEP_S) -> T:
    """The first truthy answer of `predicate`, asked every `step` seconds.

    Raises AssertionError after `timeout` seconds, and as many times more as the box was busy meanwhile, naming `what`
    was awaited and the last answer.
    """
    begun, factor = time.monotonic(), 1.0
    while True:
        answer = predicate()
        if answer:
            return answer
        factor = max(factor, slowdown())
        waited = time.monotonic() - begun
        if waited >= timeout * factor:
            awaited = what or getattr(predicate, "__name__", "the state")
            raise AssertionError(f"waited {waited:.0f} s for {awaited}; the last answer was {answer!r}")
        time.sleep(step)
