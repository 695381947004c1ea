"""Decides what a mail server's 4yz or 5yz means for a mail: by step, by reply code, and by the words."""

from enum import StrEnum

from eventmail.providers.base import Permanent, ProviderError, Refused, Transient, Unclear
from eventmail.providers.limits import is_used_up
from eventmail.providers.refusals import About, judge
from eventmail.providers.smtp.wire import Reply


class Step(StrEnum):
    RESET = "RSET"
    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    DATA = "DATA"
    MESSAGE = "."


SIGN_IN = {530, 534, 535, 538}  # RFC 4954
_SIGN_IN_CODES = {"5.7.8", "5.7.9"}
_ABOUT_SENDER = {550, 551, 553, 554}
_TOO_LARGE = {"5.2.3", "5.3.4"}


def refusal(reply: Reply, step: Step, *, signed_in: bool, host: str, sender: str = "", to: str = "") -> ProviderError:
    """The outcome of a mail whose `step` got the 4yz or 5yz `reply`, so that the server took nothing of it.

    `sender` and `to` are the mail's addresses, which the answer may repeat.
    """
    detail = reply.words or f"The mail server answered {reply.code} and no more"
    if reply.code < 500:
        if reply.status == "451 4.3.0" and step is Step.MESSAGE and _is_cloudflare(host):
            return Unclear(detail, code=reply.status)  # Cloudflare documents it as accepted, but deferred
        return Transient(detail, code=reply.status)
    if _is_refusal_of_us(reply, step, signed_in=signed_in):
        return Refused(detail, code=reply.status)
    about, certain = judge(reply.text, reply.status, to=to, sender=sender)
    if about is About.SENDER:
        return Refused(detail, code=reply.status, of_one=step is not Step.SENDER)
    # After MAIL the server has heard of no recipient yet. After the message only a code is clear enough.
    dead = about is About.DEAD and (step is Step.RECIPIENT or (step is Step.MESSAGE and certain))
    return Permanent(detail, code=reply.status, hard=dead)


def _is_refusal_of_us(reply: Reply, step: Step, *, signed_in: bool) -> bool:
    if reply.code in SIGN_IN or reply.enhanced in _SIGN_IN_CODES or is_used_up(reply.text):
        return True
    if step is Step.SENDER and reply.code in _ABOUT_SENDER and reply.enhanced not in _TOO_LARGE:
        return True  # the server has not heard of any recipient yet
    return reply.enhanced == "5.5.1" and not signed_in and step in (Step.SENDER, Step.RECIPIENT)


def _is_cloudflare(host: str) -> bool:
    return f".{host}".endswith(".mx.cloudflare.net")
