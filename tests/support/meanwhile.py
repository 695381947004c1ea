"""Something that happens just before a command writes."""

import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine


class at_first_write:  # noqa: N801  reads as a sentence where it is used
    """Let `meanwhile` happen, in a thread of its own and to its end, just before the next transaction begins.

    Nothing is replaced: the engine tells of each statement before it runs.
    """

    def __init__(self, app: Flask, meanwhile: Callable[[], object]) -> None:
        self.app, self.meanwhile, self.done = app, meanwhile, False

    def __enter__(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._begin)

    def __exit__(self, *_error: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._begin)
        assert self.done

    def _begin(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if self.done or statement != "BEGIN IMMEDIATE":
            return
        self.done = True
        other = threading.Thread(target=self._run)
        other.start()
        other.join()

    def _run(self) -> None:
        with self.app.app_context():
            self.meanwhile()
