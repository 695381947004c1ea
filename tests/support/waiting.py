"""The only place in the tests that sleeps: waiting for a state, in small steps, with an end."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STEP_S = 0.02
LONGEST_STEP_S = 0.25


def slowdown() -> float:
    """How many times longer than on a quiet box something takes: as often as there is more to do than processors."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_for(predicate: Callable[[], T], timeout: float = 60.0, what: str = "", step: float | None = None) -> T:
    """The first truthy answer of `predicate`, asked every `step` seconds.

    Without a step it is asked less often the longer it has been waited for: asking takes a process of the box its time.
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
        time.sleep(step or min(max(STEP_S, waited / 20), LONGEST_STEP_S))
