"""A message to the guests of a running instance, sent and asked for over HTTP."""

from collections.abc import Callable
from typing import Any

from tests.support import seeding
from tests.support.live import Live

MESSAGE = {"kind": "one_time", "subject": "Hi", "body": "Hi {guest.firstName}", "audience": {"statuses": ["confirmed"]}}


def send(live: Live, key: str = "once") -> int:
    """A message to everybody who confirmed: its id."""
    answer = live.api("POST", f"/admin/events/{live.event_id}/mailings", MESSAGE, {"Idempotency-Key": key})
    assert answer.status == 202, answer.text
    return int(answer.json["id"])


def mailing(live: Live, mailing_id: int) -> dict[str, Any]:
    """What the API tells of it."""
    answer: dict[str, Any] = live.api("GET", f"/admin/events/{live.event_id}/mailings/{mailing_id}").json
    return answer


def finished(live: Live, mailing_id: int) -> Callable[[], bool]:
    """To wait for."""
    return lambda: mailing(live, mailing_id)["state"] == "finished"


def add_guests(live: Live, *people: dict[str, Any] | int) -> None:
    """Guests by their values, or so many."""
    with live.app.app_context():
        for some in people:
            seeding.add_guests(live.event_id, some if isinstance(some, int) else [some])
