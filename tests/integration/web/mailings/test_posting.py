"""POST /mailings: taken once a key, or refused with the field that is wrong."""

from typing import Any

import pytest
from flask import Flask

from eventmail.domain.guests import edit
from eventmail.models import Content, IdempotencyRecord, Job, Mailing, Recipient
from tests.support.seeding import Person, acting
from tests.support.web import refused
from tests.support.written import BODY


def test_a_message_is_accepted_with_202_and_where_to_look_s1(
    api: Any, post: Any, party: list[int], url: str, row: Any
) -> None:
    answer = post()
    mailing = row(Mailing)
    assert (answer.status_code, answer.location) == (202, f"{url}/{mailing.id}")
    assert (answer.json["id"], answer.json["counts"]["queued"], answer.json["recipient_count"]) == (
        str(mailing.id),
        2,
        2,
    )
    assert answer.json["excluded"] == [{"reason": "duplicate_address", "count": 1}]
    assert "Idempotent-Replayed" not in answer.headers
    assert api.get(answer.location).json == answer.json
    assert api.get(url).json == {"items": [answer.json], "page": 1, "pages": 1, "total": 1}


def test_the_worker_is_rung_once_after_a_send_and_not_by_a_replay(app: Flask, post: Any, party: list[int]) -> None:
    post(), post()
    assert len(app.extensions["huey"]) + len(app.extensions["huey"].scheduled()) == 1


@pytest.mark.parametrize("again", ["k", '"k"', " k "])
def test_a_key_quoted_or_bare_replays_the_same_answer_s1(post: Any, party: list[int], again: str, count: Any) -> None:
    first, second = post("k"), post(again)
    assert (second.status_code, second.data, second.location) == (202, first.data, first.location)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (count(Mailing), count(Job)) == (1, 1)


def test_a_replay_keeps_the_first_answer_when_the_mailing_went_on(
    event_id: int, api: Any, post: Any, party: list[int], app: Flask
) -> None:
    first = post()
    with app.app_context():
        for guest in party:
            edit.delete(event_id, guest, acting())
    assert post().data == first.data
    assert api.get(first.location).json["counts"]["cancelled"] == 2


def test_a_key_with_another_body_is_422_and_sends_nothing_s1(post: Any, party: list[int], count: Any) -> None:
    post()
    assert refused(post(subject="Other")) == (422, "IDEMPOTENCY_KEY_REUSED", [])
    assert count(Mailing) == 1


def test_another_person_has_another_k(
    event_id: int, api_for: Any, owner: Person, post: Any, party: list[int], url: str, count: Any
) -> None:
    answers = [post(), api_for(owner).post(url, json=BODY, headers={"Idempotency-Key": "k"})]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert count(Mailing) == 2


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_sent(post: Any, party: list[int], key: str | None, count: Any) -> None:
    assert refused(post(key)) == (400, "IDEMPOTENCY_KEY_REQUIRED", [])
    assert count(Mailing) == 0


@pytest.mark.parametrize("key", ["x" * 256, "a b", "ä", '""'])
def test_a_key_that_can_not_be_one_is_refused(post: Any, party: list[int], key: str, count: Any) -> None:
    answer = post(key.encode().decode("latin-1"))
    assert refused(answer) == (400, "INVALID_INPUT", ["idempotency_key"])
    assert count(Mailing) == 0


