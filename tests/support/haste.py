"""What makes the tests quick and changes nothing of what they find."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

# What takes longest begins first, so that no worker is left with it at the end. These wait more than they compute.
FIRST = (
    "tests/concurrency/test_kill",
    "tests/concurrency/test_crash_points",
    "tests/concurrency/test_frozen",
    "tests/concurrency/test_storm",
    "tests/concurrency/",
    "tests/processes/",
    "tests/browser/",
)


def turn(name: str) -> int:
    """When a test has its turn, by its name from the root on."""
    return next((at for at, path in enumerate(FIRST) if name.startswith(path)), len(FIRST))


def compiled_once(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """Werkzeug compiles a function for each URL of each app; those of every test's app are the same."""
    made: dict[Any, Any] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, rule.subdomain, repr(rule.defaults), repr(rule._trace), append_unknown)
        if key not in made:
            made[key] = compile_(rule, append_unknown)
        return made[key]

    return compiled


@contextmanager
def without_disk() -> Iterator[None]:
    """Nobody cuts the power of this very process. The processes that it starts do wait for the disk, as in life."""
    event.listen(Engine, "connect", _hasten)
    try:
        yield
    finally:
        event.remove(Engine, "connect", _hasten)


def _hasten(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
