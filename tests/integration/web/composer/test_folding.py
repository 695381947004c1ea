"""When a page shows the audience folded to a line, and when it opens it."""

from typing import Any

import pytest

from tests.support.web import Client, words

TYPED = {"subject": "Hi", "preheader": "Come", "body": "Come.", "statuses": "confirmed"}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/messages"


def folded(answer: Any) -> bool:
    details = answer.text[answer.text.index('<details id="to-picker"') :].partition(">")[0]
    assert (" open" in details) == ("data-insists" in details)
    return " open" not in details


def line(answer: Any) -> str:
    return words(answer.text[answer.text.index('id="recipient-count"') :].partition("</details>")[0])


def test_it_is_open_while_nobody_is_picked_or_nobody_would_get_it_and_folded_once_somebody_does(
    client: Client, url: str, add_guest: Any
) -> None:
    add_guest("ada@guests.org")
    assert not folded(client.get(url))
    assert not folded(client.submit(f"{url}/preview", {**TYPED, "statuses": "declined"}))
    assert not folded(client.submit(f"{url}/preview", {**TYPED, "segments": "999"}))
    assert not folded(client.submit(f"{url}/preview", {**TYPED, "find": "ada"}))
    shown = client.submit(f"{url}/preview", TYPED)
    assert folded(shown)
    assert "confirmed guests 1 will get this" in line(shown)


def test_a_refusal_about_something_else_leaves_it_folded_and_one_about_the_audience_opens_it(
    client: Client, url: str, add_guest: Any
) -> None:
    add_guest("ada@guests.org")
    refused = client.submit(f"{url}/review", {**TYPED, "body": ""})
    assert (refused.status_code, folded(refused)) == (400, True)
    review = client.submit(f"{url}/review", TYPED)
    assert (review.status_code, folded(review)) == (200, True)
    token = review.text.partition('name="audience_snapshot" value="')[2].partition('"')[0]
    add_guest("ben@guests.org")
    changed = client.submit(url, {**TYPED, "audience_snapshot": token, "idempotency_key": "k"})
    assert (changed.status_code, folded(changed)) == (409, False)
