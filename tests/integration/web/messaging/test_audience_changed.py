"""A send under the token of a look: exactly those who were looked at, or nobody (A4, A6)."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.models import Exclusion, Mailing, Recipient, Snapshot
from tests.support.web import Client

AUDIENCE = {"statuses": ["confirmed"]}
ADA, BEN, CAT, DAN = (f"{name}@guests.example.net" for name in ("ada", "ben", "cat", "dan"))


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}"


@pytest.fixture
def looked(api: Client, url: str, add_guests: Any) -> tuple[str, list[int]]:
    """The token of a look at Ada, Ben and Cat, and their ids."""
    guests = add_guests([{"email": email} for email in (ADA, BEN, CAT)])
    token = api.post(f"{url}/audience-previews", json={"audience": AUDIENCE}).get_json()["snapshot"]
    return token, guests


@pytest.fixture
def post(api: Client, url: str) -> Callable[..., Any]:
    def send(token: str, mode: str | None = None, key: str = "k", **changes: Any) -> Any:
        body = {"kind": "one_time", "subject": "Hi", "body": "Hi", "audience": AUDIENCE, "audience_snapshot": token}
        mode_too = {"audience_mode": mode} if mode else {}
        return api.post(f"{url}/mailings", json=body | mode_too | changes, headers={"Idempotency-Key": key})

    return send


def addresses(rows: Any) -> list[str]:
    return [recipient.address for recipient in rows(Recipient)]


def test_A4_nothing_changed_so_it_is_sent_to_who_was_looked_at(post: Any, looked: Any, rows: Any) -> None:
    assert post(looked[0]).status_code == 202
    assert addresses(rows) == [ADA, BEN, CAT]


def test_A4_a_change_is_409_with_who_joined_and_who_left_and_nothing_is_stored(
    api: Client, url: str, post: Any, looked: Any, add_guest: Any, count: Any
) -> None:
    token, guests = looked
    api.patch(f"{url}/guests/{guests[0]}", json={"status": "declined"})
    dan = add_guest(DAN, first_name="Dan", last_name="D")

    answer = post(token)
    dry = post(token, dry_run=True)

    told = answer.get_json()
    assert (answer.status_code, told["code"]) == (409, "AUDIENCE_CHANGED")
    assert (dry.status_code, dry.get_json()["code"]) == (409, "AUDIENCE_CHANGED")
    assert told["joined"] == [{"id": str(dan), "email": DAN, "first_name": "Dan", "last_name": "D"}]
    assert [(left["id"], left["email"]) for left in told["left"]] == [(str(guests[0]), ADA)]
    assert (told["joined_count"], told["left_count"], told["exact_count"]) == (1, 1, 3)
    assert "Since then 1 joined and 1 left, so it would be 3 now. Nothing was sent." in told["detail"]
    assert count(Mailing) == 0


def test_A4_exact_sends_to_the_people_looked_at_whoever_joined_or_left(
    api: Client, url: str, post: Any, looked: Any, add_guest: Any, rows: Any, row: Any
) -> None:
    token, guests = looked
    api.patch(f"{url}/guests/{guests[0]}", json={"status": "declined"})
    add_guest(DAN)
    answer = post(token, "exact")
    assert (answer.status_code, answer.get_json()["recipient_count"]) == (202, 3)
    assert addresses(rows) == [ADA, BEN, CAT]
    assert list(row(Mailing).audience) == ["statuses", "segments", "guests", "exclude_segments", "list_as_of"]


def test_A4_exact_still_spares_the_do_not_mail_list_the_gone_and_the_moved(
    api: Client, url: str, post: Any, looked: Any, rows: Any, add_guest: Any
) -> None:
    token, (_, ben, cat) = looked
    add_guest(None)  # had no address when they were looked at, and none now
    api.post(f"{url}/suppressions", json={"address": ADA})
    api.patch(f"{url}/guests/{ben}", json={"email": "ben.new@guests.example.net"})
    dan = add_guest(DAN)
    api.delete(f"{url}/guests/{dan}")
    answer = post(token, "exact")
    assert (answer.status_code, addresses(rows)) == (202, [CAT])
    assert [(out.email, out.reason) for out in rows(Exclusion)] == [(ADA, "suppressed"), (None, "no_address")]
    assert cat


def test_A4_exact_with_nobody_left_is_no_recipients(api: Client, url: str, post: Any, looked: Any, count: Any) -> None:
    token, guests = looked
    for guest in guests:
        api.delete(f"{url}/guests/{guest}")
    for mode in ("exact", None):
        answer = post(token, mode)
        assert (answer.status_code, answer.get_json()["code"], count(Mailing)) == (409, "NO_RECIPIENTS", 0)


def test_A4_the_criteria_of_the_look_count_when_none_are_given(post: Any, looked: Any, rows: Any) -> None:
    assert post(looked[0], audience=None).status_code == 202
    assert addresses(rows) == [ADA, BEN, CAT]


def test_A4_other_criteria_than_were_looked_at_are_a_change(post: Any, looked: Any) -> None:
    answer = post(looked[0], audience={"guests": [str(looked[1][0])]})
    assert (answer.status_code, answer.get_json()["left_count"]) == (409, 2)


def test_A4_exact_is_refused_for_the_list_of_another_audience(
    api: Client, url: str, post: Any, looked: Any, add_guest: Any, count: Any
) -> None:
    add_guest(DAN, status="declined")
    answer = post(looked[0], "exact", audience={"statuses": ["declined"]})
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (400, "ANOTHER_AUDIENCE")
    assert count(Mailing) == 0


def test_A4_an_unknown_list_is_400_and_says_what_to_do(post: Any, looked: Any, count: Any) -> None:
    answer = post("made-up")
    told = answer.get_json()
    assert (answer.status_code, told["code"], told["errors"][0]["field"]) == (
        400,
        "INVALID_AUDIENCE",
        "audience_snapshot",
    )
    assert (told["detail"], count(Mailing)) == (
        "The list you looked at is not kept any more. Nothing was sent: look again.", 0,
    )  # fmt: skip


def test_A4_the_list_of_another_event_is_unknown(api: Client, post: Any, add_event: Any, looked: Any) -> None:
    other = add_event()
    foreign = api.post(f"/admin/events/{other}/audience-previews", json={"audience": AUDIENCE}).get_json()["snapshot"]
    assert post(foreign).get_json()["code"] == "INVALID_AUDIENCE"


def test_S1_a_refused_key_stays_free_and_exact_is_another_message(
    api: Client, url: str, post: Any, looked: Any, add_guest: Any
) -> None:
    add_guest(DAN)
    assert post(looked[0], key="one").status_code == 409
    assert post(looked[0], "exact", key="one").status_code == 202
    assert post(looked[0], "exact", key="one").headers["Idempotent-Replayed"] == "true"
    assert post("", key="one").status_code == 422


def test_a_look_by_a_plain_count_freezes_nothing(client: Client, url: str, count: Any, add_guest: Any) -> None:
    add_guest(ADA)
    client.submit(f"{url}/messages/preview", {"subject": "a", "body": "b", "statuses": "confirmed"})
    assert count(Snapshot) == 0
