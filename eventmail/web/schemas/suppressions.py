"""The do-not-mail list."""

from typing import Any, Literal

from pydantic import AliasChoices, Field

from eventmail.domain.suppression_list import Report
from eventmail.models import EVERYWHERE, Suppression
from eventmail.web.context import instant
from eventmail.web.intake import Body


class SuppressionIn(Body):
    """An address to put on the list by hand, for this event or for all of the installation."""

    address: str = Field(validation_alias=AliasChoices("address", "email"), max_length=320)
    scope: Literal["event", "all"] = "event"
    reason: Literal["manual"] = "manual"


class LiftIn(Body):
    """Why an address may get mail again."""

    reason: str = ""


class SuppressionImport(Body):
    """Addresses, one a line, as pasted or as the text of a file."""

    addresses: str = ""
    scope: Literal["event", "all"] = "event"


def suppression_out(entry: Suppression) -> dict[str, Any]:
    """An entry of the do-not-mail list as JSON; `scope` is `event` or `all`."""
    return {
        "id": str(entry.id),
        "address": entry.address,
        "reason": entry.reason,
        "scope": "all" if entry.scope == EVERYWHERE else "event",
        "source": entry.source,
        "created_at": instant(entry.created_at),
    }


def suppression_report_out(report: Report) -> dict[str, Any]:
    """What an import into the list did."""
    return {
        "added": report.added,
        "known": report.known,
        "rejected": [{"line": row.line, "text": row.text} for row in report.rejected],
    }
