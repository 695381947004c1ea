"""Drafts for programs: made with a key, changed at a revision, sent by taking them out of draft."""

from typing import Any

import pytest

from eventmail.models import DraftText, Event, Job, Mailing, Recipient

DRAFT = {"kind": "one_time", "draft": True, "subject": "Doors", "body": "Hi {guest.nickname}"}
CONFIRMED = {"statuses": ["confirmed"]}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/mailings"


def made(api: Any, url: str, **values: Any) -> str:
    """A draft: its address."""
    answer = api.post(url, json={**DRAFT, **values}, headers={"Idempotency-Key": "made"})
    assert answer.status_code == 202
    return str(answer.location)


def codes(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_a_draft_may_hold_anything_and_is_made_once_under_its_key(api: Any, url: str, count: Any) -> None:
    first, second = (api.post(url, json=DRAFT, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    told = {name: first.json[name] for name in ("state", "revision", "recipient_count", "job", "excluded")}
    assert told == {"state": "draft", "revision": 1, "recipient_count": 0, "job": None, "excluded": []}
    assert first.json["content"]["body"] == DRAFT["body"]
    assert (count(Mailing), count(Recipient)) == (1, 0)
    other = api.post(url, json={**DRAFT, "subject": "Other"}, headers={"Idempotency-Key": "k"})
    assert codes(other) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_draft_needs_a_key_unless_it_is_a_dry_run(api: Any, url: str, count: Any) -> None:
    assert codes(api.post(url, json=DRAFT)) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    dry = api.post(url, json={**DRAFT, "dry_run": True})
    assert (dry.status_code, dry.json["recipient_count"], count(Mailing)) == (200, 0, 0)


def test_a_draft_is_read_at_its_address_and_in_no_list_of_messages(api: Any, client: Any, url: str) -> None:
    at = made(api, url, audience=CONFIRMED)
    read = api.get(at).json
    assert (read["state"], read["audience"]["statuses"]) == ("draft", ["confirmed"])
    assert api.get(at.replace("/mailings/", "/messages/")).json == read
    assert api.get(url).json["total"] == 0
    assert client.get(at).location == at.replace("/mailings/", "/messages/")
    assert api.get(f"{at}/recipients").status_code == 404
    assert codes(api.post(f"{at}/cancellation")) == (409, "NOTHING_TO_DO")


def test_D5_a_change_names_the_revision_it_was_read_at(api: Any, url: str, row: Any) -> None:
    at = made(api, url, audience=CONFIRMED)
    changed = api.patch(at, json={"revision": 1, "preheader": "Soon", "body": None})
    assert (changed.status_code, changed.json["revision"]) == (200, 2)
    assert changed.json["content"] | {"design": None} == {
        "subject": "Doors", "preheader": "Soon", "body": "", "design": None, "revision": None,
    }  # fmt: skip
    assert changed.json["audience"]["statuses"] == ["confirmed"]
    assert codes(api.patch(at, json={"revision": 1, "subject": "Late"})) == (409, "STALE_REVISION")
    assert (row(DraftText).subject, row(DraftText).revision) == ("Doors", 2)
    for wrong in ({"subject": "None"}, {"revision": 2, "kind": "one_time"}, {"revision": 2, "dry_run": True}):
        assert codes(api.patch(at, json=wrong)) == (400, "INVALID_INPUT")


def test_draft_false_sends_it_with_every_check_and_its_id(
    api: Any, url: str, add_guests: Any, row: Any, count: Any
) -> None:
    add_guests(2)
    at = made(api, url)
    assert codes(api.patch(at, json={"revision": 1, "draft": False})) == (400, "UNRESOLVED_TOKEN")
    assert (row(Mailing).state, count(Job)) == ("draft", 0)
    wanted = {"revision": 1, "draft": False, "body": "Hi {guest.firstName}", "audience": CONFIRMED}
    sent = api.patch(at, json=wanted)
    assert (sent.status_code, sent.json["state"], sent.json["recipient_count"]) == (200, "sending", 2)
    assert (sent.json["id"], count(Mailing)) == (str(row(Mailing).id), 1)
    for late in ({"subject": "Late"}, wanted):
        assert codes(api.patch(at, json=late)) == (409, "PAST_EDIT_WINDOW")


def test_S1_draft_false_repeated_with_its_key_gives_the_same_answer_and_sends_nothing_more(
    api: Any, url: str, add_guests: Any, count: Any
) -> None:
    add_guests(2)
    twice = {"statuses": ["confirmed", "confirmed"]}
    at = made(api, url, body="Hi", audience=twice)
    asked: dict[str, Any] = {"json": {"revision": 1, "draft": False}, "headers": {"Idempotency-Key": "sent"}}
    first, second = (api.patch(at, **asked) for _ in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert first.json["state"] == "sending"
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    assert (count(Mailing), count(Job), count(Recipient)) == (1, 1, 2)

    # another body under the key, another key, no key; and another draft with the very same words under the key
    asked["json"] = {"revision": 1, "draft": False, "subject": "Other"}
    assert codes(api.patch(at, **asked)) == (422, "IDEMPOTENCY_KEY_REUSED")
    asked["json"] = {"revision": 1, "draft": False}
    assert codes(api.patch(at, json=asked["json"])) == (409, "PAST_EDIT_WINDOW")
    assert codes(api.patch(at, json=asked["json"], headers={"Idempotency-Key": "new"})) == (409, "PAST_EDIT_WINDOW")
    again = {**DRAFT, "body": "Hi", "audience": twice}
    other = api.post(url, json=again, headers={"Idempotency-Key": "made-again"}).location
    assert codes(api.patch(other, **asked)) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (count(Mailing), count(Job), count(Recipient)) == (2, 1, 2)

    # S7: the key of a cancelled message says so
    assert api.post(f"{at}/cancellation").status_code == 200
    assert codes(api.patch(at, **asked)) == (409, "ALREADY_CANCELLED")


def _assert_told_as_a_program(stale: Any, who: str, row: Any, revision: int) -> None:
    """It has opened no page, keeps no text beside another, and whoever saved may send that in the next moment."""
    at = f"{row(DraftText).saved_at.astimezone(row(Event).zone):%H:%M}"
    told = f"it was at revision {row(DraftText).revision} then, not at {revision}. Nothing of this request was saved"
    assert stale.json["detail"] == f"{who} saved this draft at {at}: {told} or sent. Read it again first."


def test_D5_of_two_programs_that_change_and_send_one_draft_the_slower_is_told_what_is_true(
    api: Any, api_for: Any, add_person: Any, url: str, add_guests: Any, row: Any
) -> None:
    add_guests(1)
    at = made(api, url, body="Hi", audience=CONFIRMED)
    wanted = {"revision": 1, "subject": "Doors at seven", "draft": False}
    assert api.patch(at, json={**wanted, "draft": True}).status_code == 200  # as far as the faster one has come
    _assert_told_as_a_program(api.patch(at, json=wanted), "You", row, 1)
    other = api_for(add_person("Olga Other", "olga@organizers.example"))
    _assert_told_as_a_program(other.patch(at, json={**wanted, "subject": "Other"}), "Oscar Organizer", row, 1)
    assert api.patch(at, json={"revision": 2, "draft": False}).status_code == 200
    late = api.patch(at, json=wanted)
    assert (codes(late), late.json["detail"]) == (
        (409, "PAST_EDIT_WINDOW"), "You sent this a moment ago. Nothing was changed."
    )  # fmt: skip


@pytest.mark.parametrize("revision", [1, 99])
def test_D5_a_draft_is_sent_only_at_the_revision_that_was_read(
    api: Any, url: str, add_guests: Any, row: Any, count: Any, revision: int
) -> None:
    add_guests(2)
    at = made(api, url, body="Hi", audience=CONFIRMED)
    assert api.patch(at, json={"revision": 1, "subject": "Rewritten, not ready"}).status_code == 200
    stale = api.patch(at, json={"revision": revision, "draft": False})
    assert codes(stale) == (409, "STALE_REVISION")
    _assert_told_as_a_program(stale, "You", row, revision)
    assert (row(Mailing).state, count(Job)) == ("draft", 0)
    assert api.patch(at, json={"revision": 2, "draft": False}).status_code == 200


def test_a_draft_of_another_event_or_none_is_not_there(api: Any, url: str, add_event: Any) -> None:
    at = made(api, url)
    for wrong in (f"{url}/999", at.replace(url, f"/admin/events/{add_event()}/mailings")):
        assert api.get(wrong).status_code == 404
        assert api.patch(wrong, json={"revision": 1, "subject": "Theirs"}).status_code == 404
