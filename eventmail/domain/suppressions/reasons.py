"""Why an address is on the do-not-mail list, in words, and which scopes count for an event (F1)."""

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

OWN_WORDS = (SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINT)  # reasons that a guest's own act gives

# when an address has two entries, the earlier of these reasons is shown (A2)
EXCLUDED_AS = {
    SuppressionReason.HARD_BOUNCE: Reason.BOUNCED,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT: Reason.SUPPRESSED,
    SuppressionReason.MANUAL: Reason.SUPPRESSED,
    SuppressionReason.IMPORT: Reason.SUPPRESSED,
}


def about(scope: str) -> str:
    """The mail that an entry of this scope keeps from its address, in words."""
    return {EVERYWHERE: "all events", PRACTICE: "practice mode"}.get(scope, "this event")


def place(scope: str) -> str:
    """The list that an entry of this scope stands on, in words."""
    words = {EVERYWHERE: "of the whole installation", PRACTICE: "of practice mode, which holds only there"}
    return words.get(scope, "of this event")


def scopes_of(event_id: int) -> tuple[str, ...]:
    """The scopes that count for an event now. Entries of practice mode count in practice mode only (S13)."""
    here = EVERYWHERE, str(event_id)
    return (*here, PRACTICE) if practising() else here
