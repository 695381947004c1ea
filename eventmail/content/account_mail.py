"""Mails about accounts in plain text with CRLF. Each raises InvalidInput for an address no header can hold."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from eventmail.content.mail_encoding import mailbox, wire_address
from eventmail.errors import InvalidInput
from eventmail.value_parsing import clean_value

NOTHING_TO_DO = "If you did not expect this mail, you need not do anything."
_NAME_LENGTH = 100
_ISOLATED = "\u2068", "\u2069"  # keep the direction of a name and of the text around it apart


@dataclass(frozen=True)
class Frame:
    """What all kinds share. Both addresses are bare, `from_name` may be "", `message_id` has no brackets.

    The link is valid `until` then. `site` is the address of this instance.
    """

    from_email: str
    from_name: str
    to: str
    message_id: str
    date: datetime
    link: str
    until: datetime
    site: str


def invitation(frame: Frame, *, inviter: str, role: str) -> bytes:
    """An invitation to join. `inviter` is a name, "" for a user who is gone."""
    who = f"{_name(inviter)} invites you" if clean_value(inviter) else "You are invited"
    text = (
        f"Hello,\n\n{who} to join the team on eventmail at {frame.site}, as an {role}.\n\n"
        f"Open this link, say who you are and choose a password:\n\n{frame.link}\n\n"
        f"The link works once, until {_instant(frame.until)}.\n\n{NOTHING_TO_DO}\n"
    )
    return _message(frame, "You are invited to eventmail", text)


def sign_in(frame: Frame, *, name: str, asked_by: str) -> bytes:
    """A one-time sign-in link. `asked_by` is an owner's name, or "" when somebody forgot the password."""
    asked = _name(asked_by) if clean_value(asked_by) else "Somebody who says that they forgot your password"
    text = (
        f"{_hello(name)},\n\n"
        f"{asked} asked eventmail at {frame.site} to mail you a link that signs you in.\n\n"
        f"Open it and press the button; then you can choose a new password without the old one:\n\n{frame.link}\n\n"
        f"The link works once, until {_instant(frame.until)}. Your password stays as it is until you change it.\n\n"
        f"{NOTHING_TO_DO}\n"
    )
    return _message(frame, "Your sign-in link for eventmail", text)


def address_changed(frame: Frame, *, name: str) -> bytes:
    """The news for the former address. It has no link and does not tell the new address."""
    text = (
        f"{_hello(name)},\n\n"
        f"your account on eventmail at {frame.site} has another email address since {_instant(frame.date)}. "
        "You no longer sign in with this one, and no mail about your account comes here any more.\n\n"
        "If that was you, you need not do anything. If it was not, tell an owner of your team at once: "
        "they can make you a sign-in link, with which you choose a new password and address.\n"
    )
    return _message(frame, "Your address on eventmail was changed", text)


def _message(frame: Frame, subject: str, text: str) -> bytes:
    sender, to = wire_address(frame.from_email), wire_address(frame.to)
    policy = SMTP if (sender + to).isascii() else SMTPUTF8
    message = EmailMessage(policy)
    message["To"] = _address(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(frame.date)
    message["Message-ID"] = f"<{frame.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return f"From: {mailbox(frame.from_name, sender)}\r\n".encode() + message.as_bytes()


def _address(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if "=?" in local:  # the library would decode an encoded word there, against RFC 2047, and write another address
        raise InvalidInput.at("email", "INVALID_INPUT", f"“{address[:80]}” cannot stand in a mail header.")
    return Address(username=local, domain=domain)


def _hello(name: str) -> str:
    return f"Hello {_name(name) if clean_value(name) else 'there'}"


def _name(name: str) -> str:
    """Returns a name as one line of bounded length (C4)."""
    shown = clean_value(name)
    shown = shown if len(shown) <= _NAME_LENGTH else f"{shown[: _NAME_LENGTH - 1].rstrip()}…"
    return shown.join(_ISOLATED)


def _instant(at: datetime) -> str:
    here = at.astimezone(UTC)
    return f"{here.day} {here:%B %Y, %H:%M} UTC"
