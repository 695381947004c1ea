"""What a monitor reads about scheduled messages that nobody has started."""

from datetime import timedelta

from eventmail.domain.mailings import control
from tests.integration.domain.mailings.schedule.conftest import SEND_AT, Planned
from tests.support.time import FrozenClock
from tests.support.web import Client


def backlog(visitor: Client) -> int:
    body = visitor.get("/healthz").json
    assert body is not None
    found: int = body["due_backlog"]
    return found


def test_health_counts_a_message_from_its_second_until_it_is_begun_and_done(
    party: Planned, visitor: Client, now: FrozenClock
) -> None:
    planned = party.plan()
    gone = party.plan(key="cancelled")
    control.cancel(gone.event_id, gone.id, gone.acting())
    now.set(SEND_AT - timedelta(seconds=1))
    assert backlog(visitor) == 0
    now.set(SEND_AT)
    assert backlog(visitor) == 1
    planned.start()
    assert backlog(visitor) == 1  # as a run


def test_health_counts_no_message_that_asks(party: Planned, visitor: Client, now: FrozenClock) -> None:
    planned = party.plan()
    now.set(SEND_AT + timedelta(hours=2))
    assert backlog(visitor) == 1
    planned.start()
    assert backlog(visitor) == 0
