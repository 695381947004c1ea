"""Limits that a mail service names in its answers: how much we may send, and how many connections we may have."""

import re

_USED_UP = re.compile(  # Gmail, Exchange Online, cPanel, SES, hosters: what we may send, not what a mailbox may take
    r"\b(?:daily|hourly|monthly)\b.{0,40}\b(?:limit|quota)|\bsubmissionquotaexceeded"
    r"|\bmax(?:imum)? (?:e-?mails|messages) per (?:hour|day)\b"
    r"|\b(?:sending|submission) (?:limit|quota)s?\b.{0,30}\b(?:exceed|reach)"
    r"|\b(?:exceed|reach)\w*\b.{0,30}\b(?:sending|submission) (?:limit|quota)"
)
_OF_A_MAILBOX = re.compile(r"\b(?:mail ?box|inbox|receiv\w+|you are trying|recipient(?:'s)? (?:has|is|quota|limit))\b")
_CROWDED = re.compile(  # Exchange Online: three that hand over; exim, sendmail, hosters: so many from one address
    r"\b(?:too many|concurrent|simultaneous|max\w*|limit\w*|exceed\w*)\b.{0,40}\bconnections?\b"
    r"|\bconnections?\b.{0,40}\b(?:limit|exceed)"
)


def is_used_up(text: str) -> bool:
    """Whether a refusal says that our sending limit is used up, so that no other mail would be taken either (S12)."""
    words = text.lower()
    return _USED_UP.search(words) is not None and not _OF_A_MAILBOX.search(words)


def is_crowded(text: str) -> bool:
    """Whether a refusal says that we have too many connections at a time."""
    return _CROWDED.search(text.lower()) is not None
