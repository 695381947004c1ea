"""A plain mail to one colleague: its headers, and how a name, a title and an instant stand in its text."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from eventmail.content.mail_encoding import header, mailbox, wire_address
from eventmail.errors import InvalidInput
from eventmail.value_parsing import clean_value

_LONGEST = 100
_ISOLATED = "\u2068", "\u2069"  # keep the direction of a name and of the text around it apart


@dataclass(frozen=True)
class Frame:
    """What all kinds share. Both addresses are bare, `from_name` may be "", `message_id` has no brackets.

    `site` is the address of this instance.
    """

    from_email: str
    from_name: str
    to: str
    message_id: str
    date: datetime
    site: str


def message(frame: Frame, subject: str, text: str) -> bytes:
    """Returns the mail with CRLF. `subject` is one line. Raises InvalidInput for an address no header can hold."""
    sender, to = wire_address(frame.from_email), wire_address(frame.to)
    policy = SMTP if (sender + to).isascii() else SMTPUTF8
    made = EmailMessage(policy)
    made["To"] = _address(to)
    made["Date"] = format_datetime(frame.date)
    made["Message-ID"] = f"<{frame.message_id}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text, cte="quoted-printable")
    return f"From: {mailbox(frame.from_name, sender)}\r\n".encode() + header("Subject", subject) + made.as_bytes()


def _address(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if "=?" in local:  # the library would decode an encoded word there, against RFC 2047, and write another address
        raise InvalidInput.at("email", "INVALID_INPUT", f"“{address[:80]}” cannot stand in a mail header.")
    return Address(username=local, domain=domain)


def hello(name: str) -> str:
    """The first words of a mail to `name`, which may be ""."""
    return f"Hello {isolated(name) if clean_value(name) else 'there'}"


def isolated(name: str) -> str:
    """Returns a name or a title as one line of bounded length (C4)."""
    shown = clean_value(name)
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1].rstrip()}…"
    return shown.join(_ISOLATED)


def instant(at: datetime) -> str:
    """An instant in words, in UTC."""
    here = at.astimezone(UTC)
    return f"{here.day} {here:%B %Y, %H:%M} UTC"
