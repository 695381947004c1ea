"""What makes the tests quick and changes nothing of what they find."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

from eventmail.web.public.health import WriteCheck

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
