"""The do-not-mail list."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AliasChoices, Field
from typing_extensions import TypedDict

from eventmail import erased
from eventmail.domain.suppressions.entries import ListReport
from eventmail.models import EVERYWHERE, PRACTICE, Suppression
from eventmail.states import SuppressionReason
from eventmail.web.core.answer_parts import Id, Instant, one_of
from eventmail.web.core.context import instant
from eventmail.web.core.intake import Body


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


class SuppressionOut(TypedDict):
    """An address on the do-not-mail list, for this event, for all, or for all that practice mode keeps on its box."""

    id: Id
    address: str
    reason: Annotated[str, one_of(SuppressionReason)]
    scope: Literal["event", "all", "practice"]
    source: str
    created_at: Instant


class UnreadOut(TypedDict):
    """A line that holds no address."""

    line: int
    text: str


class SuppressionReportOut(TypedDict):
    """What an import into the list did; `known` were on it already."""

    added: int
    known: int
    rejected: list[UnreadOut]


_SCOPES: Mapping[str, Literal["all", "practice"]] = {EVERYWHERE: "all", PRACTICE: "practice"}


def suppression_out(entry: Suppression) -> SuppressionOut:
    """The JSON of an entry; an erased address reads as such."""
    return {
        "id": str(entry.id),
        "address": erased.shown(entry.address),
        "reason": entry.reason,
        "scope": _SCOPES.get(entry.scope, "event"),
        "source": entry.source,
        "created_at": instant(entry.created_at),
    }


def suppression_report_out(report: ListReport) -> SuppressionReportOut:
    """The report's JSON."""
    return {
        "added": report.added,
        "known": report.known,
        "rejected": [{"line": row.line, "text": row.text} for row in report.rejected],
    }
