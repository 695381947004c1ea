"""What makes the tests quick and changes nothing of what they find."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from eventmail import signing
from eventmail.domain.people import passwords
from eventmail.web.public.health import WriteCheck

# What takes longest, in heaps: each is where another worker begins, so that no worker is left with it at the end. What
# waits and what computes run beside each other.
SLOW = (
    ("tests/concurrency/test_race", "tests/processes/"),
    (
        "tests/concurrency/test_kill", "tests/concurrency/test_crash_points", "tests/concurrency/test_frozen",
        "tests/concurrency/test_storm", "tests/concurrency/",
    ),
    ("tests/browser/",),
)  # fmt: skip


def in_turn(names: Sequence[str], workers: int) -> list[int]:
    """The places of the tests with these names, in the order of their turn.

    pytest-xdist cuts it into as many parts as there are workers, and gives the end of the longest to who has none left.
    """
    heaps: list[list[int]] = [[] for _ in SLOW]
    quick: list[int] = []
    for place, name in enumerate(names):
        heap = next((heap for heap, paths in zip(heaps, SLOW, strict=True) if name.startswith(paths)), quick)
        heap.append(place)
    for heap, paths in zip(heaps, SLOW, strict=True):
        heap.sort(key=lambda place: [not names[place].startswith(path) for path in paths])
    order: list[int] = []
    for worker in range(workers):
        end = len(order) + (len(names) - len(order)) // (workers - worker)
        order += chain.from_iterable(heaps[worker::workers])
        missing = max(0, end - len(order))
        order += quick[:missing]
        del quick[:missing]
    return order + quick


def hash_at_once(patch: pytest.MonkeyPatch) -> None:
    """A password hash of this process costs next to nothing."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(passwords, "_hasher", hasher)
    patch.setattr(passwords, "_NOBODY", hasher.hash(signing.new_token()))


def compiled_once(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """Werkzeug compiles a function for each URL of each app; those of every test's app are the same."""
    made: dict[Any, Any] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, rule.subdomain, repr(rule.defaults), repr(rule._trace), append_unknown)
        if key not in made:
            made[key] = compile_(rule, append_unknown)
        return made[key]

    return compiled


# What pages add to an application, by the names Flask keeps it under.
_ADDED = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
)


def registered_once(register: Callable[[Flask], None]) -> Callable[[Flask], None]:
    """Every test has an app of its own; its pages, routes and compiled templates are those of the first one.

    Whatever depends on the settings is registered anew.
    """
    made: list[Flask] = []

    def registered(app: Flask) -> None:
        if app.extensions["settings"].proxies:
            register(app)
        elif not made:
            register(app)
            made.append(app)
        else:
            _share(made[0], app)
            app.extensions["write_check"] = WriteCheck()  # what was found is true of one instance
            app.extensions.pop("live", None)

    return registered


def _share(first: Flask, app: Flask) -> None:
    for name in _ADDED:
        found = getattr(app, name)
        found.clear()
        found.update({scope: list(functions) for scope, functions in getattr(first, name).items()})
    for scope, by_code in first.error_handler_spec.items():
        for code, handlers in by_code.items():
            app.error_handler_spec[scope][code] = dict(handlers)
    app.view_functions |= first.view_functions | {"static": app.view_functions["static"]}
    app.blueprints |= first.blueprints
    app.extensions |= {name: found for name, found in first.extensions.items() if name not in app.extensions}
    for name, value in first.config.items():
        app.config.setdefault(name, value)
    app.url_map = first.url_map
    app.jinja_env = first.jinja_env


def of_one_dialect(make: Callable[..., Engine]) -> Callable[..., Engine]:
    """SQLAlchemy keeps what it compiled by engine and dialect. Every test has an engine of its own; they are alike."""
    alike: dict[type, Dialect] = {}
    compiled: LRUCache[Any, Any] = LRUCache(5_000)

    def made(*given: Any) -> Engine:
        engine = make(*given)
        engine.dialect = alike.setdefault(type(engine.dialect), engine.dialect)
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    return made


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
