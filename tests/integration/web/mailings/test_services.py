"""What pages say of practice and of mail services, whatever is set when they are asked (S13, T1)."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import Job, Mailing, Recipient
from eventmail.providers.base import Permanent, Unclear
from eventmail.sending import drain
from eventmail.settings import Settings
from eventmail.states import RecipientState
from eventmail.web.words import state as word_state
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.services import switch
from tests.support.web import Client, words

A, B, C = (f"{name}@guests.example.net" for name in "abc")
ANSWERS = {B: Permanent("No such user", code="550"), C: Unclear("The answer was lost")}
MESSAGE = {"kind": "one_time", "subject": "Hi", "body": "Text", "audience": {"statuses": ["confirmed"]}}


@pytest.fixture
def send(app: Flask, api: Client, event_id: int, settings: Settings, row: Any) -> Any:
    """send(service, worked=True): a message through it; its path. One is sent, one failed, one is in doubt."""

    def make(service: str, *, worked: bool = True) -> str:
        switch(app, service)
        answer = api.post(f"/admin/events/{event_id}/mailings", json=MESSAGE, headers={"Idempotency-Key": service})
        assert answer.status_code == 202, answer.text
        if worked:
            with app.app_context():
                drain.drain(row(Job).id, Recording(dict(ANSWERS), name=service), settings)
        return str(answer.headers["Location"])

    with app.app_context():
        seeding.add_guests(event_id, [{"email": address} for address in (A, B, C)])
    return make


def tiles(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(?:<span[^>]*></span>)?([^<]+)</dt>\s*<dd[^>]*>(\d+)</dd>", page))


@pytest.mark.parametrize("now", ["outbox", "smtp"])
@pytest.mark.parametrize(("then", "word", "sentence"), [
    ("outbox", "Kept in outbox", "1 of 3 were kept in the outbox. 1 failed. 1 may have been sent"),
    ("smtp", "Sent", "1 of 3 were sent. 1 failed. 1 may have been sent"),
])  # fmt: skip
def test_S13_every_outcome_reads_as_it_happened_whatever_is_set(
    app: Flask, client: Client, api: Client, event_id: int, send: Any, then: str, now: str, word: str, sentence: str
) -> None:
    path = send(then)
    switch(app, now)
    other = {"Kept in outbox": "Sent", "Sent": "Kept in outbox"}[word]

    page = client.get(path).text
    assert tiles(page).get(word) == "1"
    assert other not in tiles(page)
    assert sentence in words(client.get(path))
    assert f'aria-label="1 {word.lower()}, 1 failed, 1 may have been sent, 3 in all"' in page

    told = words(client.get(f"{path}/receipt", buffered=True))
    assert f"{word} 1 Failed 1 May have been sent 1" in told
    assert ("nobody got it" in told) == (then == "outbox")
    assert ("in practice mode" in told, "through the mail service (smtp)" in told) == (then == "outbox", then == "smtp")

    why = api.get(f"/admin/events/{event_id}/why?address={A}").get_json()["items"][0]
    assert (why["sentence"].partition(" at ")[0], why["provider"]) == (
        "Kept in the outbox" if then == "outbox" else "Sent", then
    )  # fmt: skip
    failed = api.get(f"/admin/events/{event_id}/why?address={B}").get_json()["items"][0]["sentence"]
    assert (failed.startswith("Failed at"), failed.endswith(" This was in practice mode.")) == (True, then == "outbox")
    assert {line["provider"] for line in api.get(f"{path}/recipients").get_json()["items"]} == {then}
    assert api.get(path).get_json()["job"]["provider"] == then
    csv = client.get(f"{path}/recipients?format=csv", buffered=True).text.splitlines()
    assert csv[0] == "\ufeffemail,state,attempts,request_id,last_error,updated_at,provider"
    assert (csv[1].startswith(f"{A},sent,1,"), csv[1].endswith(f",{then}")) == (True, True)
    listed = words(client.get(f"/admin/events/{event_id}/mailings"))
    assert ("1 in outbox" in listed) == (then == "outbox")


@pytest.mark.parametrize(("begun", "now", "button"), [
    ("outbox", "smtp", "Send the rest through the mail service (3)"),
    ("smtp", "outbox", "Keep the rest in the outbox (3)"),
])  # fmt: skip
def test_S13_a_message_that_was_begun_elsewhere_asks_and_has_no_speed(
    app: Flask, client: Client, settings: Settings, event_id: int, send: Any, rows: Any, begun: str, now: str,
    button: str,
) -> None:  # fmt: skip
    path = send(begun, worked=False)
    switch(app, now)
    page = client.get(path)
    begun_with = "in practice mode" if begun == "outbox" else "with the mail service (smtp)"
    assert f"This message was begun {begun_with}." in words(page)
    assert "3 still wait." in words(page)
    assert ("Cancel the rest (3)" in words(page), button in words(page)) == (True, True)
    assert ("Speed" in words(page), "hx-trigger=\"every" in page.text, "No worker was seen" in page.text) == (
        False, False, False,
    )  # fmt: skip
    assert "It was sent in practice mode" not in words(page)
    overview = words(client.get(f"/admin/events/{event_id}"))
    assert ("stands still: This message was begun" in overview, "by itself. Open it" in overview) == (True, True)

    refused = client.submit(f"{path}/retries")
    assert (refused.status_code, "nothing of it goes on by itself" in words(refused)) == (409, True)
    assert client.submit(f"{path}/retries", {"through": begun}).status_code == 409
    assert client.submit(f"{path}/retries", {"through": now}).status_code == 303
    with app.app_context():
        drain.drain(rows(Job)[-1].id, Recording(name=now), settings)
    assert tiles(client.get(path).text)["Kept in outbox" if now == "outbox" else "Sent"] == "3"


def test_S13_the_buttons_of_a_doubt_carry_the_service_that_their_page_showed(
    app: Flask, client: Client, send: Any
) -> None:
    path = send("outbox")
    switch(app, "smtp")
    forms = re.findall(r"<form(?:(?!</form>).)*?/decisions.*?</form>", client.get(path).text, re.DOTALL)
    asked = [("all" if 'name="all"' in form else "one", *re.findall(r'name="through" value="([^"]*)"', form))
             for form in forms]  # fmt: skip
    assert asked == [("all", "smtp"), ("all", "smtp"), ("one", "smtp")]


@pytest.mark.parametrize(("begun", "now", "sentence"), [
    ("outbox", "smtp", "was begun in practice mode. Now mail leaves through the mail service (smtp)"),
    ("smtp", "outbox", "was begun with the mail service (smtp). Now mail stays on this box (practice mode)"),
])  # fmt: skip
def test_S13_a_program_reads_that_a_message_was_begun_elsewhere_and_waits_to_be_told(
    app: Flask, client: Client, api: Client, event_id: int, send: Any, rows: Any, begun: str, now: str, sentence: str
) -> None:
    def told() -> tuple[Any, ...]:
        one = api.get(path).get_json()
        [listed] = api.get(f"/admin/events/{event_id}/mailings").get_json()["items"]
        assert (listed["job"], api.get(watched).get_json()["job"]) == (one["job"], one["job"])
        return one["job"]["state"], one["job"]["stopped"], one["job"]["asks"]

    sentence = f"This message {sentence}, so nothing of it goes on by itself."
    path = send(begun, worked=False)
    watched = path.replace("/mailings/", "/messages/")
    assert told() == ("running", None, False)
    switch(app, now)
    assert told() == ("running", sentence, True)
    assert sentence in words(client.get(path))
    assert rows(Job)[0].stopped is None
    with app.app_context(), transaction() as tx:
        tx.execute(update(Mailing).values(n_queued=2, n_sending=1))
    assert told() == ("running", sentence, False), "one is in hand: a press now would be refused"
    with app.app_context(), transaction() as tx:
        tx.execute(update(Mailing).values(n_queued=3, n_sending=0))
    gone_on = api.post(f"{path}/retries", json={"through": now}).get_json()["job"]
    assert (gone_on["stopped"], gone_on["asks"], gone_on["provider"]) == (None, False, now)
    switch(app, begun)
    assert api.post(f"{path}/cancellation").status_code == 200
    assert told() == ("cancelled", None, False)


@pytest.mark.parametrize(("begun", "now", "said"), [
    ("outbox", "smtp", "You asked for practice mode, but now mail leaves through the mail service (smtp)."),
    ("smtp", "outbox", "You asked for the mail service (smtp), but now mail stays on this box (practice mode)."),
])  # fmt: skip
def test_S13_who_names_a_service_that_is_not_set_is_told_which_one_is(
    app: Flask, api: Client, send: Any, rows: Any, begun: str, now: str, said: str
) -> None:
    path = send(begun, worked=False)
    switch(app, now)
    for before in (begun, now):  # whichever it was begun with
        refused = api.post(f"{path}/retries", json={"through": begun})
        told = refused.get_json()
        assert (refused.status_code, told["code"], told["detail"]) == (
            409, "NOTHING_TO_DO", f"{said} Nothing was changed.",
        )  # fmt: skip
        assert [recipient.state for recipient in rows(Recipient)] == ["queued"] * 3
        if before == begun:
            assert api.post(f"{path}/retries", json={"through": now}).status_code == 200
    assert [job.provider for job in rows(Job)] == [begun, now]


def test_S13_a_review_of_practice_sends_nothing_once_a_service_is_set(
    app: Flask, client: Client, event_id: int, add_guest: Any, count: Any
) -> None:
    add_guest(A)
    typed = {"subject": "Hi", "body": "Text", "statuses": "confirmed"}
    review = client.submit(f"/admin/events/{event_id}/messages/review", typed).text
    fields = dict(re.findall(r'name="(event_seen|idempotency_key|audience_snapshot)" value="([^"]+)"', review))
    assert set(fields) >= {"event_seen", "idempotency_key"}
    switch(app, "smtp")
    answer = client.submit(f"/admin/events/{event_id}/messages", typed | fields)
    assert (answer.status_code, "mail service" in words(answer), count(Mailing)) == (409, True, 0)


def test_S13_T1_what_is_announced_of_a_message_of_two_services_is_what_its_bar_says(
    app: Flask, client: Client, settings: Settings, send: Any, rows: Any
) -> None:
    path = send("smtp")
    switch(app, "outbox")
    assert client.submit(f"{path}/retries", {"through": "outbox"}).status_code == 303
    with app.app_context():
        drain.drain(rows(Job)[-1].id, Recording(), settings)
    page = client.get(path).text
    said = "1 kept in outbox, 1 sent, 1 may have been sent, 3 in all"
    assert (f'aria-label="{said}"' in page, f'role="status">Finished, not for everyone: {said}.</p>' in page) == (
        True, True,
    )  # fmt: skip
    tabs = words(re.findall(r'<nav class="tabs" aria-label="Recipients by state".*?</nav>', page, re.DOTALL)[0])
    assert tabs == "All 3 Kept in outbox or sent 2 May have been sent 1"


def settled(app: Flask, states: dict[str, str], **values: Any) -> None:
    """As if the run were over: each address in its state."""
    counters = {f"n_{state}": list(states.values()).count(state) for state in RecipientState}
    with app.app_context(), transaction() as tx:
        for address, state in states.items():
            tx.execute(update(Recipient).where(Recipient.email == address).values(state=state, attempts=1, **values))
        tx.execute(update(Mailing).values(state="finished", **counters))
        tx.execute(update(Job).values(state="finished", **values))


@pytest.mark.parametrize("provider", ["outbox", "smtp", None])
@pytest.mark.parametrize("state", RecipientState)
def test_S13_tracker_and_receipt_say_the_same_of_each_state(
    app: Flask, client: Client, send: Any, provider: str | None, state: str
) -> None:
    path = send("outbox", worked=False)
    settled(app, dict.fromkeys((A, B, C), state), provider=provider)
    word = word_state.word(state, provider)
    assert tiles(client.get(path).text)[word] == "3"
    receipt = words(client.get(f"{path}/receipt", buffered=True))
    assert f" {word} 3 " in receipt
    assert (("nobody noted which mail service" in receipt), ("in practice mode" in receipt)) == (
        provider is None, provider == "outbox",
    )  # fmt: skip


@pytest.mark.parametrize("state", RecipientState)
def test_T1_in_the_list_of_sent_messages_the_numbers_of_a_row_add_up_to_its_recipients(
    app: Flask, client: Client, event_id: int, send: Any, state: str
) -> None:
    send("smtp", worked=False)
    settled(app, {A: state, B: "suppressed", C: state}, provider="smtp")
    page = client.get(f"/admin/events/{event_id}/mailings").text
    heads = [head for number, head in re.findall(r'<th scope="col"( class="number")?>([^<]+)</th>', page) if number]
    row = {name: int(number) for name, number in re.findall(r'<td class="number" data-label="([^"]+)">(\d+)<', page)}
    assert list(row) == heads
    assert row.pop("Recipients") == sum(row.values()) == 3
    assert row["Not mailed"] == {"suppressed": 3, "cancelled": 3}.get(state, 1)


def test_F1_T1_who_bounced_since_is_counted_where_people_look(
    app: Flask, client: Client, event_id: int, send: Any
) -> None:
    path = send("smtp", worked=False)
    settled(app, dict.fromkeys((A, B, C), "sent"), provider="smtp")
    assert "bounced since" not in words(client.get(path))
    with app.app_context():
        with transaction() as tx:
            tx.execute(update(Recipient).where(Recipient.email != C).values(delivery="bounced"))
        seeding.suppress(A, "all", "hard_bounce")
    assert "2 bounced since, 1 of them now on the do-not-mail list." in words(client.get(path))
    with app.app_context():
        seeding.suppress(B, str(event_id), "manual")
    assert "2 bounced since, now on the do-not-mail list." in words(client.get(path))
