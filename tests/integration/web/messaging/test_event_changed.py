"""What the review showed of the event is what leaves, or nothing does: title, place, sender, defaults, cancellation."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from eventmail.domain.events import edit, lifecycle
from eventmail.domain.guests import column_defaults
from eventmail.domain.guests import edit as guest_edit
from eventmail.domain.people import accounts
from eventmail.models import Job, Mailing
from tests.support.seeding import Person, acting, by_link
from tests.support.web import Client, error_code, words

TYPED = {"subject": "Hi", "preheader": "", "body": "Come to {event.title}. Table {guest.Table}.",
         "statuses": "confirmed"}  # fmt: skip
SENTENCE = (
    "Title, time, place, sender, mail service or what stands for missing details is not what you saw. "
    "Nothing was sent. Look at the preview, then review again."
)


@pytest.fixture
def url(event_id: int) -> str:
    guest_edit.add(event_id, {"email": "ada@guests.org", "status": "confirmed", "attributes": {"Table": "7"}}, acting())
    return f"/admin/events/{event_id}/messages"


@pytest.fixture
def changes(event_id: int, organizer: Person) -> dict[str, Callable[[], object]]:
    by = acting(organizer)
    return {
        "place": lambda: edit.edit(event_id, {"location": "WRONG PLACE"}, by),
        "sender": lambda: edit.edit(event_id, {"sender_name": "Someone else"}, by),
        "replies": lambda: edit.edit(event_id, {"reply_to": "stranger@elsewhere.example"}, by),
        "default": lambda: column_defaults.set_defaults(
            event_id, {column_defaults.columns(event_id)[0].id: "to be told"}, by
        ),
        "own address": lambda: accounts.edit(by_link(organizer), organizer.name, "new@organizers.example", by),
        "cancelled": lambda: lifecycle.cancel(event_id, by),
    }


def reviewed(client: Client, url: str) -> dict[str, Any]:
    """The form under the review, as a browser posts it."""
    page = client.submit(f"{url}/review", TYPED)
    hidden = dict(re.findall(r'name="(idempotency_key|audience_snapshot|event_seen)" value="([^"]*)"', page.text))
    assert all(hidden.values())
    assert len(hidden) == 3
    return TYPED | hidden


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("changed", ["place", "sender", "replies", "default", "own address", "cancelled"])
def test_A3_an_event_that_was_changed_since_the_review_is_looked_at_again_before_anything_leaves(
    client: Client, url: str, changes: dict[str, Callable[[], object]], count: Any, changed: str
) -> None:
    form = reviewed(client, url)
    changes[changed]()

    answer = client.submit(url, form)

    assert (answer.status_code, error_code(answer)) == (409, ["EVENT_CHANGED"])
    assert SENTENCE in words(answer)
    assert "Come to {event.title}. Table {guest.Table}." in answer.text
    assert (count(Mailing, Mailing.state != "draft"), count(Job)) == (0, 0)
    assert client.submit(url, reviewed(client, url)).status_code == 303
    assert count(Job) == 1


@pytest.mark.usefixtures("in_app")
def test_A3_an_event_that_reads_as_it_did_in_the_review_is_no_reason_to_look_again(
    client: Client, url: str, event_id: int, organizer: Person, count: Any
) -> None:
    form = reviewed(client, url)
    for reply_to in ("team@organizers.example", None):
        edit.edit(event_id, {"reply_to": reply_to}, acting(organizer))
    assert client.submit(url, form).status_code == 303
    assert count(Job) == 1
