"""A place from which mails about accounts leave, and what is read in one that arrived."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from eventmail.domain.terms import SendingTerms
from eventmail.settings import Settings

SITE = "http://mail.organizers.example"
ADA = "Ada@guests.example.net"  # as she writes it
SENDER = "team@organizers.example"
PLACE = SendingTerms(SITE, b"s" * 32, outside=True, connected=True)
_LINK = re.compile(rf"{re.escape(SITE)}(/sign-in/([A-Za-z0-9_-]+)\S*)")


def outside(instance: Path, **values: str) -> Settings:
    """Settings of an instance with a mail service that is never reached, and nothing in its way."""
    given = {"provider": "smtp", "smtp_url": "smtp://mail.organizers.example", "base_url": SITE} | values
    return Settings(instance=instance, undo_seconds=0, rate_per_second=0, EVENTMAIL_FROM=SENDER, **given)  # type: ignore[arg-type]


def read(data: bytes) -> EmailMessage:
    """The mail as a mail program reads it."""
    return message_from_bytes(data, policy=policy.default)


def link_in(data: bytes) -> tuple[str, str]:
    """The link of a mail: its path with the query, and its token."""
    text = read(data).get_content()
    found = _LINK.findall(text)
    assert len(found) == 1, f"{len(found)} links in:\n{text}"
    return found[0]
