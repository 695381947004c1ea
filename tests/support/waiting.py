"""The only place in the tests that sleeps: waiting for a state, in small steps, with an end."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STEP_S = 0.02


def wait_for(predicate: Callable[[], T], timeout: float = 30.0, what: str = "", step: float = STEP_S) -> T:
    """The first truthy answer of `predicate`, asked every `step` seconds.

    Raises AssertionError after `timeout` seconds, naming `what` was awaited and the last answer.
    """
    end = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() >= end:
            awaited = what or getattr(predicate, "__name__", "the state")
            raise AssertionError(f"waited {timeout:g} s for {awaited}; the last answer was {answer!r}")
        time.sleep(step)
