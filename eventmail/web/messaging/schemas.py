"""Drafts of messages, as programs make and change them, and test sends."""

import re
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from typing_extensions import TypedDict

from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.drafts import Shown, Written, criteria
from eventmail.domain.mailings.origin import Origin
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import plan_of_schedule
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.models import Content, Mailing, Schedule
from eventmail.states import AudienceMode, MailingState
from eventmail.web.composer import designs
from eventmail.web.composer.designs import DesignRef
from eventmail.web.composer.schemas import Criteria, Kind, SampleOut, Timed
from eventmail.web.core.answer_parts import Id, Instant, one_of
from eventmail.web.core.intake import Body, Revision
from eventmail.web.tracker.schemas import MailingOut

Prose = Annotated[str, StringConstraints(strip_whitespace=False)]


class DraftIn(Timed):
    """What `POST /mailings` takes with `draft`: the message as far as it is written, nothing of it checked (C2).

    With a time it is a planned draft. It never sends.
    """

    kind: Kind
    draft: Literal[True]
    subject: str | None = None
    preheader: str | None = None
    body: Prose | None = None
    design: DesignRef | None = None
    audience: Criteria = Field(default_factory=Criteria)
    dry_run: bool = False

    def written(self, event_id: int) -> Written:
        """The draft for the domain to keep."""
        own = Text(self.subject or "", self.preheader or "", self.body or "")
        text, origin = _taken(event_id, self) if self.design else (own, None)
        return Written(text, self.audience.model_dump(), self.plan(), origin, self.asked(), kind=self.kind)

    def asked(self) -> dict[str, Any] | None:
        """This request, for its key, when its text comes from a design: that may be another one by the next time."""
        if self.design is None:
            return None
        own = Written(Text(self.subject or "", self.preheader or "", ""), self.audience.model_dump(), self.plan(),
                      kind=self.kind)  # fmt: skip
        return {**own.as_json(), "design": self.design.model_dump()}


class DraftPatch(Timed):
    """What `PATCH /mailings/{mailing}` takes of a draft, with the `revision` it was read at; null clears.

    `draft: false` sends it as it stands after this change; with a time it schedules it.
    """

    revision: Revision
    subject: str | None = None
    preheader: str | None = None
    body: Prose | None = None
    design: DesignRef | None = None
    audience: Criteria | None = None
    audience_snapshot: str | None = Field(default=None, max_length=100)
    draft: bool = True

    def written(self, event_id: int, shown: Shown) -> Written:
        """`shown` with the changes of this body."""
        text, origin = _changed(event_id, self, shown.text)
        audience = self.audience.model_dump() if self.audience else {}
        picked = audience if "audience" in self.model_fields_set else shown.audience
        return Written(text, picked, self.replanned(shown.plan), origin)

    def message(self, written: Written) -> Message:
        """The message for the domain to send."""
        mode = written.plan.audience_mode if written.plan else self.audience_mode
        return Message(written.text, written.audience, self.audience_snapshot or "", exact=mode == AudienceMode.EXACT,
                       plan=written.plan if written.plan and written.plan.has_time else None)  # fmt: skip


class SchedulePatch(Timed):
    """What `PATCH /mailings/{mailing}` takes of a scheduled message, until its cutoff (H3); what is left out stays.

    With a `revision` it is refused when somebody changed the message since that was read.
    """

    revision: Revision | None = None
    subject: str | None = None
    preheader: str | None = None
    body: Prose | None = None
    design: DesignRef | None = None
    audience: Criteria | None = None
    audience_snapshot: str | None = Field(default=None, max_length=100)

    def message(self, mailing: Mailing, content: Content, held: Schedule) -> Message:
        """The scheduled message with the changes of this body."""
        before = Text(content.subject, content.preheader, content.body)
        text, origin = _changed(mailing.event_id, self, before)
        plan = self.replanned(plan_of_schedule(held))
        picked = self.audience.model_dump() if self.audience else criteria(mailing.audience)
        exact = plan is not None and plan.audience_mode == AudienceMode.EXACT
        return Message(text, picked, self.audience_snapshot or "", exact=exact, plan=plan, origin=origin)


def _taken(event_id: int, body: DraftIn | DraftPatch | SchedulePatch) -> tuple[Text, Origin | None]:
    return designs.worded(event_id, body.subject, body.preheader, body.body, body.design)


def _changed(event_id: int, body: DraftPatch | SchedulePatch, before: Text) -> tuple[Text, Origin | None]:
    """The text with the changes of a body, and the design it names. Raises the errors of `designs.worded`."""
    given = body.model_dump(include={"subject", "preheader", "body"}, exclude_unset=True)
    if body.design:
        return _taken(event_id, body)
    return replace(before, **{name: part or "" for name, part in given.items()}), None


class DraftOut(MailingOut):
    """A draft: a mailing, with its criteria."""

    audience: dict[str, list[str]]


class DraftListedOut(TypedDict):
    """A draft in the list."""

    id: Id
    subject: str
    revision: int
    author: str | None
    saved_by: str | None
    saved_at: Instant


def sample_out(guest: Any) -> SampleOut:
    """The guest's JSON in a list of recipients."""
    return {"id": str(guest.id), "email": guest.email, "first_name": guest.first_name, "last_name": guest.last_name}


def split(typed: Any) -> Any:
    """The addresses that were typed into one field, separated by commas, semicolons, spaces or lines."""
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
        """The test for the domain to send."""
        return Wanted(Text(self.subject, self.preheader, self.body), tuple(self.to), self.guest)
