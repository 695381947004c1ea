"""Drafts of messages, as programs make and change them, and test sends."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from typing_extensions import TypedDict

from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.drafts import Shown, Written
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.states import MailingState
from eventmail.web.composer.schemas import Criteria
from eventmail.web.core.answer_parts import Id, Instant, one_of
from eventmail.web.core.intake import Body
from eventmail.web.tracker.schemas import MailingOut

Prose = Annotated[str, StringConstraints(strip_whitespace=False)]


class DraftIn(Body):
    """What `POST /mailings` takes with `draft`: the message as far as it is written, nothing of it checked (C2)."""

    kind: Literal["one_time"]
    draft: Literal[True]
    subject: str = ""
    preheader: str = ""
    body: Prose = ""
    audience: Criteria = Field(default_factory=Criteria)
    dry_run: bool = False

    def written(self) -> Written:
        """What the domain keeps."""
        return Written(Text(self.subject, self.preheader, self.body), self.audience.as_lists())


class DraftPatch(Body):
    """What `PATCH /mailings/{mailing}` takes of a draft, with the `revision` it was read at; null clears.

    `draft: false` sends it, as it stands after this change.
    """

    revision: int = Field(ge=1)
    subject: str | None = None
    preheader: str | None = None
    body: Prose | None = None
    audience: Criteria | None = None
    audience_snapshot: str | None = Field(default=None, max_length=100)
    audience_mode: Literal["at_due", "exact"] = "at_due"
    draft: bool = True

    def written(self, shown: Shown) -> Written:
        """`shown` with what this changes."""
        named = self.model_fields_set
        text = {
            name: (getattr(self, name) or "") if name in named else getattr(shown.text, name)
            for name in ("subject", "preheader", "body")
        }
        given = self.audience.as_lists() if self.audience else {}
        return Written(Text(**text), given if "audience" in named else shown.audience)

    def message(self, written: Written) -> Message:
        """What the domain is asked to send."""
        return Message(
            written.text, written.audience, self.audience_snapshot or "", exact=self.audience_mode == "exact"
        )


class DraftOut(MailingOut):
    """A draft: a mailing, with its criteria and the `revision` that its next change has to name."""

    revision: int
    audience: dict[str, list[str]]


class DraftListedOut(TypedDict):
    """A draft in the list."""

    id: Id
    subject: str
    revision: int
    author: str | None
    saved_by: str | None
    saved_at: Instant


def split(typed: Any) -> Any:
    """Addresses as people type them into one field, apart by commas, semicolons, spaces or lines."""
    return [address for address in re.split(r"[,;\s]+", typed) if address] if isinstance(typed, str) else typed


class TestSendOut(TypedDict):
    """A test send and what became of it."""

    id: Id
    to: list[str]
    state: Annotated[str, one_of(MailingState)]
    request_id: str


class WantedIn(Body):
    """What `POST …/mailings/test-sends` takes as JSON."""

    subject: str
    preheader: str = ""
    body: Prose
    to: Annotated[list[str], BeforeValidator(split)] = Field(default_factory=list)
    guest: str = ""

    def wanted(self) -> Wanted:
        """What the domain is asked to send."""
        return Wanted(Text(self.subject, self.preheader, self.body), tuple(self.to), self.guest)
