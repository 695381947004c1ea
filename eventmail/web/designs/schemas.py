"""The JSON of designs, their revisions and previews."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from typing_extensions import TypedDict

from eventmail.domain.designs import listing, revisions
from eventmail.domain.designs.edit import Shown
from eventmail.domain.designs.listing import LastTest
from eventmail.domain.mailings import contents
from eventmail.states import MessageType, RecipientState
from eventmail.web.composer.schemas import WarningOut
from eventmail.web.core.answer_parts import Id, Instant, one_of
from eventmail.web.core.context import instant
from eventmail.web.core.intake import Body, Revision
from eventmail.web.messaging.schemas import split

Prose = Annotated[str, StringConstraints(strip_whitespace=False)]
TypeWord = Annotated[str, one_of(MessageType)]


class DesignIn(Body):
    """What `POST /email-templates` takes. A draft may hold anything; publishing and sending check it (D4)."""

    name: str
    message_type: str = ""
    subject: str = ""
    preheader: str = ""
    body: Prose = ""


class DesignPatch(Body):
    """What `PATCH /email-templates/{design}` takes, with the `revision` it was read at; null clears a part."""

    revision: Revision
    name: str | None = None
    message_type: str | None = None
    subject: str | None = None
    preheader: str | None = None
    body: Prose | None = None

    def changes(self) -> dict[str, str]:
        """The parts that this body names."""
        return {name: part or "" for name, part in self.model_dump(exclude_unset=True).items() if name != "revision"}


class PublicationIn(Body):
    """`revision` is the draft that was looked at; when it was saved since, nothing is published."""

    revision: Revision | None = None


class CheckpointIn(Body):
    """A name to keep the draft under, and the `revision` that was looked at, if any."""

    name: str
    revision: Revision | None = None


class CopyIn(Body):
    """`event` is the id of another event to copy to."""

    event: str = ""


class DesignTestIn(Body):
    """What `POST …/test-sends` of a design takes: which snapshot, up to five addresses, and the guest it is read as."""

    snapshot: Literal["published", "draft"] = "published"
    to: Annotated[list[str], BeforeValidator(split)] = Field(default_factory=list)
    guest: str = ""


class TextOut(TypedDict):
    """A text, as it was written."""

    subject: str
    preheader: str
    body: str


class PublishedOut(TextOut):
    """What is published of a design."""

    number: int
    published_at: Instant


class TestOut(TypedDict):
    """The newest test of a design: for each address the state of its mail."""

    id: Id
    at: Instant
    to: dict[str, Annotated[str, one_of(RecipientState)]]


class DesignOut(TypedDict):
    """A design. `revision` counts the saves of its draft; `diverged` says that the draft differs from `published`."""

    id: Id
    name: str
    message_type: TypeWord
    draft: TextOut
    published: PublishedOut | None
    diverged: bool
    revision: int
    archived: bool
    updated_at: Instant
    updated_by: str | None
    last_test_send: TestOut | None
    warnings: list[WarningOut]


class RevisionOut(TextOut):
    """A revision: published, or kept under a `name`; `mailings` are those that hold its text and have not ended."""

    number: int
    name: str
    published_at: Instant | None
    made_at: Instant
    made_by: str | None
    mailings: list[Id]


class PreviewOut(TypedDict):
    """A mail of a design as one guest reads it; `fallbacks` are the merge fields that have no value for this guest."""

    subject: str
    html: str
    text: str
    fallbacks: list[str]


def text_out(text: contents.Text) -> TextOut:
    """A text as JSON."""
    return {"subject": text.subject, "preheader": text.preheader, "body": text.body}


def design_out(shown: Shown, test: LastTest | None) -> DesignOut:
    """A design as JSON, with what is in the way of publishing its draft, or worth a look."""
    look = contents.look(shown.event_id, shown.text)
    published = shown.published
    return {
        "id": str(shown.id),
        "name": shown.name,
        "message_type": shown.message_type,
        "draft": text_out(shown.text),
        "published": {
            **text_out(published.text), "number": published.number, "published_at": instant(published.made_at),
        } if published else None,
        "diverged": shown.diverged,
        "revision": shown.revision,
        "archived": shown.archived_at is not None,
        "updated_at": instant(shown.saved_at),
        "updated_by": shown.saver,
        "last_test_send": {
            "id": str(test.mailing_id), "at": instant(test.at),
            "to": {recipient.email: recipient.state for recipient in test.recipients},
        } if test else None,
        "warnings": [
            {"code": remark.code, "message": remark.message, "part": remark.part, "count": None}
            for remark in (*look.problems, *look.remarks)
        ],
    }  # fmt: skip


def one_out(shown: Shown) -> DesignOut:
    """One design as JSON, with its newest test."""
    return design_out(shown, listing.last_tests([shown.id]).get(shown.id))


def revision_out(found: revisions.Listed, held: Mapping[int | None, Sequence[revisions.Holder]]) -> RevisionOut:
    """A revision as JSON."""
    return {
        **text_out(found.text),
        "number": found.number,
        "name": found.name,
        "published_at": instant(found.made_at) if found.is_published else None,
        "made_at": instant(found.made_at),
        "made_by": found.author,
        "mailings": [str(holder.mailing_id) for holder in held.get(found.number, ())],
    }
