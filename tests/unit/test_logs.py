"""Each log line is one JSON object that says which request it belongs to."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from eventmail import logs


@pytest.fixture(autouse=True)
def _outside_of_requests() -> Iterator[None]:
    """A test of pages that ran before in this process leaves the id of its last request behind."""
    token = logs.request_id.set("")
    yield
    logs.request_id.reset(token)


def line(level: int = logging.INFO, message: str = "sent %s", *args: object, **members: Any) -> dict[str, Any]:
    record = logging.LogRecord("eventmail.test", level, "file", 1, message, args, members.pop("exc_info", None))
    vars(record).update(members)
    text = logs.JsonLines().format(record)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_a_line_holds_time_level_logger_and_message() -> None:
    written = line(logging.WARNING, "sent %s", 3)
    assert {name: written[name] for name in written if name != "at"} == {
        "level": "warning", "logger": "eventmail.test", "message": "sent 3",
    }  # fmt: skip
    assert written["at"][10] == "T"


def test_everything_given_as_extra_becomes_a_member() -> None:
    written = line(job=7, path=object)
    assert written["job"] == 7
    assert written["path"] == "<class 'object'>"


def test_the_request_id_stands_on_its_lines() -> None:
    token = logs.request_id.set("req_abc")
    try:
        assert line()["request_id"] == "req_abc"
    finally:
        logs.request_id.reset(token)
    assert "request_id" not in line()


def test_a_trace_stays_on_the_line_of_its_error() -> None:
    try:
        raise KeyError("ä\n")
    except KeyError:
        written = line(exc_info=sys.exc_info())
    assert written["trace"].startswith("Traceback (most recent call last):")


def test_setting_up_twice_writes_each_line_once() -> None:
    logs.set_up()
    logs.set_up()
    ours = [h for h in logging.getLogger("eventmail").handlers if isinstance(h.formatter, logs.JsonLines)]
    assert len(ours) == 1
