"""What a mail server's 4yz or 5yz means for the guest: by reply code, enhanced code (RFC 3463) and, last, its words."""

import re
from enum import StrEnum

from eventmail.providers.base import Permanent, ProviderError, Refused, Transient, Unclear
from eventmail.providers.smtp_wire import Reply


class Step(StrEnum):
    """What a reply answers."""

    RESET = "RSET"
    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    DATA = "DATA"
    MESSAGE = "."


_DEAD = {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
_BAD_SENDER = {"5.1.7", "5.1.8"}
_UNTRUSTED = {"5.7.8", "5.7.9", "5.7.23", "5.7.25", "5.7.26", "5.7.27", "5.7.29", "5.7.515"}
SIGN_IN = {530, 534, 535, 538}  # RFC 4954
_ABOUT_SENDER = {550, 551, 553, 554}
_TOO_LARGE = {"5.2.3", "5.3.4"}
_NO_MAILBOX = {550, 551}
# Words that make a bare 550 a judgement on the mail or on us, not on the mailbox.
_POLICY = re.compile(
    r"spam|virus|block|black ?list|deny ?list|polic|denied|prohibit|reputation|relay|authenti|dmarc|\bspf\b|dkim"
    r"|\brbl\b|\brate\b|too many|quota|full",
    re.IGNORECASE,
)


def refusal(reply: Reply, step: Step, *, signed_in: bool, host: str) -> ProviderError:
    """The outcome of one mail whose `step` was answered with the 4yz or 5yz `reply`; nothing of it was taken."""
    detail = reply.words or f"The mail server answered {reply.code} and no more"
    if reply.code < 500:
        if reply.status == "451 4.3.0" and step is Step.MESSAGE and _is_cloudflare(host):
            return Unclear(detail, code=reply.status)  # its documentation: accepted, but deferred
        return Transient(detail, code=reply.status)
    if _is_refusal_of_us(reply, step, signed_in=signed_in):
        return Refused(detail, code=reply.status)
    return Permanent(detail, code=reply.status, hard=_is_dead(reply, step))


def _is_refusal_of_us(reply: Reply, step: Step, *, signed_in: bool) -> bool:
    if reply.code in SIGN_IN or reply.enhanced in _BAD_SENDER | _UNTRUSTED:
        return True
    if step is Step.SENDER and reply.code in _ABOUT_SENDER and reply.enhanced not in _TOO_LARGE:
        return True  # the server has not heard of any recipient yet
    return reply.enhanced == "5.5.1" and not signed_in and step in (Step.SENDER, Step.RECIPIENT)


def _is_dead(reply: Reply, step: Step) -> bool:
    """Whether the address itself is dead (F1): never after MAIL, which names the sender only."""
    if step not in (Step.RECIPIENT, Step.MESSAGE):
        return False
    if reply.enhanced:
        return reply.enhanced in _DEAD
    return step is Step.RECIPIENT and reply.code in _NO_MAILBOX and not _POLICY.search(reply.words)


def _is_cloudflare(host: str) -> bool:
    return f".{host}".endswith(".mx.cloudflare.net")
