"""Test sends by JSON: what they take, what they answer, and where they do not count."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventmail import clock
from eventmail.domain.outcomes import overview
from eventmail.models import AuditEntry, Content, Exclusion, Job, Mailing, Recipient, Suppression
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client

BODY = {"subject": "Hi {guest.firstName}", "body": "Come to {event.title}."}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/mailings/test-sends"


@pytest.fixture
def post(api: Client, url: str) -> Any:
    """post(key="k", **body): the JSON way, with a text unless `body` says otherwise."""

    def call(key: str = "k", **body: Any) -> TestResponse:
        return api.post(url, json={**BODY, **body}, headers={"Idempotency-Key": key} if key else {})

    return call


def suppress(writing: Any, address: str, scope: str = "all") -> None:
    with writing() as tx:
        tx.add(Suppression(address=address, scope=scope, reason="manual", source="test", created_at=clock.now()))


def test_E1_without_an_address_a_test_goes_to_the_one_who_asks(
    post: Any, organizer: Person, row: Any, rows: Any
) -> None:
    answer = post()

    mailing, job = row(Mailing), row(Job)
    assert (answer.status_code, answer.json) == (
        202,
        {"id": str(mailing.id), "to": [organizer.email], "state": "sending", "request_id": job.request_id},
    )
    assert answer.headers["X-Request-Id"] == job.request_id
    assert (mailing.kind, mailing.recipient_count, mailing.as_guest_id) == ("test", 1, None)
    assert [(r.guest_id, r.email, r.state) for r in rows(Recipient)] == [(None, organizer.email, "queued")]
    assert [(e.action, e.subject) for e in rows(AuditEntry, AuditEntry.action.like("mailing.%"))] == [
        ("mailing.test_sent", f"mailing:{mailing.id}")
    ]


def test_E1_a_test_is_neither_a_draft_nor_a_message_to_guests(post: Any, api: Any, event_id: int) -> None:
    sent = post().json["id"]
    assert api.get(f"/admin/events/{event_id}/messages/{sent}").status_code == 404
    assert api.get(f"/admin/events/{event_id}/mailings/{sent}").json["kind"] == "test"


def test_E1_up_to_five_typed_addresses_each_once_as_typed(post: Any, rows: Any) -> None:
    to = ["A@x.org", "b@x.org", "a@X.org", "c@x.org", "d@x.org", "e@x.org"]

    answer = post(to=to)

    assert answer.json["to"] == ["A@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"]
    assert [r.address for r in rows(Recipient)] == ["a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"to": [f"{n}@x.org" for n in range(6)]}, [("to", "TOO_MANY")]),
        ({"to": ["x@x.org", "nobody", "also not"]}, [("to", "INVALID_EMAIL"), ("to", "INVALID_EMAIL")]),
        ({"to": ["a@x.org\r\nBcc: b@x.org"]}, [("to", "INVALID_EMAIL")]),
        ({"to": [7]}, [("to.0", "STRING_TYPE")]),
        ({"guest": "999"}, [("guest", "UNKNOWN_GUEST")]),
        ({"guest": "ada"}, [("guest", "UNKNOWN_GUEST")]),
        ({"audience": {}}, [("audience", "EXTRA_FORBIDDEN")]),
        ({"subject": " "}, [("subject", "INVALID_INPUT")]),
    ],
)
def test_E1_what_is_wrong_is_named_and_nothing_is_sent(
    post: Any, count: Any, body: dict[str, Any], errors: list[Any]
) -> None:
    answer = post(**body)
    assert (answer.status_code, answer.json["code"]) == (400, "INVALID_INPUT")
    assert [(error["field"], error["code"]) for error in answer.json["errors"]] == errors
    assert (count(Mailing), count(Content), count(Job)) == (0, 0, 0)


def test_E1_the_address_too_many_and_the_malformed_one_are_named(post: Any) -> None:
    assert "“5@x.org” is too many" in post(to=[f"{n}@x.org" for n in range(6)]).json["detail"]
    assert "“nobody” is not an email address" in post(to=["x@x.org", "nobody"]).json["detail"]


def test_E1_a_hundred_thousand_addresses_are_refused_without_looking_at_each(post: Any) -> None:
    errors = post(to=[f"nobody {n}" for n in range(100_000)]).json["errors"]
    assert [(error["code"], error["message"]) for error in errors] == [
        ("TOO_MANY", "A test goes to at most 5 addresses: “nobody 5” and 99994 more are too many.")
    ]


def test_E1_a_guest_of_another_event_is_nobody(app: Flask, post: Any, add_event: Any, count: Any) -> None:
    other = add_event()
    with app.app_context():
        foreign = seeding.add_guest(other, "secret@x.org", first_name="Secret")
    assert post(guest=str(foreign)).status_code == 400
    assert count(Mailing) == 0


def test_C2_an_unknown_merge_field_is_refused_by_name(post: Any, count: Any) -> None:
    answer = post(body="Hi {guest.frstName}")
    assert (answer.status_code, answer.json["code"]) == (400, "UNRESOLVED_TOKEN")
    assert "{guest.firstName}" in answer.json["detail"]
    assert count(Mailing) == 0


def test_E1_a_key_is_needed(post: Any, count: Any) -> None:
    answer = post(key="")
    assert (answer.status_code, answer.json["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert count(Mailing) == 0


def test_E1_the_same_key_again_answers_the_same_and_sends_nothing(post: Any, count: Any) -> None:
    first, second = post(to=["a@x.org"]), post(to=["A@x.org"])
    assert (second.status_code, second.json) == (202, first.json)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (count(Mailing), count(Job)) == (1, 1)


@pytest.mark.parametrize("changed", [{"body": "Another"}, {"to": ["b@x.org"]}, {"preheader": "x"}])
def test_E3_a_program_that_uses_a_key_for_another_test_gets_422(post: Any, count: Any, changed: dict[str, Any]) -> None:
    post(to=["a@x.org"])
    answer = post(**{"to": ["a@x.org"], **changed})
    assert (answer.status_code, answer.json["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert count(Mailing) == 1


def test_E1_a_refused_test_leaves_its_key_free(post: Any, writing: Any, rows: Any) -> None:
    suppress(writing, "a@x.org")
    assert post(to=["a@x.org"]).status_code == 409
    assert post(to=["b@x.org"]).status_code == 202


def test_S1_one_key_may_stand_under_a_message_and_a_test(api: Client, event_id: int, add_guest: Any, post: Any) -> None:
    add_guest()
    message = {**BODY, "kind": "one_time", "audience": {"statuses": ["confirmed"]}}
    sent = api.post(f"/admin/events/{event_id}/mailings", json=message, headers={"Idempotency-Key": "k"})
    assert (sent.status_code, post().status_code) == (202, 202)


@pytest.mark.parametrize("scope", ["all", "event"])
def test_E1_when_every_address_is_on_the_do_not_mail_list_nothing_is_sent(
    post: Any, writing: Any, count: Any, event_id: int, scope: str
) -> None:
    suppress(writing, "a@x.org", scope if scope == "all" else str(event_id))
    answer = post(to=["A@x.org"])
    assert (answer.status_code, answer.json["code"]) == (409, "NO_RECIPIENTS")
    assert answer.json["detail"] == "A@x.org is on the do-not-mail list. No test was sent."
    assert (count(Mailing), count(Content), count(Exclusion)) == (0, 0, 0)


def test_E1_who_is_on_the_do_not_mail_list_is_left_out_and_the_others_get_it(
    post: Any, writing: Any, row: Any, rows: Any
) -> None:
    suppress(writing, "a@x.org")
    assert post(to=["a@x.org", "b@x.org"]).json["to"] == ["b@x.org"]
    assert [r.email for r in rows(Recipient)] == ["b@x.org"]
    assert [(e.email, e.reason, e.guest_id) for e in rows(Exclusion)] == [("a@x.org", "suppressed", None)]
    assert row(Mailing).excluded == {"suppressed": 1}


def test_A2_an_address_nobody_can_have_is_left_out_while_mail_leaves_the_box(
    app: Flask, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["provider"], "outside", True)
    monkeypatch.setattr(Settings, "hindrances", lambda *_, **__: ())
    assert post(to=["a@example.com", "b@x.org"]).json["to"] == ["b@x.org"]
    assert post(key="2", to=["a@example.com"]).json["code"] == "NO_RECIPIENTS"


def test_S13_what_keeps_mail_from_leaving_keeps_tests_too(
    app: Flask, post: Any, monkeypatch: pytest.MonkeyPatch, count: Any
) -> None:
    monkeypatch.setattr(app.extensions["provider"], "outside", True)
    answer = post(to=["b@x.org"])
    assert (answer.status_code, answer.json["title"]) == (400, "Nothing can leave from here yet")
    assert "EVENTMAIL_BASE_URL" in answer.json["detail"]
    assert count(Mailing) == 0


def test_E1_a_test_of_an_event_that_is_not_ones_own_is_not_there(
    api_for: Any, add_person: Any, add_event: Any, count: Any
) -> None:
    hidden = add_event(restricted=True)
    stranger = api_for(add_person("Sue", "sue@organizers.example"))
    answer = stranger.post(f"/admin/events/{hidden}/mailings/test-sends", json=BODY, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 404
    assert count(Mailing) == 0


def test_E1_a_test_can_be_looked_up_and_a_message_is_none(
    api: Any, post: Any, event_id: int, add_guest: Any, add_event: Any, work: Any
) -> None:
    answer = post()
    where = answer.headers["Location"]
    work()
    assert api.get(where).json == {**answer.json, "state": "finished"}
    assert api.get(where.replace(f"events/{event_id}", f"events/{add_event()}")).status_code == 404
    add_guest()
    message = {**BODY, "kind": "one_time", "audience": {"statuses": ["confirmed"]}}
    sent = api.post(f"/admin/events/{event_id}/mailings", json=message, headers={"Idempotency-Key": "m"})
    assert api.get(f"/admin/events/{event_id}/mailings/test-sends/{sent.json['id']}").status_code == 404


def test_E1_tests_are_in_no_list_no_count_and_no_overview(
    app: Flask, api: Any, client: Client, post: Any, event_id: int, work: Any
) -> None:
    for turn in (lambda: None, work):
        post(to=["gone+hardbounce@x.org", "who+lost@x.org"])
        turn()
        with app.app_context():
            facts = overview.facts(event_id)
        assert (facts.last, facts.running, facts.failed, facts.unknown, facts.attention) == (None, 0, 0, 0, ())
        assert api.get(f"/admin/events/{event_id}/mailings").json["total"] == 0
        assert "{guest.firstName}" not in client.get(f"/admin/events/{event_id}").text


def test_S9_a_test_takes_a_place_of_the_quota(app: Flask, api: Any, post: Any, event_id: int, work: Any) -> None:
    limited = app.extensions["settings"].model_copy(update={"quota_per_day": 2})
    app.extensions["settings"] = limited
    assert post(to=["a@x.org", "b@x.org"]).status_code == 202
    assert post(key="2").json["code"] == "QUOTA_EXCEEDED"
    work()
    assert api.get(f"/admin/events/{event_id}/quota").json["day"] == {"limit": 2, "used": 2, "reserved": 0, "left": 0}
