"""The pages and JSON of the do-not-mail list (F3)."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from eventmail.models import EVERYWHERE, Suppression
from eventmail.states import SuppressionReason
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client, partial

ADDRESS = "ana@guests.example.net"


def url(event_id: int, rest: str = "") -> str:
    return f"/admin/events/{event_id}/suppressions{rest}"


@pytest.fixture
def boss(client_for: Callable[[Person], Client], owner: Person) -> Client:
    return client_for(owner)


def test_F3_an_address_is_added_by_a_form_and_the_page_says_so(
    boss: Client, event_id: int, row: Callable[..., Any]
) -> None:
    answer = boss.submit(url(event_id), {"address": ADDRESS, "scope": "all"})
    assert (answer.status_code, answer.location) == (303, url(event_id))
    assert (row(Suppression).address, row(Suppression).scope) == (ADDRESS, EVERYWHERE)
    assert f"{ADDRESS} gets no more mail about all events." in boss.get(url(event_id)).text


def test_F3_what_is_no_address_comes_back_as_typed(client: Client, event_id: int, count: Callable[..., int]) -> None:
    answer = client.submit(url(event_id), {"address": "an<b>a", "scope": "event"})
    assert answer.status_code == 400
    assert 'value="an&lt;b&gt;a"' in answer.text
    assert count(Suppression) == 0


def test_F3_json_adds_reads_and_lifts(api: Client, event_id: int, rows: Callable[..., list[Any]]) -> None:
    made = api.post(url(event_id), json={"address": "Ana@Guests.example.net"})
    again = api.post(url(event_id), json={"email": ADDRESS, "scope": "event"})
    assert (made.status_code, again.status_code) == (201, 200)
    listed = api.get(url(event_id)).get_json()
    assert listed["items"] == [made.json] == [again.json]
    assert {name: made.get_json()[name] for name in ("address", "reason", "scope", "source")} == {
        "address": ADDRESS, "reason": "manual", "scope": "event", "source": "by hand",
    }  # fmt: skip

    where = url(event_id, f"/{made.get_json()['id']}")
    refused = api.delete(where)
    assert (refused.status_code, refused.get_json()["errors"][0]["field"], len(rows(Suppression))) == (400, "reason", 1)
    lifted = api.delete(where, json={"reason": "They asked"})
    assert (lifted.status_code, lifted.data, rows(Suppression)) == (204, b"", [])
    assert api.delete(where, json={"reason": "They asked"}).status_code == 404


def test_F3_taking_off_asks_for_a_reason_first(client: Client, api: Client, event_id: int) -> None:
    where = url(event_id, f"/{api.post(url(event_id), json={'address': ADDRESS}).get_json()['id']}")
    assert "Why may this address get mail again?" in client.get(where).text
    refused = client.submit(where, {"reason": " "})
    assert (refused.status_code, "Say why this address may get mail again" in refused.text) == (400, True)
    assert client.submit(where, {"reason": "They called"}).status_code == 303
    assert "gets mail again. Your reason is in the log." in client.get(url(event_id)).text


def test_F3_an_entry_of_another_event_is_not_there(
    client: Client, event_id: int, add_event: Callable[..., int], api: Client
) -> None:
    other = add_event()
    foreign = api.post(url(other), json={"address": ADDRESS}).get_json()["id"]
    assert client.get(url(event_id, f"/{foreign}")).status_code == 404
    assert client.submit(url(event_id, f"/{foreign}"), {"reason": "x"}).status_code == 404


def test_F3_a_pasted_list_and_a_file_are_imported_with_a_report(
    client: Client, boss: Client, event_id: int, api_for: Callable[[Person], Client], owner: Person
) -> None:
    pasted = client.submit(url(event_id, "/import"), {"addresses": f"{ADDRESS}\nnobody", "scope": "event"})
    assert (pasted.status_code, "Lines without an address" in pasted.text, "nobody" in pasted.text) == (200, True, True)
    file = (io.BytesIO(b"\xff\xfe\x00 ben@guests.example.net\n"), "list.csv")
    uploaded = boss.submit(url(event_id, "/import"), {"addresses": "", "scope": "all", "file": file})
    assert uploaded.status_code == 200
    by_api = api_for(owner).post(
        url(event_id, "/import?scope=all"), data=b"cara@guests.example.net", content_type="text/csv"
    )
    assert by_api.json == {"added": 1, "known": 0, "rejected": []}
    listed = boss.get(url(event_id), headers={"Accept": "application/json"}).get_json()["items"]
    assert [(entry["address"], entry["scope"]) for entry in listed] == [
        ("cara@guests.example.net", "all"), ("ben@guests.example.net", "all"), (ADDRESS, "event"),
    ]  # fmt: skip


def test_F3_an_empty_import_is_refused_in_words(client: Client, event_id: int) -> None:
    answer = client.submit(url(event_id, "/import"), {"addresses": "", "scope": "event"})
    assert (answer.status_code, "There is no email address in this. Nothing was added." in answer.text) == (400, True)


def test_F3_the_download_is_what_the_page_shows_and_safe_in_a_spreadsheet(
    client: Client, api: Client, event_id: int
) -> None:
    for address in (ADDRESS, "=x@guests.example.net"):
        assert api.post(url(event_id), json={"address": address}).status_code == 201
    answer = client.get(url(event_id, "?format=csv&q=guests"), buffered=True)
    read = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [line[:4] for line in read] == [
        ["address", "reason", "scope", "source"],
        ["'=x@guests.example.net", "Added by hand", "this event", "by hand"],
        [ADDRESS, "Added by hand", "this event", "by hand"],
    ]


def test_F3_filters_stand_in_the_url_and_an_unknown_one_is_400(client: Client, api: Client, event_id: int) -> None:
    api.post(url(event_id), json={"address": ADDRESS})
    assert ADDRESS in client.get(url(event_id, "?reason=manual")).text
    assert ADDRESS not in client.get(url(event_id, "?reason=complaint")).text
    assert client.get(url(event_id, "?reason=whim")).status_code == 400
    fragment = client.get(url(event_id, "?q=ana"), headers=partial()).text
    assert fragment.lstrip().startswith('<div class="stack" id="suppressions-table"')


def test_F3_the_list_costs_the_same_queries_for_one_row_and_for_three(
    client: Client, api: Client, event_id: int, writing: Any, count_queries: Any
) -> None:
    def add(*addresses: str) -> None:
        with writing() as tx:
            tx.add_all(
                Suppression(address=address, scope=str(event_id), reason=SuppressionReason.MANUAL, source="by hand",
                            created_by=None, created_at=seeding.acting().now)
                for address in addresses
            )  # fmt: skip

    add("a@guests.example.net")
    client.get(url(event_id))
    with count_queries() as one:
        client.get(url(event_id))
    add("b@guests.example.net", "c@guests.example.net")
    with count_queries() as three:
        client.get(url(event_id))
    assert len(three) == len(one)
