"""The design that a message took its text from (D3). The message owns that text, whatever becomes of the design."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail.db import fresh
from eventmail.domain.mailings.contents import Text, text_of
from eventmail.errors import DesignArchived, InvalidInput
from eventmail.models import Content, Design, Mailing

COLUMNS = (Mailing.design_id, Mailing.design_number, Mailing.design_digest)  # what `of` needs of a row


@dataclass(frozen=True)
class Origin:
    """A snapshot of a design: its published revision `number`, or its draft (None); `digest` is that of its text."""

    design_id: int
    number: int | None
    digest: str

    def columns(self) -> dict[str, Any]:
        """The values of a mailing's row."""
        return {"design_id": self.design_id, "design_number": self.number, "design_digest": self.digest}

    def as_json(self) -> dict[str, Any]:
        """What an idempotency key stands for, beside the text."""
        return {"design": self.design_id, "design_revision": self.number}


def check(tx: Session, taken: Origin | None) -> None:
    """Make sure that a text was just taken from a design that still stands, in the caller's transaction.

    Raises DesignArchived, and InvalidInput for one that was deleted meanwhile.
    """
    if taken is None:
        return
    held = tx.execute(select(Design.archived_at).where(Design.id == taken.design_id)).one_or_none()
    if held is None:
        raise InvalidInput.at("design", "UNKNOWN_DESIGN", "This design was deleted a moment ago. Nothing was sent.")
    if held.archived_at:
        raise DesignArchived


@dataclass(frozen=True)
class BasedOn:
    """An origin as pages tell it: the design as it is today, and whether the text was edited after it was taken."""

    design_id: int
    name: str
    number: int | None
    edited: bool
    newest: int | None  # what is published today


def of(row: Any) -> Origin | None:
    """The origin in a mailing, or in a row with its COLUMNS; None for a text that came from no design."""
    return Origin(row.design_id, row.design_number, row.design_digest) if row.design_id else None


def standing(taken: Origin | None) -> Origin | None:
    """`taken` while its design can be used, for a text that is written once more; None once it is archived."""
    archived = taken and fresh().scalar(select(Design.archived_at).where(Design.id == taken.design_id))
    return None if archived else taken


def based_on(origin: Origin | None, text: Text) -> BasedOn | None:
    """The design that `text` is based on."""
    if origin is None:
        return None
    return _based_on(origin, text.digest, _designs([origin.design_id]))


def of_each(mailings: Iterable[Mailing]) -> Mapping[int, BasedOn]:
    """By id of the mailing, the design of each that is no draft and is based on one; two queries at most."""
    found = {mailing.id: (mailing, origin) for mailing in mailings if (origin := of(mailing))}
    if not found:
        return {}
    designs = _designs([origin.design_id for _, origin in found.values()])
    wanted = select(Content).where(Content.id.in_([mailing.content_id for mailing, _ in found.values()]))
    digests = {kept.id: text_of(kept).digest for kept in fresh().scalars(wanted)}
    return {
        mailing_id: _based_on(origin, digests.get(mailing.content_id or 0, origin.digest), designs)
        for mailing_id, (mailing, origin) in found.items()
    }


def _designs(design_ids: Iterable[int]) -> Mapping[int, Design]:
    return {design.id: design for design in fresh().scalars(select(Design).where(Design.id.in_(set(design_ids))))}


def _based_on(origin: Origin, digest: str, designs: Mapping[int, Design]) -> BasedOn:
    design = designs[origin.design_id]
    return BasedOn(design.id, design.name, origin.number, digest != origin.digest, design.published)
