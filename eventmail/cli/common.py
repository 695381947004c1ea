"""Shared by the commands: an open instance, the console as the one who acts, a link, an answer as JSON."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask

from eventmail import clock, create_app, ids
from eventmail.db import db
from eventmail.records import Acting
from eventmail.settings import Settings

as_json_option = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON value on one line.")


@contextmanager
def opened(here: Settings) -> Iterator[Flask]:
    """An application on this instance, in its context. A command shows no pages, so none are loaded."""
    app = create_app(here, pages=False)
    with app.app_context():
        try:
            yield app
        finally:
            db.engine.dispose()  # the processes we start must not inherit a connection


def by() -> Acting:
    """The console, acting now."""
    return Acting(None, "cli", ids.request_id(), clock.now())


def link(here: Settings, token: str | None) -> str:
    """The address of a sign-in link."""
    return f"{here.public_url}/sign-in/{token}"


def print_json(value: Any) -> None:
    """Print one JSON value on one line of stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))
