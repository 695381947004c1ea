"""POST /webhooks/generic: who may report, what is answered, and that nothing a report says is an error of ours (F1)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from eventmail.models import EmailEvent, Suppression
from eventmail.settings import Settings
from tests.support.budgets import budget
from tests.support.time import FrozenClock
from tests.support.web import Client
from tests.support.webhooks import SECRET, signed

URL = "/webhooks/generic"
BOUNCE = {"type": "bounce", "data": {"email": "dead@guests.example.net", "code": "550 5.1.1", "reason": "No such user"}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_secret_generic": SecretStr(SECRET)})


def test_F1_a_signed_report_is_counted_once_and_lists_the_dead_address(
    visitor: Client, clock: FrozenClock, row: Callable[..., Any]
) -> None:
    asked = signed(BOUNCE, clock.now())
    answers = [visitor.post(URL, **asked), visitor.post(URL, **asked)]
    assert [(answer.status_code, answer.json) for answer in answers] == [
        (200, {"received": 1, "new": 1}),
        (200, {"received": 1, "new": 0}),
    ]
    event = row(EmailEvent)
    assert (event.kind, event.code, event.detail, event.provider_event_id) == (
        "bounce", "550 5.1.1", "No such user", "msg_1",
    )  # fmt: skip
    assert row(Suppression).address == "dead@guests.example.net"


def test_F1_a_forged_report_is_403_and_changes_nothing(
    visitor: Client, clock: FrozenClock, count: Callable[..., int]
) -> None:
    asked = signed(BOUNCE, clock.now(), secret="whsec_" + "Qm9i" * 8)
    answer = visitor.post(URL, **asked)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "BAD_SIGNATURE")
    assert (count(EmailEvent), count(Suppression)) == (0, 0)


def test_F1_a_replay_after_five_minutes_is_403(visitor: Client, clock: FrozenClock) -> None:
    asked = signed(BOUNCE, clock.now())
    clock.advance(minutes=6)
    assert visitor.post(URL, **asked).status_code == 403


def test_a_report_about_a_mail_that_is_not_ours_is_taken(visitor: Client, clock: FrozenClock) -> None:
    asked = signed({"type": "delivered", "data": {"eventmail_id": "other-99"}}, clock.now())
    assert visitor.post(URL, **asked).json == {"received": 1, "new": 1}


def test_an_unknown_type_is_taken_and_forgotten(visitor: Client, clock: FrozenClock, count: Callable[..., int]) -> None:
    answer = visitor.post(URL, **signed({"type": "opened"}, clock.now()))
    assert (answer.status_code, answer.json, count(EmailEvent)) == (200, {"received": 0, "new": 0}, 0)


def test_what_is_not_json_is_400_in_words(visitor: Client, clock: FrozenClock) -> None:
    answer = visitor.post(URL, **signed(b"bounce!", clock.now()))
    assert (answer.status_code, answer.get_json()["detail"]) == (400, "The body must be JSON.")


def test_more_than_a_megabyte_is_413(visitor: Client, clock: FrozenClock) -> None:
    assert visitor.post(URL, **signed(b" " * (1024 * 1024 + 1), clock.now())).status_code == 413


def test_no_other_mail_service_is_listened_to(visitor: Client, clock: FrozenClock) -> None:
    assert visitor.post("/webhooks/other", **signed(BOUNCE, clock.now())).status_code == 404


_TEXT = st.text(max_size=40)
_REPORTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["bounce", "complaint", "deferred"])},
    optional={
        "data": st.dictionaries(st.sampled_from(["email", "eventmail_id", "code", "detail"]), _TEXT | st.floats())
    },
)


@given(report=_REPORTS | st.lists(_REPORTS, max_size=3) | st.binary(max_size=60), number=st.integers(0, 10**9))
@hypothesis_settings(max_examples=budget(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_signed_report_says_the_answer_is_never_5xx(
    visitor: Client, clock: FrozenClock, report: Any, number: int
) -> None:
    answer = visitor.post(URL, **signed(report, clock.now(), delivery=f"msg_{number}"))
    assert answer.status_code in (200, 400)


def test_nobody_reports_anything_while_no_secret_is_set(
    app: Flask, visitor: Client, clock: FrozenClock, settings: Settings
) -> None:
    app.extensions["settings"] = settings.model_copy(update={"webhook_secret_generic": SecretStr("")})
    answer = visitor.post(URL, **signed(BOUNCE, clock.now(), secret="whsec_"))
    assert answer.status_code == 404
