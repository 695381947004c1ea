"""Guests over HTTP: list, forms, JSON."""

import io
import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail import clock
from eventmail.models import AuditEntry, Guest, Suppression
from tests.support.web import partial, without_tokens, words


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests"


def listed(answer: TestResponse) -> list[str]:
    """The names in the table, in order."""
    return [unescape(name) for name in re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', answer.text)]


def tabs(answer: TestResponse) -> dict[str, tuple[str, str, bool]]:
    """Filter label: count, link, whether it is the current one."""
    nav = answer.text.split('aria-label="Filter guests"')[1].split("</nav>")[0]
    found = re.findall(r'<a href="([^"]*)"( aria-current="page")?>(.*?) <span class="number">(\d+)</span>', nav)
    return {label: (number, unescape(link), bool(current)) for link, current, label, number in found}


def test_json_creates_shows_changes_and_removes_a_guest(api: Any, url: str, count: Any) -> None:
    given = {
        "email": "Ana@guests.example.net", "first_name": "Ana", "last_name": "Ruiz", "status": "confirmed",
        "tags": ["press", "vip"], "attributes": {"Table": "7"},
    }  # fmt: skip
    made = api.post(url, json=given)
    assert (made.status_code, made.json) == (201, {**given, "id": made.json["id"], "suppressed": None})
    where = made.headers["Location"]
    assert where == f"{url}/{made.json['id']}"
    assert api.get(where).json == made.json
    assert api.get(url).json == {"items": [made.json], "page": 1, "pages": 1, "total": 1}
    changed = api.patch(where, json={"last_name": None, "tags": [], "attributes": {"Table": None, "Diet": "vegan"}})
    assert (changed.status_code, changed.json) == (
        200, {**made.json, "last_name": "", "tags": [], "attributes": {"Diet": "vegan"}},
    )  # fmt: skip
    gone = api.delete(where)
    assert (gone.status_code, gone.data, count(Guest)) == (204, b"", 0)
    assert (api.get(where).status_code, api.delete(where).status_code) == (404, 404)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"email": "nonsense"}, [("email", "INVALID_EMAIL")]),
        ({}, [("email", "REQUIRED")]),
        ({"email": "a@x.test", "status": "bounced"}, [("status", "INVALID_STATUS")]),
        ({"email": "a@x.test", "frist_name": "Ana"}, [("frist_name", "EXTRA_FORBIDDEN")]),
        ({"email": "a@x.test", "attributes": {"Table": 7}}, [("attributes.Table", "STRING_TYPE")]),
        ({"email": "a@x.test", "tags": "vip"}, [("tags", "LIST_TYPE")]),
        ({"email": "bad", "first_name": "x" * 301}, [("first_name", "TOO_LONG"), ("email", "INVALID_EMAIL")]),
    ],
)
def test_a_wrong_guest_is_400_and_says_where(
    api: Any, url: str, count: Any, body: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    answer = api.post(url, json=body)
    assert (answer.status_code, answer.json["code"], answer.mimetype) == (
        400,
        "INVALID_INPUT",
        "application/problem+json",
    )
    assert [(error["field"], error["code"]) for error in answer.json["errors"]] == errors
    assert count(Guest) == 0


def test_a_lone_surrogate_in_json_is_refused_or_dropped_never_a_crash(api: Any, url: str) -> None:
    answer = api.post(
        url, data=b'{"first_name": "A\\ud800", "attributes": {"x\\udfff": "y\\ud800"}}', content_type="application/json"
    )
    assert answer.status_code == 400


def test_the_list_in_json_is_paged_filtered_and_searched(api: Any, url: str, add_guests: Any) -> None:
    add_guests(5)
    add_guests(2, status="declined", first_name="Dora")
    second = api.get(f"{url}?page=2&per_page=3").json
    assert ([guest["last_name"] for guest in second["items"]], second["page"], second["pages"], second["total"]) == (
        ["002", "003", "004"], 2, 3, 7,
    )  # fmt: skip
    assert api.get(f"{url}?status=declined").json["total"] == 2
    assert api.get(f"{url}?status=declined&q=guest-001").json["total"] == 1
    assert api.get(f"{url}?status=&q=").json["total"] == 7
    assert (api.get(f"{url}?page=99&per_page=3").json["page"], api.get(f"{url}?page=x&per_page=-1").status_code) == (
        3,
        200,
    )
    wrong = api.get(f"{url}?status=bounce")
    assert (wrong.status_code, wrong.json["errors"][0]["code"]) == (400, "INVALID_STATUS")


def test_a_guest_on_the_do_not_mail_list_says_why_f1(
    api: Any, url: str, event_id: int, add_guest: Any, writing: Any
) -> None:
    add_guest("bob@x.test", first_name="Bob", last_name="Bounce")
    add_guest("una@x.test", first_name="Una", last_name="Unsub")
    with writing() as tx:
        for address, scope, reason in (
            ("bob@x.test", "all", "hard_bounce"),
            ("una@x.test", str(event_id), "unsubscribed"),
        ):
            tx.add(Suppression(address=address, scope=scope, reason=reason, source="t", created_at=clock.now()))
    assert [guest["suppressed"] for guest in api.get(url).json["items"]] == ["hard_bounce", "unsubscribed"]
    html = {"Accept": "text/html"}
    page = api.get(url, headers=html)
    assert "On the do-not-mail list: bounced" in words(page)
    assert "On the do-not-mail list: unsubscribed" in words(page)
    assert {label: number for label, (number, _, _) in tabs(page).items()} == {
        "All": "2", "Invited": "0", "Confirmed": "2", "Declined": "0", "Bounced": "1", "Do-not-mail": "1",
        "No address": "0", "Shared address": "0",
    }  # fmt: skip
    assert listed(api.get(f"{url}?status=bounced", headers=html)) == ["Bob Bounce"]
    assert listed(api.get(f"{url}?status=suppressed", headers=html)) == ["Una Unsub"]


def test_the_list_keeps_search_filter_and_page_in_its_links_d2(client: Any, url: str, add_guests: Any) -> None:
    add_guests(57)
    page = client.get(f"{url}?q=guest&status=confirmed&page=2&per_page=20")
    assert "21–40 of 57" in words(page)
    assert listed(page) == [f"Guest {n:03}" for n in range(21, 41)]
    links = [unescape(link) for link in re.findall(r'<a rel="\w+" href="([^"]*)"', page.text)]
    assert links == [
        f"{url}?q=guest&status=confirmed&per_page=20",
        f"{url}?q=guest&status=confirmed&per_page=20&page=3",
    ]
    assert tabs(page)["Confirmed"] == ("57", f"{url}?q=guest&status=confirmed&per_page=20", True)
    assert tabs(page)["All"] == ("57", f"{url}?q=guest&per_page=20", False)
    assert 'type="search" id="q" name="q" value="guest"' in page.text
    assert '<input type="hidden" name="status" value="confirmed">' in page.text
    assert "41–57 of 57" in words(client.get(f"{url}?page=99&per_page=20"))


def test_htmx_gets_the_very_table_of_the_page(client: Any, url: str, add_guests: Any) -> None:
    add_guests(3)
    page, fragment = client.get(f"{url}?q=002"), client.get(f"{url}?q=002", headers=partial())
    assert fragment.text.strip().startswith('<div class="stack" id="guests-table" data-test="guests-table">')
    assert without_tokens(fragment) in without_tokens(page)
    assert listed(fragment) == ["Guest 002"]


def test_the_list_says_who_shares_an_address_and_who_has_none(client: Any, url: str, add_guests: Any) -> None:
    add_guests([
        {"email": "pair@x.test", "first_name": "Ana", "last_name": "A"},
        {"email": "PAIR@x.test", "first_name": "Tom", "last_name": "B"},
        {"email": None, "first_name": "Eva", "last_name": "C"},
    ])  # fmt: skip
    said = words(client.get(url))
    assert "Ana A pair@x.test Confirmed Shares an address with Tom B" in said
    assert "Tom B PAIR@x.test Confirmed Shares an address with Ana A" in said
    assert "Eva C Confirmed No address, so no mail" in said


def test_empty_lists_say_what_to_do(client: Any, url: str, add_guest: Any) -> None:
    empty = client.get(url)
    assert (
        "No guests yet Import your list as a CSV file, paste addresses from a mail or a spreadsheet, or add guests"
        in words(empty)
    )
    assert 'role="search"' not in empty.text
    add_guest()
    for query in ("q=nobody", "status=declined"):
        answer = client.get(f"{url}?{query}")
        assert "No guest matches" in words(answer)
        assert f'<a class="button" href="{url}">Show all guests</a>' in answer.text


def test_the_page_costs_the_same_queries_for_1_and_3_guests(
    client: Any, url: str, add_guests: Any, count_queries: Any
) -> None:
    costs = []
    assert client.get(url).status_code == 200  # what is asked once for all pages is asked here
    for number in (1, 2):
        add_guests([{"email": "same@x.test", "tags": ("vip",)}] * number)
        with count_queries() as queries:
            assert client.get(url).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1]


