"""A real mail server takes a whole run and delivers it: all of it, once, unharmed."""

import re
import ssl
from collections.abc import Callable, Iterator
from email import message_from_string
from email.message import Message

import pytest

from eventmail.providers.base import Accepted, Mail
from eventmail.providers.smtp.service import Smtp, parse
from tests.support import seeding
from tests.support.live import ROOT, Live
from tests.support.postfix import Postfix
from tests.support.smtp_peer import handed_over, patient
from tests.support.waiting import wait_for

pytestmark = pytest.mark.soak  # needs root and a package; aiosmtpd and the peer of the unit tests do not
GUESTS = 300
MESSAGE = {
    "kind": "one_time",
    "subject": "{guest.firstName|Hello}, your place",
    "body": "Dear {guest.fullName|guest},\n\n.A line with a dot\n\n{guest.lastName|friend}\n\n{organizer.name}",
    "audience": {"statuses": ["confirmed"]},
}
AWKWARD = [
    {"email": "No.Name+tag@guests.example.net", "first_name": "", "last_name": ""},
    {"email": "couple@guests.example.net", "first_name": "Ida"},
    {"email": "COUPLE@guests.example.net", "first_name": "Otto"},
    {"email": "rtl@guests.example.net", "first_name": "\u202eעדה", "last_name": "לאבלייס"},
    {
        "email": "b@guests.example.net",
        "first_name": "<b>Bob</b>",
        "last_name": "\r\n.\r\nRCPT TO:<x@guests.example.net>\r\n",
    },
    {"email": "long@guests.example.net", "first_name": "x" * 300},
    {"email": "o'hara=a/b@guests.example.net", "first_name": "Orla\r\nBcc: everybody@guests.example.net"},
    {"email": "gast@bücher.example.net", "first_name": "Jürgen"},
    {"email": "jürgen@guests.example.net", "first_name": "Jürgen"},
    {"email": f"{'l' * 64}@{'.'.join(['d' * 60] * 3)}.net", "first_name": "Lena"},
]


@pytest.fixture
def relay() -> Iterator[Postfix]:
    with Postfix() as postfix:
        yield postfix


def parsed(raw: bytes) -> Message:
    return message_from_string(raw.decode())


def identity(mail: Message) -> tuple[str, ...]:
    """Whom the envelope named, whom the header names, and the key in both of its places."""
    return wired(mail["X-Original-To"]), wired(mail["To"]), mail["X-Eventmail-Id"], mail["Message-ID"]


def wired(address: str) -> str:
    """The address with its domain in ASCII, as the wire needs it."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def test_S3_a_run_through_postfix_lies_in_the_mailbox_whole_and_once(
    make_live: Callable[..., Live], relay: Postfix
) -> None:
    live = make_live(
        EVENTMAIL_PROVIDER="smtp",
        EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{relay.port}",
        SSL_CERT_FILE=str(relay.certificate),
    )
    live.start()
    with live.app.app_context():
        seeding.add_guests(live.event_id, AWKWARD)
        seeding.add_guests(live.event_id, GUESTS)
    url = f"/admin/events/{live.event_id}/mailings"
    sent = live.api("POST", url, MESSAGE, {"Idempotency-Key": "once"})
    assert sent.status == 202, sent.text
    assert sent.json["recipient_count"] == GUESTS + len(AWKWARD) - 1  # a couple is one address

    url = f"{url}/{sent.json['id']}"
    wait_for(lambda: live.api("GET", url).json["state"] == "finished", what="the end of the run")
    wait_for(lambda: not relay.waiting(), what="postfix to deliver what it took")

    rows = live.query("SELECT r.id, r.email, r.state, m.key FROM recipient r JOIN mailing m ON m.id = r.mailing_id")
    assert {row["state"] for row in rows} == {"sent"}
    mails = [parsed(raw) for raw in relay.mails()]
    assert sorted(identity(mail) for mail in mails) == sorted(
        (wired(row["email"]), wired(row["email"]), f"{row['key']}-{row['id']}", f"<{row['key']}-{row['id']}@localhost>")
        for row in rows
    )
    assert {mail["Bcc"] for mail in mails} == {None}
    protocols = {re.search(r"with (\S+) id", mail["Received"]).group(1) for mail in mails}  # type: ignore[union-attr]
    assert protocols == {"ESMTPS", "UTF8SMTPS"}  # encrypted, each of them


def test_C4_what_postfix_delivers_is_what_was_handed_over_byte_for_byte(relay: Postfix) -> None:
    data = (ROOT / "tests/golden/mail.eml").read_bytes()
    provider = Smtp(
        parse(f"smtp://127.0.0.1:{relay.port}"),
        timeouts=patient(),
        context=ssl.create_default_context(cafile=relay.certificate),
    )
    mail = Mail("key", "request", 1, "team@guests.example.org", "guest@guests.example.org", data)

    wait_for(lambda: provider.stands("this test", 0.0), what="a connection")
    assert [type(outcome) for outcome in handed_over(provider, [mail])] == [Accepted]
    provider.close()
    wait_for(lambda: relay.count() == 1, what="the delivery")

    [delivered] = relay.mails()
    kept = data.replace(b"\r\n", b"\n")
    assert delivered[-len(kept) :] == kept
    assert list(parsed(delivered[: -len(kept)]).keys()) == ["Return-Path", "X-Original-To", "Delivered-To", "Received"]
