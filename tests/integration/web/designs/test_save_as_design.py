"""“Save as design” on each message and draft: its text is a design, and the message stays as it is (D1)."""

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventmail.domain.mailings import drafts
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Written
from eventmail.models import Design, DraftText, Mailing
from tests.support import seeding
from tests.support.drafting import save
from tests.support.seeding import Person
from tests.support.web import Client, words
from tests.support.written import BODY

TEXT = Text("Hi {guest.firstName}, <b>come</b>", "Soon", "Dear {guest.firstName|guest},\n\nplease come.")
AS_DESIGN = ("Hi {guest.firstName}, <b>come</b>", "update", TEXT.subject, TEXT.preheader, TEXT.body)


@pytest.fixture
def event_url(event_id: int) -> str:
    return f"/admin/events/{event_id}"


@pytest.fixture
def sent(api: Any, event_url: str, add_guest: Any) -> int:
    """A message that is on its way."""
    add_guest("ann@guests.example.net", status="confirmed")
    body = {**BODY, "subject": TEXT.subject, "preheader": TEXT.preheader, "body": TEXT.body}
    answer = api.post(f"{event_url}/mailings", json=body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202
    return int(answer.json["id"])


@pytest.fixture
def draft(app: Flask, event_id: int, organizer: Person) -> int:
    """A draft of the same text."""
    with app.app_context():
        return save(event_id, DraftVersion(), Written(TEXT, {}), seeding.acting(organizer)).mailing_id


def press(client: Client, page: TestResponse, **typed: str) -> TestResponse:
    """Press “Save as design” on a page, with what the form of the button holds."""
    [action] = set(re.findall(r'action="([^"]*/email-templates/of/\d+)"', page.text))
    return client.submit(action, {"idempotency_key": "key-of-the-page", **typed})


def told(rows: Any) -> list[tuple[str, ...]]:
    return [(one.name, one.message_type, one.subject, one.preheader, one.body) for one in rows(Design)]


@pytest.mark.parametrize("path", ["/mailings", "/mailings/{}"])
def test_D1_a_sent_message_becomes_a_design_and_stays_as_it_is(
    client: Client, event_url: str, sent: int, rows: Any, row: Any, path: str
) -> None:
    before = row(Mailing)
    answer = press(client, client.get(event_url + path.format(sent)))
    assert told(rows) == [AS_DESIGN]
    assert (rows(Design)[0].published, row(Mailing).content_id, row(Mailing).design_id) == (
        None, before.content_id, None,
    )  # fmt: skip
    assert answer.location == f"{event_url}/email-templates/{rows(Design)[0].id}"
    assert "This text is a design now. Give it a name that others find it by; the message stays as it is." in words(
        client.get(answer.location or "")
    )


@pytest.mark.parametrize("path", ["/messages/drafts", "/messages/{}"])
def test_D1_a_draft_becomes_a_design_and_stays_a_draft(
    client: Client, event_url: str, draft: int, rows: Any, path: str
) -> None:
    assert press(client, client.get(event_url + path.format(draft))).status_code == 303
    assert told(rows) == [AS_DESIGN]
    assert [(one.subject, one.body, one.revision) for one in rows(DraftText)] == [(TEXT.subject, TEXT.body, 1)]


def test_D5_what_the_composer_holds_is_what_is_kept(client: Client, event_url: str, draft: int, rows: Any) -> None:
    typed = {"subject": "Typed", "preheader": "", "body": "Not saved yet"}
    press(client, client.get(f"{event_url}/messages/{draft}"), **typed)
    assert told(rows) == [("Typed", "update", "Typed", "", "Not saved yet")]
    assert [one.body for one in rows(DraftText)] == [TEXT.body]


def test_E1_two_presses_on_one_page_make_one_design_and_another_text_another(
    client: Client, event_url: str, draft: int, count: Any, app: Flask, event_id: int, organizer: Person
) -> None:
    page = client.get(f"{event_url}/messages/drafts")
    assert len({press(client, page).location for _ in range(2)}) == 1
    assert count(Design) == 1
    with app.app_context():
        drafts.save(event_id, DraftVersion(draft, 1), Written(Text("Later", "", "text"), {}), seeding.acting(organizer))
    assert press(client, page).status_code == 303
    assert count(Design) == 2


def test_a_text_without_a_subject_and_one_with_a_long_one_get_a_name(
    client: Client, event_url: str, rows: Any, app: Flask, event_id: int, organizer: Person
) -> None:
    with app.app_context():
        for text in (Text("", "", "No subject"), Text("s" * 99 + " and more", "", "Long")):
            save(event_id, DraftVersion(), Written(text, {}), seeding.acting(organizer))
    page = client.get(f"{event_url}/messages/drafts")
    for action in re.findall(r'formaction="([^"]*/of/\d+)"', page.text):
        assert client.submit(action).status_code == 303
    assert sorted(one.name for one in rows(Design)) == ["Without a subject", "s" * 99]


def test_the_text_of_another_event_is_not_found(
    client: Client, event_url: str, sent: int, add_event: Any, count: Any
) -> None:
    other = add_event()
    answer = client.submit(f"/admin/events/{other}/email-templates/of/{sent}")
    assert (answer.status_code, count(Design)) == (404, 0)
