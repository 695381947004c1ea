"""What can be read of a mailing: its recipients, their outcome, its page."""

import csv
import io
from typing import Any

import pytest

from tests.support.web import refused


@pytest.fixture
def sent(post: Any, party: list[int]) -> str:
    """The URL of a mailing."""
    return post().location


def test_each_recipient_with_what_became_of_them_t1(api: Any, sent: str, rows: Any) -> None:
    found = api.get(f"{sent}/recipients").json
    assert {key: found[key] for key in ("page", "pages", "total")} == {"page": 1, "pages": 1, "total": 2}
    assert [{**item, "updated_at": None} for item in found["items"]] == [
        {
            "email": email,
            "state": "queued",
            "provider": None,
            "attempts": 0,
            "request_ids": [],
            "last_error": None,
            "updated_at": None,
        }
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
    assert header == ["email", "state", "attempts", "request_id", "last_error", "updated_at", "provider"]
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
    for shown in (
        'Hi <span class="chip" dir="auto">First name</span>',
        "Ada@guests.org",
        "ben@guests.org",
        "Oscar Organizer",
    ):
        assert shown in text
    assert "Ada@guests.org" not in client.get(f"{sent}?state=sent").text


def test_the_page_of_a_mailing_shows_the_log_of_no_other(client: Any, post: Any, party: list[int]) -> None:
    pages = [post("k1").location, post("k2").location]
    assert [client.get(page).text.count("sent the message") for page in pages] == [1, 1]