NASTY = ["<b>bold</b>", '"><script>alert(1)</script>', "=SUM(A1)", "שלום", "x" * 300, "{{ 7*7 }}"]


@pytest.mark.parametrize("name", NASTY)
def test_awkward_names_are_shown_as_text_everywhere(client: Any, api: Any, url: str, name: str) -> None:
    made = api.post(
        url, json={"first_name": name, "email": "a@x.test", "tags": [name[:100]], "attributes": {name[:90]: name}}
    )
    api.post(url, json={"first_name": "Other", "email": "a@x.test"})
    where = f"{url}/{made.json['id']}"
    for page in (client.get(url), client.get(where), client.get(f"{where}/deletion")):
        assert page.status_code == 200
        assert "<b>bold" not in page.text
        assert "<script>alert" not in page.text
        assert name in unescape(page.text)
    assert made.json["first_name"] == name


def test_forms_without_their_token_change_nothing(client: Any, url: str, add_guest: Any, count: Any) -> None:
    guest_id = add_guest()
    for path in (url, f"{url}/{guest_id}", f"{url}/{guest_id}/deletion", f"{url}/import"):
        assert client.post(path, data={"first_name": "X"}).status_code == 403
    assert count(Guest) == 1


def test_a_guest_of_another_event_is_404_by_every_road(
    api: Any, client: Any, add_guest: Any, add_event: Any, rows: Any
) -> None:
    guest_id = add_guest("ana@x.test", first_name="Ana", last_name="Ruiz")
    inside = f"/admin/events/{add_event()}/guests/{guest_id}"
    entries = len(rows(AuditEntry))
    answers = [
        api.get(inside), api.patch(inside, json={"first_name": "Eve"}), api.delete(inside), client.get(inside),
        client.submit(inside, {"first_name": "Eve"}), client.get(f"{inside}/deletion"),
        client.submit(f"{inside}/deletion"),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404] * 7
    assert ([guest.first_name for guest in rows(Guest)], len(rows(AuditEntry))) == (["Ana"], entries)


def test_a_restricted_event_of_others_is_404_by_every_road(
    api: Any, client: Any, owner: Any, add_event: Any, count: Any
) -> None:
    hidden = f"/admin/events/{add_event(owner, restricted=True)}/guests"
    answers = [
        api.get(hidden), api.post(hidden, json={"first_name": "X"}), api.get(f"{hidden}/1"), api.delete(f"{hidden}/1"),
        api.patch(f"{hidden}/1", json={}),
        api.post(f"{hidden}/import", data="email\na@x.test\n", content_type="text/csv"),
        client.get(hidden), client.get(f"{hidden}/new"), client.get(f"{hidden}/import"),
        client.submit(hidden, {"first_name": "X"}), client.get(f"{hidden}/1/deletion"),
        client.submit(f"{hidden}/1/deletion"),
        client.submit(f"{hidden}/1", {"first_name": "X"}),
        client.submit(f"{hidden}/import", {"file": (io.BytesIO(b"email\na@x.test\n"), "guests.csv")}),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert count(Guest) == 0


def test_nobody_gets_in_without_signing_in(visitor: Any, url: str) -> None:
    assert visitor.get(url, headers={"Accept": "application/json"}).status_code == 401
    assert visitor.get(url).status_code == 303
