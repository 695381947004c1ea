"""Mails about accounts in plain text. Each raises InvalidInput for an address no header can hold.

A `link` lets its holder in once, `until` then.
"""

from datetime import datetime

from eventmail.content.plain_mail import Frame, hello, instant, isolated, message
from eventmail.value_parsing import clean_value

NOTHING_TO_DO = "If you did not expect this mail, you need not do anything."


def invitation(frame: Frame, *, link: str, until: datetime, inviter: str, role: str) -> bytes:
    """An invitation to join. `inviter` is a name, "" for a user who is gone."""
    who = f"{isolated(inviter)} invites you" if clean_value(inviter) else "You are invited"
    text = (
        f"Hello,\n\n{who} to join the team on eventmail at {frame.site}, as an {role}.\n\n"
        f"Open this link, say who you are and choose a password:\n\n{link}\n\n"
        f"The link works once, until {instant(until)}.\n\n{NOTHING_TO_DO}\n"
    )
    return message(frame, "You are invited to eventmail", text)


def sign_in(frame: Frame, *, link: str, until: datetime, name: str, asked_by: str) -> bytes:
    """A one-time sign-in link. `asked_by` is an owner's name, or "" when somebody forgot the password."""
    asked = isolated(asked_by) if clean_value(asked_by) else "Somebody who says that they forgot your password"
    text = (
        f"{hello(name)},\n\n"
        f"{asked} asked eventmail at {frame.site} to mail you a link that signs you in.\n\n"
        f"Open it and press the button; then you can choose a new password without the old one:\n\n{link}\n\n"
        f"The link works once, until {instant(until)}. Your password stays as it is until you change it.\n\n"
        f"{NOTHING_TO_DO}\n"
    )
    return message(frame, "Your sign-in link for eventmail", text)


def address_changed(frame: Frame, *, name: str) -> bytes:
    """The news for the former address. It has no link and does not tell the new address."""
    text = (
        f"{hello(name)},\n\n"
        f"your account on eventmail at {frame.site} has another email address since {instant(frame.date)}. "
        "You no longer sign in with this one, and no mail about your account comes here any more.\n\n"
        "If that was you, you need not do anything. If it was not, tell an owner of your team at once: "
        "they can make you a sign-in link, with which you choose a new password and address.\n"
    )
    return message(frame, "Your address on eventmail was changed", text)
