"""“Why did somebody not get it?” and a guest's history, in plain sentences."""

import re
from html import unescape
from typing import Any

import pytest

from eventmail import clock
from eventmail.models import Guest, Suppression
from tests.support.web import words


@pytest.fixture
def base(event_id: int) -> str:
    return f"/admin/events/{event_id}"


@pytest.fixture
def send(api: Any, base: str) -> Any:
    """send(subject, **audience): a message that nobody has worked on: its id."""

    def make(subject: str, **audience: Any) -> str:
        body = {"kind": "one_time", "subject": subject, "body": "Hi", "audience": audience}
        made = api.post(f"{base}/mailings", json=body, headers={"Idempotency-Key": subject.replace(" ", "-")})
        assert made.status_code == 202, made.text
        return str(made.json["id"])

    return make


def test_F4_segments_are_named_as_they_were_when_it_was_sent(
    client: Any, api: Any, base: str, send: Any, add_guests: Any
) -> None:
    add_guests([{"email": "ana@x.test", "tags": ("vip",)}, {"email": "una@x.test"}])
    rule = {"all": [{"field": "tag", "op": "is", "value": "vip"}]}
    vip = api.post(f"{base}/segments", json={"name": "VIP", "rule": rule}).json["id"]
    send("Doors", segments=[vip])
    api.patch(f"{base}/segments/{vip}", json={"name": "Friends"})
    asked = "Never in the audience, which was guests in “VIP”. "
    assert asked in words(client.get(f"{base}/why?address=una@x.test"))
    api.delete(f"{base}/segments/{vip}")
    assert asked in words(client.get(f"{base}/why?address=una@x.test"))


def test_F4_the_overview_asks_and_the_page_answers_in_sentences(
    client: Any, api: Any, base: str, send: Any, add_guests: Any, writing: Any
) -> None:
    add_guests([
        {"email": "ana@x.test", "first_name": "Ana", "last_name": "Ruiz"},
        {"email": "ANA@x.test", "first_name": "Tom", "last_name": "Ruiz"},
        {"email": "una@x.test", "first_name": "Una", "last_name": "<b>Bo</b>", "status": "declined"},
        {"email": None, "first_name": "Eva", "last_name": ""},
    ])  # fmt: skip
    assert f'action="{base}/why"' in client.get(base).text
    with writing() as tx:
        tx.add(Suppression(address="una@x.test", scope="all", reason="manual", source="Olive", created_at=clock.now()))
    mailing = send("Doors <open>", statuses=["confirmed"])
    assert "Ask about an address or a name" in words(client.get(f"{base}/why"))
    said = words(client.get(f"{base}/why?address=Ana@X.test"))
    assert "They share this address, so mail goes there once." in said
    assert "Doors <open>" in said
    assert "Waits to be sent to ana@x.test." in said
    said = words(client.get(f"{base}/why?address=eva"))
    assert "Won't get it: they had no address." in said
    page = client.get(f"{base}/why?address=una@x.test")
    assert "<b>Bo" not in page.text
    said = words(page)
    assert "a colleague put it there (Olive)." in said
    assert "Never in the audience, which was confirmed guests. Una <b>Bo</b> is declined." in said
    assert api.post(f"{base}/mailings/{mailing}/cancellation", json={}).status_code == 200
    assert "cancelled at" in words(client.get(f"{base}/why?address=ana@x.test"))
    assert ": Cancelled by Oscar Organizer." in words(client.get(f"{base}/why?address=ana@x.test"))
    assert "Nobody here is known as “nobody@x.test”" in words(client.get(f"{base}/why?address=nobody@x.test"))
    several = client.get(f"{base}/why?address=ruiz")
    links = [unescape(link) for link in re.findall(r'href="([^"]*/why\?guest=\d+)"', several.text)]
    assert ["Tom Ruiz" in words(client.get(link)) for link in links] == [True, True]