WRONG: list[tuple[dict[str, Any], int, str, list[str]]] = [
    ({"kind": "test"}, 400, "INVALID_INPUT", ["kind"]),
    ({"kind": None}, 400, "INVALID_INPUT", ["kind"]),
    ({"subject": ""}, 400, "INVALID_INPUT", ["subject"]),
    ({"subject": None}, 400, "INVALID_INPUT", ["subject"]),
    ({"subject": 7}, 400, "INVALID_INPUT", ["subject"]),
    ({"subject": "x" * 999}, 400, "INVALID_INPUT", ["subject"]),
    ({"body": ["x"]}, 400, "INVALID_INPUT", ["body"]),
    ({"body": " "}, 400, "INVALID_INPUT", ["body"]),
    ({"body": "x" * 3_000_000}, 400, "INVALID_INPUT", ["body"]),
    ({"body": "\ud800"}, 400, "INVALID_INPUT", ["body"]),
    ({"body": "{guest.nickname}"}, 400, "UNRESOLVED_TOKEN", ["body"]),
    ({"subject": "{guest.nickname}", "body": "{x.y}"}, 400, "UNRESOLVED_TOKEN", ["body", "subject"]),
    ({"audience": None}, 400, "INVALID_AUDIENCE", ["audience"]),
    ({"audience": []}, 400, "INVALID_INPUT", ["audience"]),
    ({"audience": {}}, 400, "INVALID_AUDIENCE", ["audience"]),
    ({"audience": {"statuses": []}}, 400, "INVALID_AUDIENCE", ["audience"]),
    ({"audience": {"statuses": None}}, 400, "INVALID_AUDIENCE", ["audience"]),
    ({"audience": {"statuses": ["bounced"]}}, 400, "INVALID_AUDIENCE", ["audience.statuses"]),
    ({"audience": {"statuses": "confirmed"}}, 400, "INVALID_INPUT", ["audience.statuses"]),
    ({"audience": {"guests": [1]}}, 400, "INVALID_INPUT", ["audience.guests.0"]),
    ({"audience": {"guests": ["1" * 40]}}, 400, "INVALID_AUDIENCE", ["audience.guests"]),
    ({"audience": {"segments": ["1"]}}, 400, "INVALID_AUDIENCE", ["audience.segments"]),
    ({"audience": {"everyone": True}}, 400, "INVALID_INPUT", ["audience.everyone"]),
    ({"audience": {"statuses": ["declined"]}}, 409, "NO_RECIPIENTS", []),
    ({"dessign": {"id": "1"}, "drafft": True}, 400, "INVALID_INPUT", ["dessign", "drafft"]),
    ({"design": {"id": "1"}}, 400, "INVALID_INPUT", ["design"]),
    ({"timezone": "UTC"}, 400, "INVALID_INPUT", ["send_at"]),
    ({"send_at": "soon"}, 400, "INVALID_INPUT", ["send_at"]),
    ({"send_at": "2027-01-01T10:00Z"}, 400, "INVALID_INPUT", ["send_at"]),
    ({"send_at": "2020-01-01T10:00", "timezone": "UTC"}, 400, "PAST_SEND_AT", ["send_at"]),
    ({"send_at": "2199-01-01T10:00", "timezone": "UTC"}, 400, "INVALID_INPUT", ["send_at"]),
    ({"send_at": "2027-03-28T02:30", "timezone": "Europe/Berlin"}, 400, "NONEXISTENT_TIME", ["send_at"]),
    ({"send_at": "2027-10-31T02:30", "timezone": "Europe/Berlin"}, 400, "AMBIGUOUS_TIME", ["send_at"]),
    ({"send_at": "2027-01-01T10:00", "timezone": "Mars/Base"}, 400, "INVALID_TIMEZONE", ["timezone"]),
    ({"relative": {"anchor": "middle", "days": 1}}, 400, "INVALID_INPUT", ["relative.anchor"]),
    ({"relative": {"anchor": "starts", "days": 1, "hours": 1}}, 400, "INVALID_INPUT", ["relative"]),
    ({"relative": {"anchor": "starts", "hours": 1, "at": "18:00"}}, 400, "INVALID_INPUT", ["relative"]),
    ({"audience_snapshot": "x", "audience_mode": ""}, 400, "INVALID_INPUT", ["audience_mode"]),
    ({"audience_snapshot": "x"}, 400, "INVALID_AUDIENCE", ["audience_snapshot"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "status", "code", "fields"), WRONG)
def test_a_refused_message_names_what_is_wrong_and_leaves_its_key_free_s1(
    post: Any, party: list[int], change: dict[str, Any], status: int, code: str, fields: list[str], count: Any
) -> None:
    assert refused(post(**change)) == (status, code, fields)
    assert (count(Mailing), count(Content), count(IdempotencyRecord)) == (0, 0, 0)
    assert post().status_code == 202


@pytest.mark.parametrize(("change", "status", "code", "fields"), WRONG)
def test_a_dry_run_refuses_the_same_things(
    post: Any, party: list[int], change: dict[str, Any], status: int, code: str, fields: list[str]
) -> None:
    assert refused(post(None, dry_run=True, **change)) == (status, code, fields)


def test_no_recipients_is_said_in_one_sentence_a5(post: Any, event_id: int) -> None:
    assert post().json["detail"] == "No recipients match this audience."


def test_a_dry_run_answers_200_without_an_id_and_stores_nothing(post: Any, party: list[int], count: Any) -> None:
    answer = post(dry_run=True)
    assert (answer.status_code, answer.json) == (
        200,
        {"kind": "one_time", "dry_run": True, "recipient_count": 2,
         "send_at": None,
        "excluded": [{"reason": "duplicate_address", "count": 1}],
         "warnings": [{"code": "NO_PREVIEW_TEXT", "part": "preheader", "count": None, "message":
                       "There is no preview text: mail lists show the beginning of the message instead."}]},
    )  # fmt: skip
    assert (count(Mailing), count(Content), count(IdempotencyRecord)) == (0, 0, 0)
    assert post(subject="Other").status_code == 202  # under the same key


def test_null_means_absent_at_any_depth(post: Any, party: list[int]) -> None:
    audience = {"statuses": ["confirmed"], "segments": None, "guests": None}
    assert post(preheader=None, dry_run=None, audience=audience).status_code == 202


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000, b'{"kind": ' + b"9" * 5000 + b"}",
        b'{"a": NaN}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_400(api: Any, url: str, data: bytes) -> None:
    answer = api.post(url, data=data, content_type="application/json", headers={"Idempotency-Key": "k"})
    assert refused(answer)[:2] == (400, "INVALID_INPUT")


def test_an_address_is_sent_as_typed_and_compared_lower_cased_a7(post: Any, party: list[int], rows: Any) -> None:
    post()
    assert [(r.email, r.address) for r in rows(Recipient)] == [
        ("Ada@guests.org", "ada@guests.org"), ("ben@guests.org", "ben@guests.org"),
    ]  # fmt: skip
