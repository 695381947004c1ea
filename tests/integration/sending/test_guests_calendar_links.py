"""The calendar links in a mail are its reader's own (K3); previews and tests show the event's (E2)."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event as on
from sqlalchemy import update

from eventmail.db import db, transaction
from eventmail.domain.events import calendar_address
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.mailings import merge_values, preview
from eventmail.domain.terms import SendingTerms
from eventmail.models import Content, Event, Guest, Mailing
from eventmail.providers.base import Accepted, Mail, Transient
from eventmail.sending import claim
from tests.integration.sending.conftest import Run
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import acting
from tests.support.time import FrozenClock

BODY = "{calendar.links}\n\n[Calendar]({calendar.page}), the file {calendar.ics}, {calendar.ics|none}"
SIGNED = re.compile(r"https?://[^/\s]+/calendar/[0-9.]+-[A-Za-z0-9_-]{22}(?:\.ics)?")
Send = Callable[..., Run]


def addresses(event_id: int, run: Run) -> CalendarAddresses:
    return CalendarAddresses.of(
        seeding.event(event_id), SendingTerms("http://127.0.0.1:8000", run.settings.secret, outside=False)
    )


def shown(mail: Mail) -> list[str]:
    """The text and the HTML."""
    message = message_from_bytes(mail.data, policy=policy.default)
    parts = [message.get_body((kind,)) for kind in ("plain", "html")]
    return [part.get_content() for part in parts if part is not None]


def links(mail: Mail) -> list[set[str]]:
    """The signed addresses in the text and in the HTML."""
    return [set(SIGNED.findall(part)) for part in shown(mail)]


def test_K3_each_guest_gets_links_of_their_own_in_text_and_html(
    event_id: int, send: Send, provider: Recording, visitor: Any, rows: Any
) -> None:
    run = send("ada@guests.org", "bob@guests.org", body=BODY)
    run.drain(provider)
    made, ids = addresses(event_id, run), {guest.email: guest.id for guest in rows(Guest)}
    for mail in provider.mails:
        own = {made.file(ids[mail.to]), made.page(ids[mail.to])}
        assert links(mail) == [own, own]
        assert {visitor.get("/" + link.split("/", 3)[3]).status_code for link in own} == {200}
    assert len({mail.to for mail in provider.mails}) == 2


def test_K3_a_mail_that_waited_carries_the_links_under_the_secret_of_its_departure(
    event_id: int, send: Send, clock: FrozenClock, rows: Any, visitor: Any
) -> None:
    """One mail has left, one is tried again later: only the first holds a link that was replaced."""
    provider = Recording({"bob@guests.org": Transient("later")})
    run = send("ada@guests.org", "bob@guests.org", body=BODY)
    run.drain(provider)
    calendar_address.replace(event_id, acting())
    provider.answers["bob@guests.org"] = Accepted("taken")
    clock.advance(hours=1)
    run.drain(provider)
    assert provider.addresses == ["ada@guests.org", "bob@guests.org", "bob@guests.org"]
    codes = [
        {visitor.get("/" + link.split("/", 3)[3]).status_code for link in links(mail)[0]} for mail in provider.mails
    ]
    assert codes == [{410}, {410}, {200}]


def test_K3_a_secret_replaced_in_the_middle_of_a_turn_reaches_the_next_group(
    event_id: int, send: Send, visitor: Any
) -> None:
    run = send(*(f"g{number}@guests.org" for number in range(claim.GROUP + 2)), body=BODY)
    replaced: list[str] = []

    def once(mail: Mail) -> None:
        if not replaced:
            replaced.append(mail.to)
            calendar_address.replace(event_id, acting())

    provider = Recording(before=once)
    run.drain(provider)
    codes = [
        next(visitor.get("/" + link.split("/", 3)[3]).status_code for link in links(mail)[0]) for mail in provider.mails
    ]
    assert codes == [410] * claim.GROUP + [200, 200]


def test_K3_a_message_frozen_with_a_link_for_everybody_is_sent_with_each_guests_own(
    event_id: int, send: Send, provider: Recording, rows: Any
) -> None:
    """As a version before this one left it in the queue."""
    run = send("ada@guests.org", body="{calendar.ics}")
    frozen = {**run.mailing.constants, "calendar.ics": "https://old.example/calendar/1-AAAAAAAAAAAAAAAAAAAAAA.ics"}
    del frozen["calendar.page"]
    with transaction() as tx:
        tx.execute(update(Mailing).where(Mailing.id == run.mailing_id).values(constants=frozen))
    run.drain(provider)
    [guest] = rows(Guest)
    assert links(provider.mails[0])[0] == {addresses(event_id, run).file(guest.id)}


def test_C3_an_event_without_a_time_has_no_links_for_guests_either(
    event_id: int, send: Send, provider: Recording
) -> None:
    with transaction() as tx:
        tx.execute(update(Event).where(Event.id == event_id).values(starts_wall=None, ends_wall=None))
    send("ada@guests.org", body="Soon: {calendar.links} {calendar.page|later}").drain(provider)
    assert links(provider.mails[0]) == [set(), set()]
    [text, _] = shown(provider.mails[0])
    assert text.startswith("Soon: Calendar links to follow later")


@pytest.mark.parametrize(("body", "more"), [("{calendar.links} {calendar.page}", 1), ("Hi {guest.firstName}", 0)])
def test_K3_links_cost_one_query_a_group_and_none_where_no_link_is(
    app: Flask, send: Send, provider: Recording, body: str, more: int
) -> None:
    run, asked = send(*(f"g{number}@guests.org" for number in range(claim.GROUP)), body=body), []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append("ics_secret" in statement and "retired" not in statement)

    on.listen(db.engine, "before_cursor_execute", note)
    try:
        run.drain(provider)
    finally:
        on.remove(db.engine, "before_cursor_execute", note)
    assert sum(asked) == more


def test_E2_a_sent_message_is_shown_with_the_links_of_the_event(
    event_id: int, send: Send, provider: Recording, visitor: Any, rows: Any
) -> None:
    run = send("ada@guests.org", body=BODY)
    run.drain(provider)
    calendar_address.replace(event_id, acting())
    terms = SendingTerms("https://mail.example.org", run.settings.secret, outside=False)
    [content] = rows(Content)
    own = CalendarAddresses.of(seeding.event(event_id), terms)
    assert set(SIGNED.findall(preview.as_sent(run.mailing, content, terms))) == {own.file(), own.page()}


def test_E2_previews_hold_the_links_of_the_event(event_id: int, run_terms: SendingTerms) -> None:
    own = CalendarAddresses.of(seeding.event(event_id), run_terms)
    found = merge_values.constants(seeding.event(event_id), ("Gala", ""), run_terms)
    assert (found["calendar.ics"], found["calendar.page"]) == (own.file(), own.page())


@pytest.fixture
def run_terms() -> SendingTerms:
    return SendingTerms("https://mail.example.org", b"s" * 32, outside=False)
