"""A test on its way: the same bytes and the same care as a message to guests, but for recipient, mark and links."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import reduce
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail import clock as clock_
from eventmail.db import fresh, transaction
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.mailings import contents, test_sends
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.domain.terms import SendingTerms, inert_unsubscribe_url
from eventmail.errors import NoRecipients
from eventmail.models import EmailEvent, Event, Guest, GuestField, Mailing, Recipient, Suppression, User
from eventmail.providers.base import Permanent, Refused, Transient, Unclear
from eventmail.sending import claim, drain, handover
from eventmail.sending.drain import _prepare
from eventmail.settings import Settings
from tests.integration.sending.conftest import Run
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

BODY = (
    "Hi **{guest.firstName}**, table {guest.Table|of your choice}.\n\n"
    "[see](https://x.org/?n={guest.fullName}) [off]({unsubscribe.url}) {calendar.links}"
)


TEXT = Text("Hi {guest.firstName}", "Soon", BODY)


@pytest.fixture
def terms(settings: Settings) -> SendingTerms:
    return SendingTerms(settings.public_url, settings.secret, outside=False)


@pytest.fixture
def test_send(
    app: Flask, settings: Settings, event_id: int, organizer: Person, terms: SendingTerms
) -> Callable[..., Run]:
    """test_send(*addresses, guest=…): a test of TEXT that nobody has worked on."""

    def make(*to: str, guest: int | None = None) -> Run:
        by = seeding.acting(organizer)
        wanted = Wanted(TEXT, to, str(guest or ""))
        sent = test_sends.send(event_id, wanted, key=by.request_id, terms=terms, by=by)
        assert sent.job_id is not None
        return Run(app, settings, sent.mailing_id, sent.job_id)

    return make


@pytest.fixture(autouse=True)
def _columns(event_id: int) -> None:
    with transaction() as tx:
        tx.execute(update(Event).where(Event.id == event_id).values(location="Town <b>Hall</b>"))
        tx.add(GuestField(event_id=event_id, name="Table"))


def parsed(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)


def parts(data: bytes) -> tuple[str, str]:
    """Text and HTML, line ends as in answers."""
    message = parsed(data)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain
    assert html
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


AWKWARD: list[dict[str, Any]] = [
    {"email": "ada@x.org", "first_name": "Ada", "attributes": {"Table": "7"}},
    {
        "email": "bo@x.org",
        "first_name": "<b>Bo</b>",
        "last_name": '"x" & {guest.email}',
        "attributes": {"Table": "<7>"},
    },
    {"email": "rtl@x.org", "first_name": "שלום", "last_name": ""},
    {"email": "long@x.org", "first_name": "Ab" * 150, "last_name": "**x**\r\nBcc: y@x.org"},
    {"email": "none@x.org", "first_name": "", "last_name": ""},
]


@pytest.mark.parametrize("values", AWKWARD, ids=lambda values: values["email"])
def test_C5_a_test_is_the_preview_and_the_message_byte_for_byte_but_for_recipient_mark_and_links(
    event_id: int, organizer: Person, terms: SendingTerms, settings: Settings, provider: Recording, test_send: Any,
    values: dict[str, Any], rows: Any,
) -> None:  # fmt: skip
    guest = seeding.add_guest(event_id, **values)
    run = test_send(organizer.email, guest=guest)
    run.drain(provider)
    message = Message(TEXT, {"statuses": ["confirmed"]})
    sent_off = mailing_send.send(event_id, message, key="k", terms=terms, by=seeding.acting(organizer))
    drain.drain(sent_off.job_id or 0, provider, settings)
    [content_id] = {mailing.content_id for mailing in rows(Mailing)}
    shown = contents.rendered(
        contents.find(event_id, content_id), seeding.event(event_id), fresh().get(Guest, guest),
        fresh().get_one(User, organizer.id), terms,
    )  # fmt: skip
    tested, sent = (mail.data for mail in provider.mails)

    inert, way_off = inert_unsubscribe_url(terms), parsed(sent)["List-Unsubscribe"].strip("<>")
    assert parts(tested) == (shown.text, shown.html)
    addresses = CalendarAddresses.of(seeding.event(event_id), terms)
    links = {way_off: inert, addresses.file(guest): addresses.file()}
    assert [[part.count(link) for link in links] for part in parts(sent)] == [[2, 1], [2, 1]]
    assert tuple(reduce(lambda text, link: text.replace(*link), links.items(), part) for part in parts(sent)) == parts(
        tested
    )
    assert str(parsed(sent)["Subject"]) == shown.subject
    assert str(parsed(tested)["Subject"]) == f"[Test] {shown.subject}"
    own = ("To", "Subject", "Message-ID", "X-Eventmail-Id", "List-Unsubscribe", "Date")
    tested_head, sent_head = ([(n, v) for n, v in parsed(data).items() if n not in own] for data in (tested, sent))
    assert tested_head == sent_head
    assert (str(parsed(tested)["To"]), str(parsed(sent)["To"])) == (organizer.email, values["email"])


def test_E2_no_link_of_a_test_can_act_for_anybody(
    event_id: int, terms: SendingTerms, provider: Recording, test_send: Any, visitor: Any, count: Any, add_guest: Any
) -> None:
    add_guest("ada@x.org")
    test_send("anna@x.org").drain(provider)
    [mail] = provider.mails
    links = {
        link for part in parts(mail.data) for link in re.findall(r"https?://[^\s\"<>)]+/unsubscribe/[^\s\"<>)]+", part)
    }
    assert links == {inert_unsubscribe_url(terms)}
    assert parsed(mail.data)["List-Unsubscribe"] == f"<{inert_unsubscribe_url(terms)}>"
    for link in links:
        path = link.removeprefix(terms.base_url)
        assert visitor.get(path).status_code == 200
        assert visitor.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert count(Suppression) == 0


def test_E1_where_there_are_no_guests_every_field_reads_its_fallback(provider: Recording, test_send: Any) -> None:
    test_send("anna@x.org").drain(provider)
    message = parsed(provider.mails[0].data)
    assert str(message["Subject"]) == "[Test] Hi there"
    assert parts(provider.mails[0].data)[0].startswith("Hi there, table of your choice.")


def test_E1_every_address_of_a_test_reads_the_same_guest(provider: Recording, test_send: Any, add_guests: Any) -> None:
    _, ben = add_guests([{"email": "ada@x.org", "first_name": "Ada"}, {"email": "ben@x.org", "first_name": "Ben"}])
    run = test_send("ada@x.org", "anna@x.org", guest=ben)
    run.drain(provider)
    assert [str(parsed(mail.data)["Subject"]) for mail in provider.mails] == ["[Test] Hi Ben"] * 2
    assert run.states == {"ada@x.org": "sent", "anna@x.org": "sent"}
    assert [(mailing.state, mailing.n_sent) for mailing in [run.mailing]] == [("finished", 2)]
    run.assert_balanced()


def test_A6_the_do_not_mail_list_is_looked_at_right_before_hand_over(
    provider: Recording, test_send: Any, writing: Any
) -> None:
    run = test_send("a@x.org", "b@x.org")
    with writing() as tx:
        tx.add(Suppression(address="a@x.org", scope="all", reason="manual", source="test", created_at=clock_.now()))
    run.drain(provider)
    assert (provider.addresses, run.states) == (["b@x.org"], {"a@x.org": "suppressed", "b@x.org": "sent"})
    run.assert_balanced()


def test_F1_a_hard_bounce_of_a_test_is_recorded_and_suppresses(
    provider: Recording, test_send: Any, row: Any, event_id: int
) -> None:
    run = test_send("gone@x.org")
    provider.answers["gone@x.org"] = Permanent("No such user", code="550 5.1.1", hard=True)
    run.drain(provider)
    assert run.states == {"gone@x.org": "failed"}
    bounce = row(EmailEvent)
    assert (bounce.kind, bounce.address, bounce.event_id) == ("bounce", "gone@x.org", event_id)
    assert (row(Suppression).address, row(Suppression).scope, row(Suppression).reason) == (
        "gone@x.org", "practice", "hard_bounce",
    )  # fmt: skip
    run.assert_balanced()
    with pytest.raises(NoRecipients):
        test_send("gone@x.org")


def test_S3_S4_a_test_that_was_not_taken_is_tried_again_under_the_same_key(
    provider: Recording, test_send: Any, clock: FrozenClock
) -> None:
    run = test_send("a@x.org")
    provider.answers["a@x.org"] = Transient("Later", code="451")
    run.drain(provider)
    assert run.states == {"a@x.org": "queued"}
    del provider.answers["a@x.org"]
    clock.advance(seconds=5)
    run.drain(provider)
    first, second = provider.mails
    assert (first.key, first.data, run.states) == (second.key, second.data, {"a@x.org": "sent"})
    assert [outcome for _, _, outcome in run.attempts] == ["transient", "accepted"]


def test_S5_a_test_in_doubt_is_not_tried_again(provider: Recording, test_send: Any, clock: FrozenClock) -> None:
    run = test_send("a@x.org")
    provider.answers["a@x.org"] = Unclear("The line was cut")
    run.drain(provider)
    clock.advance(hours=1)
    run.drain(provider)
    assert (run.states, len(provider.mails), run.mailing.state) == ({"a@x.org": "unknown"}, 1, "finished")
    run.assert_balanced()


def test_S12_a_test_that_is_refused_has_failed_and_nothing_of_it_waits(provider: Recording, test_send: Any) -> None:
    run = test_send("a@x.org", "b@x.org")
    provider.answers |= dict.fromkeys(("a@x.org", "b@x.org"), Refused("Wrong password", code="535"))
    for _ in range(2):  # the first refusal ends a turn for the others
        run.drain(provider)
    assert run.states == {"a@x.org": "failed", "b@x.org": "failed"}
    assert (run.job.state, run.job.stopped, run.mailing.state) == ("finished", None, "finished")
    assert {recipient.last_error for recipient in run.recipients} == {"Wrong password (535)"}
    run.assert_balanced()


def test_S12_a_refused_message_to_guests_still_waits(provider: Recording, send: Any) -> None:
    run = send("a@x.org")
    provider.answers["a@x.org"] = Refused("Wrong password", code="535")
    run.drain(provider)
    assert (run.states, run.job.stopped) == ({"a@x.org": "queued"}, "Wrong password (535)")


def test_E1_the_guest_of_a_test_may_change_or_go_and_the_test_still_arrives(
    provider: Recording, test_send: Any, add_guest: Any, writing: Any
) -> None:
    guest = add_guest("ada@x.org", first_name="Ada")
    run = test_send("a@x.org", guest=guest)
    with writing() as tx:
        tx.delete(tx.get_one(Guest, guest))
    run.drain(provider)
    assert run.states == {"a@x.org": "sent"}
    assert str(parsed(provider.mails[0].data)["Subject"]) == "[Test] Hi there"


def test_S6_a_message_to_a_guest_who_is_gone_is_still_not_marked(provider: Recording, send: Any, writing: Any) -> None:
    run = send("a@x.org")
    with writing() as tx:
        tx.execute(update(Recipient).values(guest_id=None))
    [claimed] = claim.claim(run.job, clock_.now())
    with handover.in_flight.one_group():
        assert handover.begin(_prepare(run.job, provider, run.settings), [claimed]) == []
    assert run.states == {"a@x.org": "cancelled"}


def test_E1_a_test_of_an_address_that_is_also_a_guest_is_not_in_the_guests_history(
    provider: Recording, test_send: Any, add_guest: Any, count: Any
) -> None:
    guest = add_guest("ada@x.org")
    test_send("ada@x.org").drain(provider)
    assert count(Recipient, Recipient.guest_id == guest) == 0
