"""A text that a program takes from a design instead of writing it (D3)."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BeforeValidator

from eventmail import ids
from eventmail.domain.designs import edit, revisions
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.origin import Origin
from eventmail.errors import FieldError, InvalidInput, NotFound
from eventmail.web.core.intake import Body

_MISSING = "Please fill this in."


class DesignRef(Body):
    """A design, and which snapshot of it: what is `published`, or its `draft`."""

    id: Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]
    snapshot: Literal["published", "draft"] = "published"


def take(event_id: int, named: DesignRef) -> tuple[Text, Origin]:
    """The text of the snapshot and where it came from. Raises InvalidInput, NotPublished, DesignArchived."""
    try:
        shown = edit.find(event_id, ids.row_id(named.id) or 0)
    except NotFound:
        message = f"There is no design “{named.id[:40]}” in this event."
        raise InvalidInput.at("design", "UNKNOWN_DESIGN", message) from None
    return revisions.snapshot(shown, named.snapshot)


def worded(
    event_id: int, subject: str | None, preheader: str | None, body: str | None, named: DesignRef | None
) -> tuple[Text, Origin | None]:
    """The text that a request brings or takes from a design; its own subject counts more than the design's.

    Raises InvalidInput for both and for neither, and the errors of `take`.
    """
    if named is None:
        if missing := [name for name, part in (("subject", subject), ("body", body)) if part is None]:
            raise InvalidInput(fields=[FieldError(name, "MISSING", _MISSING) for name in missing])
        return Text(subject or "", preheader or "", body or ""), None
    if body is not None:
        raise InvalidInput.at("design", "TWO_TEXTS", "Give a body or a design, not both.")
    text, origin = take(event_id, named)
    own = {"subject": subject, "preheader": preheader}
    return replace(text, **{name: part for name, part in own.items() if part is not None}), origin
