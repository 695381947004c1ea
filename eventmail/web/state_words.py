"""The word for each state, the same wherever people read it; colour and shape are in macros/ui.html."""

from collections.abc import Mapping

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


def word(state: str, kept: bool = False) -> str:
    """What `state` is called; what practice mode `kept` in its outbox was not sent (S13)."""
    return KEPT if kept and state == "sent" else WORDS.get(state, state.replace("_", " ").capitalize())
