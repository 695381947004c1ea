"""The buttons of the tracker, by HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.models import Job, Mailing, Recipient
from eventmail.providers.base import Permanent, Unclear
from tests.support.handing import work_on
from tests.support.recording import Recording
from tests.support.web import Client, words

MESSAGE = {"kind": "one_time", "subject": "Hello", "body": "Hi", "audience": {"statuses": ["confirmed"]}}
FIRST = "guest-001@guests.example.net"


@pytest.fixture
def sent(api: Any, event_id: int, add_guests: Callable[..., Any]) -> str:
    """The address of a mailing to three guests that nobody has worked on."""
    add_guests(3)
    answer = api.post(f"/admin/events/{event_id}/mailings", json=MESSAGE, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202
    return answer.headers["Location"]


def test_S6_cancelling_by_api_answers_the_mailing_and_then_that_it_was_cancelled(
    api: Any, sent: str, rows: Any
) -> None:
    first, second = api.post(f"{sent}/cancellation"), api.post(f"{sent}/cancellation")

    assert (first.status_code, first.json["state"], first.json["counts"]["cancelled"]) == (200, "cancelled", 3)
    assert (second.status_code, second.json["code"]) == (409, "ALREADY_CANCELLED")
    assert {recipient.state for recipient in rows(Recipient)} == {"cancelled"}


def test_S6_cancelling_a_finished_one_is_too_late(api: Any, sent: str, work: Any) -> None:
    work(Recording())

    answer = api.post(f"{sent}/cancellation")

    assert (answer.status_code, answer.json["code"]) == (409, "ALREADY_SENT")


def test_S7_the_key_of_a_cancelled_mailing_says_so_and_sends_nothing(
    api: Any, sent: str, event_id: int, count: Any
) -> None:
    api.post(f"{sent}/cancellation")

    answer = api.post(f"/admin/events/{event_id}/mailings", json=MESSAGE, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json["code"]) == (409, "ALREADY_CANCELLED")
    assert count(Mailing) == 1


def test_S7_undo_leads_back_to_the_composer_with_the_same_words(
    client: Client, sent: str, event_id: int, rows: Any
) -> None:
    answer = client.submit(f"{sent}/cancellation", {"undo": "1"})

    assert (answer.status_code, [mailing.state for mailing in rows(Mailing)]) == (303, ["cancelled", "draft"])
    page = client.get(answer.headers["Location"])
    assert (page.status_code, 'value="Hello"' in page.text, ">\nHi</textarea>" in page.text) == (200, True, True)
    assert 'name="statuses" value="confirmed" checked' in page.text
    assert "Undone: nothing was sent. Your text is here again." in words(page)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({}, "Of its mails 1 had gone to the outbox. 2 still waiting were cancelled."),
        ({FIRST: Permanent("full")}, "Of its mails 1 had failed. 2 still waiting were cancelled."),
        ({FIRST: Unclear("lost")}, "Of its mails 1 may have been sent. 2 still waiting were cancelled."),
    ],
)
def test_S7_undo_that_comes_too_late_says_what_had_left_and_cancels_the_rest(
    app: Flask, client: Client, sent: str, row: Any, answers: Any, told: str
) -> None:
    with app.app_context():
        work_on(row(Job), Recording(answers=answers), 1)

    answer = client.submit(f"{sent}/cancellation", {"undo": "1"})

    mailing = row(Mailing)  # and no draft: what left is not written once more
    assert (answer.status_code, mailing.state, mailing.n_cancelled) == (303, "cancelled", 2)
    assert answer.headers["Location"] == f"{sent.replace('mailings', 'messages')}"
    assert f"It was too late to undo all of this. {told}" in words(client.get(answer.headers["Location"]))


def test_S7_undo_while_a_mail_is_being_handed_over_is_too_late_for_it(
    app: Flask, client: Client, sent: str, row: Any
) -> None:
    def undo(_mail: object) -> None:
        answer = client.submit(f"{sent}/cancellation", {"undo": "1"})
        page = words(client.get(answer.headers["Location"]))
        assert "Of its mails 1 with the mail service already. 2 still waiting were cancelled." in page

    with app.app_context():
        work_on(row(Job), Recording(before=undo), 1)

    mailing = row(Mailing)
    assert (mailing.state, mailing.n_sent, mailing.n_cancelled) == ("cancelled", 1, 2)


def test_S8_failed_ones_are_tried_again_by_api(api: Any, sent: str, work: Any) -> None:
    work(Recording(answers={"guest-001@guests.example.net": Permanent("full")}))

    answer = api.post(f"{sent}/retries")
    work(Recording())

    assert (answer.status_code, answer.json["state"], answer.json["counts"]["queued"]) == (200, "sending", 1)
    assert api.get(sent).json["counts"]["sent"] == 3
    again = api.post(f"{sent}/retries")
    assert (again.status_code, again.json["code"]) == (409, "NOTHING_TO_DO")


def test_S5_doubt_is_decided_by_api(api: Any, sent: str, work: Any) -> None:
    doubt = {f"guest-00{n}@guests.example.net": Unclear("lost") for n in (1, 2, 3)}
    work(Recording(answers=dict(doubt)))

    one = api.post(f"{sent}/decisions", json={"recipients": ["guest-001@guests.example.net"], "decision": "sent"})
    rest = api.post(f"{sent}/decisions", json={"all": True, "decision": "send_again"})

    assert (one.status_code, one.json["counts"]["sent"], one.json["counts"]["unknown"]) == (200, 1, 2)
    assert (rest.status_code, rest.json["state"], rest.json["counts"]["queued"]) == (200, "sending", 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "sent"},
        {"all": True},
        {"all": True, "decision": "maybe"},
        {"all": True, "recipients": ["a@b.example"], "decision": "sent"},
        {"recipients": [], "decision": "sent"},
        {"recipients": "all", "decision": "sent"},
    ],
)
def test_S5_a_decision_that_is_not_whole_is_refused(api: Any, sent: str, body: dict[str, Any]) -> None:
    answer = api.post(f"{sent}/decisions", json=body)

    assert (answer.status_code, answer.json["code"]) == (400, "INVALID_INPUT")


def test_S9_the_quota_tells_what_is_left(api: Any, event_id: int, sent: str, work: Any) -> None:
    before = api.get(f"/admin/events/{event_id}/quota").json
    work(Recording(answers={"guest-001@guests.example.net": Permanent("full")}))
    after = api.get(f"/admin/events/{event_id}/quota").json

    assert before["day"] == {"limit": 0, "used": 0, "reserved": 3, "left": None}
    assert after["day"] == after["month"] == {"limit": 0, "used": 2, "reserved": 0, "left": None}


def test_S5_T1_the_tracker_says_who_counted_how_many_as_sent_and_tells_of_no_doubt_any_more(
    client: Client, api: Any, sent: str, work: Any
) -> None:
    doubt = {f"guest-00{n}@guests.example.net": Unclear("lost") for n in (1, 2)}
    work(Recording(answers=dict(doubt)))
    tracker = words(client.get(sent))
    assert ("Last error lost" in tracker, "counted as sent by" in tracker) == (True, False)

    for address in doubt:
        answer = client.submit(f"{sent}/decisions", {"recipients": address, "decision": "sent"})
        assert answer.status_code == 303

    tracker = words(client.get(sent))
    assert "2 of these were counted as sent by Oscar Organizer." in tracker
    assert ("Last error" in tracker, api.get(sent).json["last_error"]) == (False, None)


def test_S7_S9_what_can_still_be_undone_has_its_places_in_the_quota_at_once(
    app: Flask, api: Any, event_id: int, sent: str
) -> None:
    limited = {"undo_seconds": 30, "quota_per_day": 5}
    app.extensions["settings"] = app.extensions["settings"].model_copy(update=limited)
    assert api.post(f"{sent}/cancellation").status_code == 200

    def asked(key: str) -> Any:
        return api.post(f"/admin/events/{event_id}/mailings", json=MESSAGE, headers={"Idempotency-Key": key})

    def day() -> Any:
        return api.get(f"/admin/events/{event_id}/quota").json["day"]

    first = asked("undoable")
    assert (first.status_code, day()) == (202, {"limit": 5, "used": 0, "reserved": 3, "left": 2})
    refused = asked("second")
    assert (refused.status_code, "This needs 3 sends; 2 of 5 are left for this day." in refused.text) == (409, True)
    assert api.post(f"{first.headers['Location']}/cancellation").status_code == 200
    assert day() == {"limit": 5, "used": 0, "reserved": 0, "left": 5}


@pytest.mark.parametrize("button", ["cancellation", "retries", "decisions"])
def test_a_restricted_event_of_others_answers_404_to_every_button(
    api_for: Any, add_person: Any, owner: Any, add_event: Any, sent: str, button: str
) -> None:
    mailing = sent.rsplit("/", 1)[1]
    hidden = add_event(owner, restricted=True)

    answer = api_for(add_person("Other", "other@organizers.example")).post(
        f"/admin/events/{hidden}/mailings/{mailing}/{button}", json={"all": True, "decision": "sent"}
    )

    assert answer.status_code == 404


def test_S5_one_doubtful_mail_is_decided_beside_its_address_and_the_others_stay(
    client: Client, sent: str, work: Any, rows: Any
) -> None:
    addresses = [recipient.email for recipient in rows(Recipient)]
    work(Recording(answers={address: Unclear("lost") for address in addresses}))
    page = client.get(f"{sent}?state=unknown").text
    assert page.count('data-test="decision"') == 3

    answer = client.submit(f"{sent}/decisions", {"recipients": addresses[1], "decision": "sent", "next": "details"})

    assert (answer.status_code, answer.location) == (303, f"{sent}#recipients")
    assert [recipient.state for recipient in rows(Recipient)] == ["unknown", "sent", "unknown"]
