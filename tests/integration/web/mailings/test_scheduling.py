"""Scheduled messages as programs make, read, change and cancel them (H1 to H6a)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail import tasks
from eventmail.db import transaction
from eventmail.models import Event, Guest, Job, Mailing, Recipient, Reservation, Schedule
from tests.support.time import FrozenClock
from tests.support.written import BODY

NOW = datetime(2027, 3, 4, 12, 0, tzinfo=UTC)
TIMED = {"send_at": "2027-04-30T18:00", "timezone": "Europe/Berlin"}
KEYS = ("id", "state", "send_at", "timezone", "fold", "relative", "audience_mode", "edit_cutoff_at", "recipient_count")


@pytest.fixture
def url(event_id: int, app: Flask, clock: FrozenClock, client_for: Any, add_guest: Any) -> str:
    """Two come to an event in Berlin on 1 May 2027."""
    clock.set(NOW)
    add_guest("ada@guests.example.net", first_name="Ada")
    add_guest("ben@guests.example.net")
    with app.app_context(), transaction() as tx:
        tx.execute(
            update(Event).values(
                timezone="Europe/Berlin", starts_wall=datetime.fromisoformat("2027-05-01T18:00"),
                ends_wall=datetime.fromisoformat("2027-05-01T23:00"),
            )
        )  # fmt: skip
    return f"/admin/events/{event_id}/mailings"


@pytest.fixture
def post(api: Any, url: str) -> Callable[..., Any]:
    def call(key: str | None = "k", **change: Any) -> Any:
        return api.post(url, json={**BODY, **change}, headers={"Idempotency-Key": key} if key else {})

    return call


@pytest.fixture
def made(post: Any) -> dict[str, Any]:
    answer = post(**TIMED)
    assert answer.status_code == 202
    return dict(answer.json)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_H1_it_is_told_in_UTC_beside_its_zone(made: dict[str, Any], api: Any, url: str) -> None:
    assert {name: made[name] for name in KEYS} == {
        "id": made["id"], "state": "scheduled", "send_at": "2027-04-30T16:00:00Z", "timezone": "Europe/Berlin",
        "fold": 0, "relative": None, "audience_mode": "at_due", "edit_cutoff_at": "2027-04-30T15:45:00Z",
        "recipient_count": 2,
    }  # fmt: skip
    assert made["job"] is None
    assert made["counts"]["queued"] == 2
    assert api.get(f"{url}/{made['id']}").json == {**made, "waits_for": None}
    assert api.get(url).json["items"] == [made]


def test_S1_a_repeated_request_is_answered_as_before(post: Any, made: dict[str, Any], count: Any) -> None:
    again = post(**TIMED)
    assert (again.status_code, again.json, again.headers["Idempotent-Replayed"]) == (202, made, "true")
    assert (count(Mailing), count(Recipient), count(Job)) == (1, 2, 0)
    assert refused(post(send_at="2027-04-29T18:00", timezone="Europe/Berlin")) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_the_zone_of_the_event_is_meant_when_none_is_named(post: Any) -> None:
    assert post(send_at="2027-04-30T18:00:30").json["send_at"] == "2027-04-30T16:00:30Z"


def test_an_alias_of_a_zone_is_kept_as_it_was_chosen(post: Any) -> None:
    assert post(send_at="2027-04-30T18:00", timezone="Europe/Kiev").json["timezone"] == "Europe/Kiev"


def test_H6a_a_relative_time_is_told_with_its_rule(post: Any) -> None:
    rule = {"anchor": "starts", "days": -2, "at": "18:00"}
    answer = post(relative=rule).json
    assert (answer["send_at"], answer["timezone"], answer["relative"]) == (
        "2027-04-29T16:00:00Z",
        "Europe/Berlin",
        rule,
    )


def test_a_dry_run_tells_the_time_and_stores_nothing(post: Any, count: Any) -> None:
    answer = post(None, dry_run=True, **TIMED)
    assert (answer.status_code, answer.json["send_at"], answer.json["recipient_count"]) == (
        200,
        "2027-04-30T16:00:00Z",
        2,
    )
    assert (count(Mailing), count(Schedule), count(Reservation)) == (0, 0, 0)


def test_A5_G33_nobody_is_409_and_leaves_no_row(post: Any, app: Flask, count: Any) -> None:
    with app.app_context(), transaction() as tx:
        tx.execute(update(Guest).values(status="declined"))
    answer = post(**TIMED)
    assert (*refused(answer), answer.json["detail"]) == (409, "NO_RECIPIENTS", "No recipients match this audience.")
    assert (count(Mailing), count(Schedule), count(Reservation)) == (0, 0, 0)


def test_H2_an_hour_that_occurs_twice_needs_a_fold(post: Any, app: Flask) -> None:
    with app.app_context(), transaction() as tx:
        tx.execute(update(Event).values(ends_wall=datetime.fromisoformat("2027-11-01T23:00")))
    twice = {"send_at": "2027-10-31T02:30", "timezone": "Europe/Berlin"}
    assert refused(post(**twice)) == (400, "AMBIGUOUS_TIME")
    first, second = post("a", fold=0, **twice).json, post("b", fold=1, **twice).json
    assert (first["send_at"], first["fold"]) == ("2027-10-31T00:30:00Z", 0)
    assert (second["send_at"], second["fold"]) == ("2027-10-31T01:30:00Z", 1)


def test_H3_a_change_keeps_what_it_does_not_name(api: Any, url: str, made: dict[str, Any], row: Any) -> None:
    answer = api.patch(f"{url}/{made['id']}", json={"subject": "New", "revision": made["revision"]})
    assert answer.status_code == 200
    content = {**made["content"], "subject": "New"}
    assert answer.json == {**made, "content": content, "revision": 2}
    answer = api.patch(f"{url}/{made['id']}", json={"send_at": "2027-04-29T09:00"})
    assert (answer.json["send_at"], answer.json["edit_cutoff_at"]) == ("2027-04-29T07:00:00Z", "2027-04-29T06:45:00Z")
    assert row(Reservation).due_at == datetime(2027, 4, 29, 7, tzinfo=UTC)
    answer = api.patch(f"{url}/{made['id']}", json={"relative": {"anchor": "ends", "hours": 1}})
    assert (answer.json["send_at"], answer.json["relative"]) == ("2027-05-01T22:00:00Z", {"anchor": "ends", "hours": 1})


@pytest.mark.parametrize(("body", "status", "code"), [
    ({"subject": "New", "revision": 7}, 409, "STALE_REVISION"),
    ({"send_at": None}, 400, "INVALID_INPUT"),
    ({"send_at": "2020-01-01T10:00"}, 400, "PAST_SEND_AT"),
    ({"draft": True}, 400, "INVALID_INPUT"),
    ({"kind": "one_time"}, 400, "INVALID_INPUT"),
    ({"body": "{guest.nickname}"}, 400, "UNRESOLVED_TOKEN"),
    ({"audience": {}}, 400, "INVALID_AUDIENCE"),
])  # fmt: skip
def test_H3_a_refused_change_leaves_the_message_as_it_was(
    api: Any, url: str, made: dict[str, Any], body: dict[str, Any], status: int, code: str
) -> None:
    assert refused(api.patch(f"{url}/{made['id']}", json=body)) == (status, code)
    assert api.get(f"{url}/{made['id']}").json == {**made, "waits_for": None}


@pytest.mark.parametrize("body", [{"subject": "New"}, {}, {"nonsense": 1}, {"revision": 7}])
def test_H3_after_the_cutoff_every_change_is_too_late(
    api: Any, url: str, made: dict[str, Any], clock: FrozenClock, body: dict[str, Any]
) -> None:
    clock.set(datetime(2027, 4, 30, 15, 45, tzinfo=UTC))
    assert refused(api.patch(f"{url}/{made['id']}", json=body)) == (409, "PAST_EDIT_WINDOW")
    assert api.get(f"{url}/{made['id']}").json == {**made, "waits_for": None}


def test_H4_cancelling_gives_back_every_place_and_says_so(
    api: Any, url: str, made: dict[str, Any], row: Any, event_id: int
) -> None:
    answer = api.post(f"{url}/{made['id']}/cancellation")
    assert (answer.status_code, answer.json["state"], answer.json["counts"]["cancelled"]) == (200, "cancelled", 2)
    assert (row(Reservation).reserved, row(Reservation).refunded) == (2, 2)
    assert refused(api.post(f"{url}/{made['id']}/cancellation")) == (409, "ALREADY_CANCELLED")
    assert refused(api.patch(f"{url}/{made['id']}", json={"subject": "New"})) == (409, "PAST_EDIT_WINDOW")
    log = api.get(f"/admin/events/{event_id}/audit").json["items"]
    assert [entry["action"] for entry in log][:2] == ["mailing.cancelled", "mailing.scheduled"]


def test_G31_nothing_of_it_can_be_tried_again(api: Any, url: str, made: dict[str, Any]) -> None:
    assert refused(api.post(f"{url}/{made['id']}/retries", json={})) == (409, "NOTHING_TO_DO")


def test_a_draft_with_a_time_is_planned_and_is_scheduled_by_a_patch(api: Any, url: str, post: Any, count: Any) -> None:
    draft = post(draft=True, **TIMED).json
    assert (draft["state"], draft["send_at"], draft["edit_cutoff_at"]) == ("draft", "2027-04-30T16:00:00Z", None)
    assert (count(Schedule), count(Reservation)) == (0, 0)
    asked = {"revision": draft["revision"], "draft": False}
    answer = api.patch(f"{url}/{draft['id']}", json=asked, headers={"Idempotency-Key": "send"})
    assert (answer.status_code, answer.json["state"], answer.json["id"]) == (200, "scheduled", draft["id"])
    again = api.patch(f"{url}/{draft['id']}", json=asked, headers={"Idempotency-Key": "send"})
    assert (again.json, again.headers["Idempotent-Replayed"]) == (answer.json, "true")
    assert (count(Mailing), count(Schedule), count(Job)) == (1, 1, 0)


def test_a_draft_may_lose_its_time_again(api: Any, url: str, post: Any) -> None:
    draft = post(draft=True, **TIMED).json
    answer = api.patch(f"{url}/{draft['id']}", json={"revision": 1, "send_at": None})
    assert (answer.status_code, answer.json["send_at"], answer.json["revision"]) == (200, None, 2)


def test_H6_a_missed_message_is_sent_now_by_a_retry(
    api: Any, url: str, made: dict[str, Any], app: Flask, clock: FrozenClock, event_id: int
) -> None:
    clock.set(datetime(2027, 4, 30, 16, 0, tzinfo=UTC) + timedelta(hours=2))
    tasks.tick(app)
    missed = api.get(f"{url}/{made['id']}").json
    assert (missed["state"], missed["not_sent"]) == ("missed", "late")
    assert refused(api.post(f"{url}/{made['id']}/retries", json={"people": 3})) == (409, "AUDIENCE_CHANGED")
    answer = api.post(f"{url}/{made['id']}/retries", json={"people": 2})
    assert (answer.status_code, answer.json["state"], answer.json["not_sent"]) == (200, "sending", None)
