"""Why an address is on the do-not-mail list, in words (F1): two of them, and a clause about the address."""

from collections.abc import Mapping

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
