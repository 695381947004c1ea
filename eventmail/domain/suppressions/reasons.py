"""Why an address is on the do-not-mail list, in words (F1): two of them, a clause, and what holds where."""

from collections.abc import Mapping

from eventmail.models import EVERYWHERE, PRACTICE
from eventmail.records import practising
from eventmail.states import Reason, SuppressionReason

SHORT: Mapping[SuppressionReason, str] = {
    SuppressionReason.HARD_BOUNCE: "bounced",
    SuppressionReason.COMPLAINT: "complained",
    SuppressionReason.UNSUBSCRIBED: "unsubscribed",
    SuppressionReason.MANUAL: "added by hand",
    SuppressionReason.IMPORT: "added by an import",
}
LONG: Mapping[SuppressionReason, str] = {
    SuppressionReason.HARD_BOUNCE: "mail to it bounced",
    SuppressionReason.COMPLAINT: "its owner complained about a mail",
    SuppressionReason.UNSUBSCRIBED: "its owner unsubscribed",
    SuppressionReason.MANUAL: "a colleague put it there",
    SuppressionReason.IMPORT: "an import put it there",
}

# of two entries for one address the first in this order is the reason shown (A2)
EXCLUDED_AS = {
    SuppressionReason.HARD_BOUNCE: Reason.BOUNCED,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT: Reason.SUPPRESSED,
    SuppressionReason.MANUAL: Reason.SUPPRESSED,
    SuppressionReason.IMPORT: Reason.SUPPRESSED,
}


def about(scope: str) -> str:
    """What an entry of that scope keeps from its address."""
    return {EVERYWHERE: "all events", PRACTICE: "practice mode"}.get(scope, "this event")


def place(scope: str) -> str:
    """Where an entry of that scope stands."""
    return {EVERYWHERE: "of the whole installation", PRACTICE: "of practice mode, which holds only there"}.get(
        scope, "of this event"
    )


def scopes_of(event_id: int) -> tuple[str, ...]:
    """The scopes of the do-not-mail list that count for an event now; what practice caused holds there alone (S13)."""
    here = EVERYWHERE, str(event_id)
    return (*here, PRACTICE) if practising() else here
