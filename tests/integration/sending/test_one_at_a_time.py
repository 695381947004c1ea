"""A mail service that knows nothing but `send(mail)` delivers through the worker as every other one does."""

from collections.abc import Callable
from typing import Any

from eventmail.providers.base import Accepted, Mail, Permanent, Refused, Transient, Unclear
from eventmail.providers.one_at_a_time import OneAtATime
from tests.support.time import FrozenClock

SENT, LATER, NEVER, LOST = (f"{name}@guests.example.net" for name in ("a", "b", "c", "d"))


class OverHttp:
    """Answers as a client of an HTTP service does: by what the response meant."""

    def __init__(self, looks: Callable[[], Any] = lambda: None) -> None:
        self.mails: list[Mail] = []
        self.seen: list[Any] = []
        self._looks = looks

    def send(self, mail: Mail) -> Accepted:
        """See providers.one_at_a_time.Sends."""
        self.mails.append(mail)
        self.seen.append(self._looks())
        if mail.to == LATER and mail.attempt == 1:
            raise Transient("Too many requests", code="429", retry_after=90)
        if mail.to == NEVER:
            raise Permanent("No such mailbox", code="422", hard=True)
        if mail.to == LOST:
            raise Unclear("The connection was lost before the answer came")
        return Accepted(f"id-{mail.key}")


def test_S4_S5_each_answer_of_a_service_that_only_sends_is_recorded_as_what_it_is(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    http, run = OverHttp(), send(SENT, LATER, NEVER, LOST)
    service = OneAtATime(http, "outbox", outside=False)

    due = run.drain(service)

    assert run.states == {SENT: "sent", LATER: "queued", NEVER: "failed", LOST: "unknown"}
    assert (due - clock.now()).total_seconds() == 90
    clock.advance(seconds=90)
    assert run.drain(service) is None
    assert run.states == {SENT: "sent", LATER: "sent", NEVER: "failed", LOST: "unknown"}
    assert [recipient.last_error for recipient in run.recipients][2:] == [
        "No such mailbox (422)", "The connection was lost before the answer came",
    ]  # fmt: skip
    run.assert_balanced()


def test_S3_another_try_hands_over_the_same_key(send: Callable[..., Any], clock: FrozenClock) -> None:
    http, run = OverHttp(), send(LATER)
    service = OneAtATime(http, "outbox", outside=False)
    run.drain(service)
    clock.advance(seconds=90)
    run.drain(service)
    first, second = http.mails
    assert (first.key == second.key, [first.attempt, second.attempt]) == (True, [1, 2])


def test_S11_a_mail_is_marked_before_a_service_that_only_sends_gets_it(send: Callable[..., Any]) -> None:
    run = send(SENT, LOST)
    http = OverHttp(lambda: run.states[http.mails[-1].to])
    run.drain(OneAtATime(http, "outbox", outside=False))
    assert http.seen == ["sending", "sending"]


def test_S5_a_fault_of_a_service_that_only_sends_puts_one_mail_in_doubt(send: Callable[..., Any]) -> None:
    class Faulty(OverHttp):
        def send(self, mail: Mail) -> Accepted:
            super().send(mail)
            raise KeyError("id")

    http, run = Faulty(), send(SENT, LATER)
    run.drain(OneAtATime(http, "outbox", outside=False))
    assert (run.states[SENT], [mail.to for mail in http.mails][:1]) == ("unknown", [SENT])


def test_S12_a_service_that_only_sends_and_refuses_us_stops_the_run(send: Callable[..., Any]) -> None:
    class Locked(OverHttp):
        def send(self, mail: Mail) -> Accepted:
            super().send(mail)
            raise Refused("The token is not valid", code="401")

    http, run = Locked(), send(SENT, NEVER)
    run.drain(OneAtATime(http, "outbox", outside=False))
    assert (len(http.mails), run.job.stopped is not None) == (1, True)
