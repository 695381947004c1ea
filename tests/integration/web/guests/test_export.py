"""Guests as a CSV file: safe in a spreadsheet, and imported again it changes nothing."""

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from eventmail.domain.guests import edit
from eventmail.errors import InvalidInput
from eventmail.models import AuditEntry, Guest
from tests.support import seeding
from tests.support.budgets import budget


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests"


def cells(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


def again(api: Any, url: str, export: TestResponse) -> dict[str, Any]:
    """What an import of the export does."""
    answer = api.post(f"{url}/import", data=export.data, content_type="text/csv")
    assert answer.status_code == 200
    return dict(answer.json)


AWKWARD: list[dict[str, Any]] = [
    {"email": "ana@x.test", "first_name": "Ana", "last_name": "de la Cruz", "status": "confirmed",
     "tags": ["=vip", "press"], "attributes": {"Table": "7", "E-Mail": "other@x.test", "=cmd": "=1+1"}},
    {"email": "ANA@x.test", "first_name": "Ana María", "last_name": "",
     "attributes": {"Name": "-1", "column: x": "'=1"}},
    {"email": "ana@x.test", "first_name": "", "last_name": "Cruz",
     "attributes": {"Status": "two\nlines", "Vorname": "@a"}},
    {"email": "=a@x.test", "first_name": "+1", "last_name": "'tis"},
    {"email": None, "first_name": "שלום", "last_name": "<b>Bo</b>", "status": "declined"},
    {"email": "long@x.test", "first_name": "x" * 300,
     "attributes": {"Note": "'", "Table-1": "a;b,c\td", "table 1": '"q"'}},
    {"email": "only@x.test"},
]  # fmt: skip


def test_an_export_imported_again_changes_nothing(api: Any, url: str, event_id: int, in_app: Any, rows: Any) -> None:
    for values in AWKWARD:
        edit.add(event_id, values, seeding.acting())
    stamps = [(guest.id, guest.updated_at) for guest in rows(Guest)]
    export = api.get(f"{url}/export", buffered=True)
    assert again(api, url, export) == {"created": 0, "updated": 0, "unchanged": len(AWKWARD), "rejected": []}
    assert [(guest.id, guest.updated_at) for guest in rows(Guest)] == stamps
    assert api.get(f"{url}/export", buffered=True).data == export.data


def test_no_cell_of_an_export_runs_in_a_spreadsheet(api: Any, url: str, event_id: int, in_app: Any) -> None:
    for values in AWKWARD:
        edit.add(event_id, values, seeding.acting())
    found = [cell for row in cells(api.get(f"{url}/export", buffered=True)) for cell in row]
    assert [cell for cell in found if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))] == []
    assert {"'=1+1", "'=vip, press", "'=a@x.test", "'+1", "''=1", "'=cmd"} - set(found) == set()


def test_an_export_into_another_event_makes_the_same_guests(
    api: Any, url: str, event_id: int, add_event: Any, in_app: Any
) -> None:
    for values in AWKWARD:
        edit.add(event_id, values, seeding.acting())
    rows = cells(api.get(f"{url}/export", buffered=True))
    body = io.StringIO()
    csv.writer(body).writerows([row[1:] for row in rows])  # the ids are this event's own
    other = f"/admin/events/{add_event()}/guests"
    made = api.post(f"{other}/import", data=body.getvalue().encode(), content_type="text/csv").json
    assert (made["created"], made["rejected"]) == (len(AWKWARD), [])
    assert [row[1:] for row in cells(api.get(f"{other}/export", buffered=True))] == [row[1:] for row in rows]


def test_the_export_holds_what_the_list_shows(api: Any, client: Any, url: str, add_guest: Any) -> None:
    add_guest("ana@x.test", first_name="Ana", status="declined")
    add_guest("ben@x.test", first_name="Ben", tags=("vip", "crew"))
    whole = cells(client.get(f"{url}/export", buffered=True))
    assert whole[0] == ["id", "email", "first name", "last name", "status", "tags"]
    assert [(row[1], row[4], row[5]) for row in whole[1:]] == [
        ("ana@x.test", "declined", ""), ("ben@x.test", "confirmed", "crew, vip"),
    ]  # fmt: skip
    for query, expected in (("status=declined", ["ana@x.test"]), ("q=ben", ["ben@x.test"]), ("q=nobody", [])):
        assert [row[1] for row in cells(client.get(f"{url}/export?{query}", buffered=True))[1:]] == expected
    assert api.get(f"{url}/export?status=nonsense").status_code == 400
    assert f'href="{url}/export?status=declined"' in client.get(f"{url}?status=declined").text


def test_an_export_costs_the_same_queries_for_1_and_300_guests(
    client: Any, url: str, add_guests: Any, count_queries: Any
) -> None:
    def cost() -> int:
        with count_queries() as queries:
            assert len(cells(client.get(f"{url}/export", buffered=True))) > 1
        return len(queries)

    add_guests(1)
    one = cost()
    add_guests([{"email": f"g{n}@x.test"} for n in range(300)])
    assert cost() == one


TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=10) | st.text(alphabet="'=+-@\t\r\n,;\" a", max_size=5)
PEOPLE = st.fixed_dictionaries(
    {"email": st.sampled_from([None, "a@x.test", "A@x.test", "=b@x.test"]), "first_name": TEXT, "last_name": TEXT},
    optional={
        "status": st.sampled_from(["invited", "confirmed", "declined"]),
        "tags": st.lists(TEXT, max_size=3),
        "attributes": st.dictionaries(
            TEXT | st.sampled_from(["Email", "name", "id", "column: tags"]), TEXT, max_size=3
        ),
    },
)


@given(people=st.lists(PEOPLE, max_size=4))
@settings(
    max_examples=budget(20, soaked=40),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whoever_the_guests_are_their_export_changes_nothing(
    people: list[dict[str, Any]], api: Any, url: str, event_id: int, in_app: Any, count: Any
) -> None:
    for values in people:
        try:
            edit.add(event_id, values, seeding.acting())
        except InvalidInput:
            continue
    found = again(api, url, api.get(f"{url}/export", buffered=True))
    assert found == {"created": 0, "updated": 0, "unchanged": count(Guest), "rejected": []}


def test_an_export_reads_and_writes_nothing_else(api: Any, url: str, add_guests: Any, count: Any) -> None:
    add_guests(2)
    entries = count(AuditEntry)
    api.get(f"{url}/export", buffered=True)
    assert count(AuditEntry) == entries
