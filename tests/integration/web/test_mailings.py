"""POST /mailings and what can be read of a mailing."""

import csv
import io
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventmail import clock
from eventmail.domain import guests
from eventmail.models import Content, IdempotencyRecord, Job, Mailing, Recipient, Suppression
from tests.support.seeding import Person, acting

BODY: dict[str, Any] = {
    "kind": "one_time",
    "subject": "Hi {guest.firstName}",
    "body": "Come to {event.title}.",
    "audience": {"statuses": ["confirmed"]},
}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/mailings"


@pytest.fixture
def party(add_guests: Any) -> list[int]:
    """Three guests, two of them at one address."""
    return add_guests([{"email": "Ada@guests.org"}, {"email": "ben@guests.org"}, {"email": "ada@guests.org"}])


@pytest.fixture
def post(api: Any, url: str) -> Any:
    """post(key="k", **changes of the body)"""

    def send(key: str | None = "k", **changes: Any) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        return api.post(url, json={**BODY, **changes}, headers=headers)

    return send


def refused(answer: TestResponse) -> tuple[int, str, list[str]]:
    """Status, code and the fields that are named."""
    assert answer.content_type == "application/problem+json"
    body: Any = answer.json
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return answer.status_code, body["code"], sorted(error["field"] for error in body["errors"])


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
            guests.delete(event_id, guest, acting())
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
    ({"kind": "calendar"}, 400, "INVALID_INPUT", ["kind"]),
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
    ({"design": {"id": "1"}, "drafft": True}, 400, "INVALID_INPUT", ["design", "drafft"]),
    ({"send_at": "2027-01-01T10:00", "timezone": "UTC"}, 400, "INVALID_INPUT", ["send_at", "timezone"]),
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
         "excluded": [{"reason": "duplicate_address", "count": 1}]},
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


# The recipients


@pytest.fixture
def sent(post: Any, party: list[int]) -> str:
    """The URL of a mailing."""
    return post().location


def test_each_recipient_with_what_became_of_them_t1(api: Any, sent: str, rows: Any) -> None:
    found = api.get(f"{sent}/recipients").json
    assert {key: found[key] for key in ("page", "pages", "total")} == {"page": 1, "pages": 1, "total": 2}
    assert [{**item, "updated_at": None} for item in found["items"]] == [
        {"email": email, "state": "queued", "attempts": 0, "request_ids": [], "last_error": None, "updated_at": None}
        for email in ("Ada@guests.org", "ben@guests.org")
    ]
    assert found["items"][0]["updated_at"].endswith("Z")


def test_recipients_by_state_and_page_t1(api: Any, sent: str) -> None:
    def listed(query: str) -> list[str]:
        return [item["email"] for item in api.get(f"{sent}/recipients?{query}").json["items"]]

    assert listed("state=queued&per_page=1&page=2") == ["ben@guests.org"]
    assert listed("state=sent") == []
    assert listed("per_page=1&page=99") == ["ben@guests.org"]
    assert refused(api.get(f"{sent}/recipients?state=lost")) == (400, "INVALID_INPUT", ["state"])


def test_the_outcome_as_csv_t1(api: Any, sent: str) -> None:
    answer = api.get(f"{sent}/recipients?format=csv", buffered=True)
    assert answer.mimetype == "text/csv"
    header, *lines = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert header == ["email", "state", "attempts", "request_id", "last_error", "updated_at"]
    assert [line[:5] for line in lines] == [
        ["Ada@guests.org", "queued", "0", "", ""],
        ["ben@guests.org", "queued", "0", "", ""],
    ]


def test_a_list_costs_the_same_for_one_and_for_three_mailings(
    client: Any, api: Any, post: Any, party: list[int], url: str, count_queries: Any
) -> None:
    costs: list[int] = []
    for _ in range(3):
        post(f"k{len(costs)}", subject=f"No {len(costs)}")
        with count_queries() as queries:
            client.get(url), api.get(url)
        costs.append(len(queries))
    assert costs[0] == costs[2]


