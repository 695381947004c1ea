"""A guest."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from eventmail.domain.guests import listing
from eventmail.domain.guests.paste import PasteReport
from eventmail.states import ChangeKind, Delivery, GuestStatus, SuppressionReason
from eventmail.web.core.answer_parts import Id, Instant, OutcomeWord, ProviderWord, one_of
from eventmail.web.core.intake import Body

StatusWord = Annotated[str, one_of(GuestStatus)]
DeliveryWord = Annotated[str, one_of(Delivery)]


class GuestIn(Body):
    """POST and PATCH take any of them; null clears, and clears one attribute inside `attributes`."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    status: str | None = None
    tags: list[str] | None = None
    attributes: dict[str, str | None] | None = None

    def values(self) -> dict[str, Any]:
        """The fields that were given, under the domain's names."""
        return self.model_dump(exclude_unset=True)


class ChangeIn(Body):
    """One change of many guests: of those named, or of all that the URL's filter and search find, who are `total`."""

    change: ChangeKind
    status: str = ""
    tag: str = ""
    guests: list[str] = Field(default_factory=list)
    all: bool = False
    total: int | None = None


class PasteIn(Body):
    """Addresses as they were pasted; `dry_run` only tells what would happen, which is how many are `expected`."""

    addresses: str = ""
    status: str = ""
    tags: str = ""
    dry_run: bool = False
    expected: int | None = None


class ErasureIn(Body):
    """`confirm` is the guest's address, or the name of one without an address."""

    confirm: str = Field(default="", max_length=2000)


class AddressErasureIn(Body):
    """`address` is that of a removed guest and on no guest list now."""

    address: str = Field(max_length=2000)


class ErasedOut(TypedDict):
    """What an erasure did; `finished` is false while files or old pages of the database still have to go."""

    cancelled: int
    finished: bool


class GuestOut(TypedDict):
    """A guest; `suppressed` is the reason on the do-not-mail list, or null."""

    id: Id
    email: str | None
    first_name: str
    last_name: str
    status: StatusWord
    suppressed: Annotated[str, one_of(SuppressionReason)] | None
    tags: list[str]
    attributes: Annotated[dict[str, str], Field(description="The values of imported columns, by column.")]


class ChangeOut(TypedDict):
    """One change of many guests, and the address that takes it back."""

    id: Id
    picked: int
    changed: int
    undo: str


class UndoneOut(TypedDict):
    """What taking a change back did; `left` were changed or removed since, and stay as they are."""

    restored: int
    left: int


class PastedThereOut(TypedDict):
    """An address that is on the list already, or stands further up."""

    line: int
    email: str
    guest: Id | None


class PastedWrongOut(TypedDict):
    """A line that could not be read."""

    line: int
    text: str
    code: str
    message: str


class PasteOut(TypedDict):
    """What became of pasted addresses."""

    created: int
    there: list[PastedThereOut]
    rejected: list[PastedWrongOut]


class MomentOut(TypedDict):
    """One line of a guest's history; the members after `sentence` stand with messages alone."""

    kind: Annotated[str, one_of(("message", "report", "change"))]
    at: Instant
    sentence: str
    mailing: NotRequired[Id]
    subject: NotRequired[str]
    outcome: NotRequired[OutcomeWord]
    reason: NotRequired[str | None]
    attempts: NotRequired[int]
    request_ids: NotRequired[list[str]]
    delivery: NotRequired[DeliveryWord | None]
    provider: NotRequired[ProviderWord]


def guest_out(guest: listing.Detailed) -> GuestOut:
    """`suppressed` is the reason on the do-not-mail list (F1) or null."""
    return {
        "id": str(guest.id),
        "email": guest.email,
        "first_name": guest.first_name,
        "last_name": guest.last_name,
        "status": guest.status,
        "suppressed": guest.suppressed,
        "tags": list(guest.tags),
        "attributes": dict(guest.attributes),
    }


def paste_out(report: PasteReport) -> PasteOut:
    """The JSON of a report. `guest` is null for an address that stands further up."""
    return {
        "created": len(report.new),
        "there": [
            {"line": row.line, "email": row.email, "guest": str(row.guest_id) if row.guest_id else None}
            for row in report.there
        ],
        "rejected": [
            {"line": row.line, "text": row.text, "code": row.code, "message": row.message} for row in report.rejected
        ],
    }