def test_F4_the_same_answer_for_programs(api: Any, base: str, send: Any, add_guest: Any) -> None:
    guest_id = add_guest("ana@x.test", first_name="Ana", last_name="Ruiz", status="invited")
    mailing = send("Hello", guests=[str(guest_id)])
    answer = api.get(f"{base}/why?address=ANA@X.TEST").json
    story = answer["items"][0]
    assert {**answer, "items": []} == {
        "asked": "ANA@X.TEST", "address": "ana@x.test", "known": True, "candidates": [], "on_list": [], "removed": [],
        "guests": [{"id": str(guest_id), "name": "Ana Ruiz", "status": "invited"}], "items": [], "page": 1, "pages": 1,
        "total": 1,
    }  # fmt: skip
    assert (story["mailing"], story["outcome"], story["sentence"], story["request_ids"]) == (
        mailing, "queued", "Waits to be sent to ana@x.test.", [],
    )  # fmt: skip
    stranger = api.get(f"{base}/why?address=who@x.test").json
    assert (stranger["known"], stranger["items"], stranger["total"]) == (False, [], 0)
    assert api.get(f"{base}/why?address=ana").json["address"] == "ana@x.test"
    assert (api.get(f"{base}/why").json["items"], api.get(f"{base}/why?guest=x").status_code) == ([], 404)


def test_the_history_of_a_guest_is_a_page_beside_the_form(
    client: Any, api: Any, base: str, send: Any, add_guest: Any
) -> None:
    guest_id = add_guest("ana@x.test", first_name="Ana", last_name="<b>Ruiz</b>")
    where = f"{base}/guests/{guest_id}"
    assert "Nothing yet" in words(client.get(f"{where}/history"))
    api.patch(where, json={"tags": ["vip"], "last_name": "<i>Rui</i>"})
    add_guest("ben@x.test", status="invited")
    api.post(f"{base}/guests/changes", json={"change": "status", "status": "declined", "all": True, "total": 2})
    send("Hello", statuses=["declined"])
    page = client.get(f"{where}/history")
    said = words(page)
    assert "Oscar Organizer set the status from confirmed to declined, together with 1 other." in said
    assert "Waits to be sent to ana@x.test." in said
    assert "Oscar Organizer changed the guest." in said
    assert "last name: <b>Ruiz</b> <i>Rui</i>" in said
    assert "<i>Rui" not in page.text
    listed = api.get(f"{where}/history").json
    assert [(item["kind"], item.get("outcome")) for item in listed["items"]] == [
        ("message", "queued"), ("change", None), ("change", None),
    ]  # fmt: skip
    assert (listed["page"], listed["pages"], listed["total"]) == (1, 1, 3)


def test_the_page_of_a_guest_names_and_links_who_shares_the_address_a7(client: Any, base: str, add_guests: Any) -> None:
    ids = add_guests([{"email": "pair@x.test", "first_name": f"No {n}", "last_name": ""} for n in range(13)])
    page = client.get(f"{base}/guests/{ids[0]}")
    said = words(page)
    assert "Shares an address with No 1 , No 2 , No 3" in said
    assert "No 10 and 2 more: mail goes there once, and the oldest guest is greeted." in said
    assert f'href="{base}/guests/{ids[1]}"' in page.text


def test_strangers_and_other_events_get_404(
    api: Any, visitor: Any, owner: Any, base: str, add_event: Any, add_guest: Any, count: Any
) -> None:
    guest_id = add_guest("ana@x.test")
    hidden, other = (f"/admin/events/{add_event(by, restricted=bool(by))}" for by in (owner, None))
    asked = [
        f"{hidden}/why?address=ana@x.test", f"{hidden}/guests/{guest_id}/history", f"{other}/why?guest={guest_id}",
        f"{other}/guests/{guest_id}/history",
    ]  # fmt: skip
    assert [api.get(path).status_code for path in asked] == [404] * 4
    assert visitor.get(f"{base}/why?address=ana@x.test", headers={"Accept": "application/json"}).status_code == 401
    assert count(Guest) == 1
