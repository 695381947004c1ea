"""Test sends from the composer: the form without script, the fragment with it, and what became of them in words."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail import clock
from eventmail.models import Content, Mailing, Suppression
from eventmail.providers.base import Permanent, Refused, Transient, Unclear
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.web import Client, partial, words

TYPED = {"subject": "Hi {guest.firstName}", "body": "Come to {event.title}.", "preheader": "", "statuses": "confirmed",
         "idempotency_key": "k"}  # fmt: skip


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/mailings/test-sends"


def key(answer: TestResponse) -> str:
    [found] = set(re.findall(r'id="key" name="idempotency_key" value="([^"]+)"', answer.text))
    return found


def test_E1_without_script_the_form_leads_to_its_text_and_the_result(
    client: Client, url: str, organizer: Person, add_guest: Any, work: Any, row: Any
) -> None:
    ada = add_guest("ada@x.org")
    answer = client.submit(url, {**TYPED, "to": ""})
    assert answer.status_code == 303
    assert answer.location.endswith(f"/messages?again={row(Mailing).id}#test-send")
    assert row(Mailing).as_guest_id == ada
    page = client.get(answer.location)
    assert f"On its way to {organizer.email} …" in words(page)
    assert 'value="Hi {guest.firstName}"' in page.text
    assert 'name="statuses" value="confirmed" checked' in page.text
    assert key(page) != "k"
    work()
    page = client.get(answer.location)
    assert re.search(rf"Kept in outbox at [0-9:]+ , for {organizer.email} \. Read it", words(page))
    assert 'hx-trigger="every 1s"' not in page.text


def test_E1_the_typed_addresses_come_back_with_the_text(client: Client, url: str) -> None:
    answer = client.submit(url, {**TYPED, "to": "a@x.org; b@x.org\nc@x.org"})
    assert 'value="a@x.org, b@x.org, c@x.org"' in client.get(answer.location).text


def test_E1_a_refused_form_shows_what_was_typed(client: Client, url: str, count: Any) -> None:
    answer = client.submit(url, {**TYPED, "to": "nobody <b>x</b>"})
    assert (answer.status_code, 'data-error-code="INVALID_INPUT"' in answer.text) == (400, True)
    assert 'value="nobody &lt;b&gt;x&lt;/b&gt;"' in answer.text
    assert 'value="Hi {guest.firstName}"' in answer.text
    assert key(answer) == "k"
    assert count(Mailing) == 0


def test_E1_a_test_is_read_as_the_guest_of_the_preview(client: Client, url: str, add_guests: Any, row: Any) -> None:
    _, ben, _ = add_guests([{"email": "a@x.org", "last_name": "A"}, {"email": "b@x.org", "last_name": "B"},
                            {"email": "c@x.org", "last_name": "C"}])  # fmt: skip
    client.submit(url, {**TYPED, "guest_shown": str(ben)})
    assert row(Mailing).as_guest_id == ben


def test_E1_the_fragment_brings_the_result_a_new_key_and_a_button_at_rest(
    client: Client, url: str, organizer: Person, work: Any, row: Any
) -> None:
    answer = client.submit(url, TYPED, headers=partial())
    assert answer.status_code == 200
    assert re.search(r'<div class="stack tight" id="test-result"\s+hx-get="[^"]+" hx-trigger="every 1s"', answer.text)
    assert re.search(r'data-test="guest-message-test-send-cta"[^>]* disabled>', answer.text)
    assert key(answer) not in ("", "k")
    again = client.submit(url, TYPED, headers=partial())  # the second half of a double click
    assert row(Mailing).id
    watch = f"{url}/{row(Mailing).id}"
    polled = client.get(watch, headers=partial())
    assert " disabled>" not in polled.text
    assert "idempotency_key" not in polled.text  # a press and a poll that cross use the key there was
    assert f"On its way to {organizer.email}" in words(again)
    work()
    assert "hx-trigger" not in client.get(watch, headers=partial()).text
    assert client.get(watch).location.endswith(f"/messages?again={row(Mailing).id}#test-send")


@pytest.mark.parametrize("headers", [None, partial()])
def test_E3_a_form_never_shows_422_but_asks_and_sends_when_confirmed(
    client: Client, url: str, count: Any, rows: Any, headers: dict[str, str] | None
) -> None:
    client.submit(url, TYPED)
    changed = {**TYPED, "body": "Come at eight."}
    asked = client.submit(url, changed, headers=headers)
    assert asked.status_code == 200
    assert "You changed the message since; send this version?" in words(asked)
    assert "Send this version" in words(asked)
    assert count(Mailing) == 1
    fresh = key(asked)
    assert fresh not in ("", "k")
    confirmed = client.submit(url, {**changed, "idempotency_key": fresh}, headers=headers)
    assert confirmed.status_code == (200 if headers else 303)
    assert count(Mailing) == 2
    assert [content.body for content in rows(Content)][-1] == "Come at eight."


# What became of it, beside the button


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (Permanent("No such user here", code="550 5.1.1"), "Not sent to a@x.org : No such user here (550 5.1.1)."),
        (Unclear("The line was cut"), "May have been sent to a@x.org , nobody can say: The line was cut."),
        (Transient("Try later", code="451"), "On its way to a@x.org : Try later (451). Tried again at"),
        (Refused("Wrong password", code="535"), "Not sent to a@x.org : Wrong password (535)."),
    ],
)
def test_E1_what_became_of_a_test_stands_beside_its_button_in_words(
    client: Client, url: str, work: Any, row: Any, outcome: Any, sentence: str
) -> None:
    client.submit(url, {**TYPED, "to": "a@x.org"})
    work(Recording(answers={"a@x.org": outcome}))
    assert sentence in words(client.get(f"{url}/{row(Mailing).id}", headers=partial()))


def test_E1_who_was_left_out_is_named_beside_the_button(client: Client, url: str, writing: Any) -> None:
    with writing() as tx:
        tx.add(Suppression(address="a@x.org", scope="all", reason="manual", source="test", created_at=clock.now()))
    answer = client.submit(url, {**TYPED, "to": "a@x.org, b@x.org"}, headers=partial())
    assert "Not sent to a@x.org : on the do-not-mail list." in words(answer)


def test_E1_without_a_worker_the_result_names_the_command(client: Client, url: str) -> None:
    answer = client.submit(url, TYPED, headers=partial())
    assert ".venv/bin/eventmail worker" in words(answer)


def test_E1_the_details_of_a_test_say_that_it_is_one(client: Client, event_id: int, url: str, row: Any) -> None:
    client.submit(url, TYPED)
    page = client.get(f"/admin/events/{event_id}/mailings/{row(Mailing).id}")
    assert page.status_code == 200
    assert "sent a test" in words(page)
    assert "A test" in words(page)
