"""The word for each state, the same wherever people read it; colour and shape are in macros/ui.html."""

from collections.abc import Mapping

from eventmail.domain import services
from eventmail.domain.services import Shares
from eventmail.states import OUTBOX

WORDS: Mapping[str, str] = {
    # a recipient
    "queued": "Queued",
    "sending": "Sending",
    "sent": "Sent",
    "failed": "Failed",
    "unknown": "May have been sent",
    "suppressed": "On the do-not-mail list",
    "cancelled": "Cancelled",
    # what the mail service said of a mail afterwards
    "bounced": "Bounced",
    "delivered": "Delivered",
    "deferred": "Delayed",
    "complained": "Complained",
    # a message
    "draft": "Draft",
    "finished": "Finished",
    "troubled": "Finished with problems",
    # a guest
    "invited": "Invited",
    "confirmed": "Confirmed",
    "declined": "Declined",
}
KEPT = "Kept in outbox"


def word(state: str, provider: str | None = None) -> str:
    """What `state` is called; what practice mode kept in its outbox was not sent, whatever is set since (S13)."""
    return KEPT if provider == OUTBOX and state == "sent" else WORDS.get(state, state.replace("_", " ").capitalize())


def sent(shares: Shares) -> list[tuple[str, int]]:
    """(word, number) of a mailing's mails that were kept in the outbox and of those that left, at least one of them."""
    parts = [(KEPT, shares.kept), (WORDS["sent"], shares.sent)]
    return [part for part in parts if part[1]] or [parts[0] if shares.keeps else parts[1]]


def service(provider: str | None) -> str:
    """Of a run: which mail service it was of."""
    if provider is None:
        return services.NOT_NOTED
    return "in practice mode" if provider == OUTBOX else f"through {services.named(provider)}"
