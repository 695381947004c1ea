"""Why an address is on the do-not-mail list, in words (F1): two of them, a clause, and what holds where."""

from collections.abc import Mapping

from eventmail.models import EVERYWHERE, PRACTICE
from eventmail.states import SuppressionReason

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


def about(scope: str) -> str:
    """What an entry of that scope keeps from its address."""
    return {EVERYWHERE: "all events", PRACTICE: "practice mode"}.get(scope, "this event")


def place(scope: str) -> str:
    """Where an entry of that scope stands."""
    return {EVERYWHERE: "of the whole installation", PRACTICE: "of practice mode, which holds only there"}.get(
        scope, "of this event"
    )
