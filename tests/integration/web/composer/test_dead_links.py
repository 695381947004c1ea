"""The composer and the review say who gets no link (C8)."""

import re
from typing import Any

import pytest

from eventmail.models import GuestField

TEXT = {"subject": "Gala", "preheader": "P", "body": "[Ticket]({guest.ticket})", "statuses": "confirmed"}


@pytest.fixture
def guests(event_id: int, add_guests: Any, writing: Any) -> list[int]:
    with writing() as tx:
        tx.add(GuestField(event_id=event_id, name="ticket"))
    made: list[int] = add_guests(
        [
            {"email": "ada@guests.org", "first_name": "Ada", "attributes": {"ticket": "at <b>the door</b>"}},
            {"email": "ben@guests.org", "first_name": "Ben", "attributes": {"ticket": "https://tickets.org/2"}},
        ]
    )
    return made


def test_C8_the_page_says_how_many_get_no_link_and_who(client: Any, event_id: int, guests: list[int]) -> None:
    page = client.submit(f"/admin/events/{event_id}/messages/preview", TEXT).text
    line = page.partition('data-test="guest-message-dead-link"')[2].partition("</details>")[0]
    assert "1 guest gets no link: what stands in “ticket” is no address. It is read as text." in line
    assert re.findall(r"<bdi>(\w+)[^<]*</bdi></a>", line) == ["Ada"]
    listed = client.submit(
        f"/admin/events/{event_id}/messages/dead-links?field=guest.ticket&fault=none", TEXT
    ).text  # fmt: skip
    assert "1 of the 2 who get the message gets no link" in listed
    assert re.findall(r'<td class="name" dir="auto">(\w+)[^<]*</td>', listed) == ["Ada"]


def test_C8_the_review_says_it_once_more(client: Any, event_id: int, guests: list[int]) -> None:
    review = client.submit(f"/admin/events/{event_id}/messages/review", TEXT).text
    said = re.findall(r'data-test="guest-message-review-warning">([^<]*)<', review)
    assert "1 guest gets no link: what stands in “ticket” is no address. It is read as text." in said


def test_C8_the_guest_without_a_link_reads_label_and_value(client: Any, event_id: int, guests: list[int]) -> None:
    page = client.submit(f"/admin/events/{event_id}/messages/preview", TEXT | {"look": "text-light-plain"}).text
    assert "Ticket: at &lt;b&gt;the door&lt;/b&gt;" in page


def test_C8_a_field_that_decides_no_link_is_refused_in_words(client: Any, event_id: int, guests: list[int]) -> None:
    answer = client.submit(f"/admin/events/{event_id}/messages/dead-links?field=guest.email", TEXT)
    assert (answer.status_code, "Choose a merge field of guests that stands in a link" in answer.text) == (400, True)