def test_the_recipients_cost_the_same_for_one_and_for_three(
    client: Any, api: Any, post: Any, add_guest: Any, count_queries: Any
) -> None:
    costs: list[int] = []
    for n in (1, 2, 3):
        add_guest(f"{n}@guests.org")
        where = post(f"k{n}").location
        with count_queries() as queries:
            client.get(where), api.get(f"{where}/recipients"), api.get(f"{where}/recipients?format=csv", buffered=True)
        costs.append(len(queries))
    assert costs[0] == costs[2]


def test_the_page_of_a_mailing_shows_its_text_audience_recipients_and_log(client: Any, sent: str) -> None:
    text = client.get(sent).text
    for shown in ("Hi {guest.firstName}", "Ada@guests.org", "ben@guests.org", "Oscar Organizer"):
        assert shown in text
    assert "Ada@guests.org" not in client.get(f"{sent}?state=sent").text


# Who would get it


def test_an_audience_preview_counts_and_names_five(api: Any, event_id: int, party: list[int], count: Any) -> None:
    answer = api.post(f"/admin/events/{event_id}/audience-previews", json={"audience": BODY["audience"]})
    told = answer.get_json()
    assert len(told.pop("snapshot")) == 24
    assert (answer.status_code, told) == (
        200,
        {
            "count": 2,
            "excluded": [{"reason": "duplicate_address", "count": 1}],
            "sample": [
                {"id": str(party[0]), "email": "Ada@guests.org", "first_name": "Ada", "last_name": "Lovelace"},
                {"id": str(party[1]), "email": "ben@guests.org", "first_name": "Ada", "last_name": "Lovelace"},
            ],
        },
    )
    assert count(Content) == 0


def test_an_audience_preview_of_nobody_is_a_count_of_zero_a5(api: Any, event_id: int) -> None:
    answer = api.post(f"/admin/events/{event_id}/audience-previews", json={"audience": BODY["audience"]})
    told = answer.get_json()
    assert len(told.pop("snapshot")) == 24
    assert (answer.status_code, told) == (200, {"count": 0, "excluded": [], "sample": []})


def test_an_audience_preview_refuses_what_a_send_refuses(api: Any, event_id: int) -> None:
    url = f"/admin/events/{event_id}/audience-previews"
    assert refused(api.post(url, json={"audience": {}})) == (400, "INVALID_AUDIENCE", ["audience"])
    assert refused(api.post(url, json={})) == (400, "INVALID_INPUT", ["audience"])
    assert refused(api.post(url, json={"audience": {}, "snapshot": 1})) == (400, "INVALID_INPUT", ["snapshot"])


def test_who_is_left_out_as_json_and_csv_a2(
    api: Any, client: Any, event_id: int, party: list[int], writing: Any
) -> None:
    with writing() as tx:
        tx.add(Suppression(address="ben@guests.org", scope="all", reason="hard_bounce", source="test",
                           created_at=clock.now()))  # fmt: skip
    url = f"/admin/events/{event_id}/messages/exclusions?statuses=confirmed"
    items = api.get(url).json["items"]
    assert [(item["id"], item["reason"], item["shares_with"]) for item in items] == [
        (str(party[2]), "duplicate_address", str(party[0])), (str(party[1]), "bounced", None),
    ]  # fmt: skip
    lines = list(csv.reader(io.StringIO(client.get(f"{url}&format=csv", buffered=True).text.removeprefix("\ufeff"))))
    assert lines == [
        ["email", "first_name", "last_name", "reason"], ["ada@guests.org", "Ada", "Lovelace", "sharing an address"],
        ["ben@guests.org", "Ada", "Lovelace", "bounced"],
    ]  # fmt: skip
    page = client.get(url)
    assert (page.status_code, "ben@guests.org" in page.text, "Ada@guests.org" in page.text) == (200, True, False)


def test_an_address_is_sent_as_typed_and_compared_lower_cased_a7(post: Any, party: list[int], rows: Any) -> None:
    post()
    assert [(r.email, r.address) for r in rows(Recipient)] == [
        ("Ada@guests.org", "ada@guests.org"), ("ben@guests.org", "ben@guests.org"),
    ]  # fmt: skip
