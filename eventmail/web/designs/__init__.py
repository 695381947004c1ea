"""Email designs: reusable content with a draft and published revisions (D1)."""

from eventmail.domain.designs.listing import State
from eventmail.errors import (
    DesignArchived,
    DesignInUse,
    EventArchived,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    InvalidMessageType,
    NoRecipients,
    NotPublished,
    QuotaExceeded,
    StaleRevision,
    UnresolvedToken,
)
from eventmail.states import MessageType
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import NOTHING, PAGING, Area, Entry, Q, Query, Section, words
from eventmail.web.core.area import Operation as Op
from eventmail.web.designs import actions, preview, views
from eventmail.web.designs.schemas import (
    CheckpointIn,
    CopyIn,
    DesignIn,
    DesignOut,
    DesignPatch,
    DesignTestIn,
    PreviewOut,
    PublicationIn,
    RevisionOut,
)
from eventmail.web.messaging.schemas import TestSendOut

_FILTERS = (
    Query("state", "`published` includes designs with later changes; without it, all but `archived`.", words(State)),
    Query("type", "The type of message.", words(MessageType)),
)
_SAVE_THE_DATE = {
    "name": "Save the date", "message_type": "invitation", "subject": "Save the date: {event.title}",
    "body": "Hi {guest.firstName|there},\n\nplease keep {event.date} free.",
}  # fmt: skip

BLUEPRINTS = (views.bp, actions.bp, preview.bp)

AREA = Area(BLUEPRINTS, of_event=(Entry("Designs", "file-text", "designs.listed"),), operations={
    Section.DESIGNS: (
        Op("GET designs.listed", "The designs, by name.", {200: Listed[DesignOut]}, query=(*_FILTERS, Q, *PAGING)),
        Op("POST designs.create", "Make a design.", {201: DesignOut}, DesignIn, _SAVE_THE_DATE,
            refusals=(InvalidMessageType, IdempotencyKeyReused)),
        Op("GET designs.detail", "One design.", {200: DesignOut}),
        Op("PATCH designs.patch", "Change the draft, at the revision it was read at.", {200: DesignOut}, DesignPatch,
            {"revision": 1, "subject": "Please save the date"},
            refusals=(StaleRevision, InvalidMessageType, DesignArchived)),
        Op("DELETE design.delete", "Delete a design that no message names.", {204: NOTHING}, refusals=(DesignInUse,)),
        Op("POST design.publish", "Publish the draft as the next revision; 200 when this text is published already.",
            {201: RevisionOut, 200: RevisionOut}, PublicationIn, {"revision": 2},
            refusals=(StaleRevision, UnresolvedToken, DesignArchived)),
        Op("GET design.history", "The revisions, the newest first.", {200: Listed[RevisionOut]}),
        Op("POST design.checkpoint", "Keep the draft under a name, without publishing it.", {201: RevisionOut},
            CheckpointIn, {"name": "Before the venue changed"}, refusals=(StaleRevision, DesignArchived)),
        Op("POST design.restore", "Put the text of a revision into the draft.", {200: DesignOut},
            refusals=(DesignArchived,)),
        Op("GET design_preview.show", "The mail of a snapshot as a guest reads it.", {200: PreviewOut},
            query=(Query("snapshot", "Which snapshot; without it what is published, else the draft.",
                         ("published", "draft")),
                   Query("guest", "The id of a guest; without it the first by name.")),
            refusals=(NotPublished,)),
        Op("POST design_preview.test", "Send a test of a snapshot to yourself or to up to five addresses.",
            {202: TestSendOut}, DesignTestIn, {"to": ["you@example.org"]}, keyed=True,
            refusals=(NoRecipients, NotPublished, UnresolvedToken, QuotaExceeded, DesignArchived, EventArchived,
                      IdempotencyKeyRequired, IdempotencyKeyReused)),
        Op("GET design_preview.tested", "A test of this design.", {200: TestSendOut}),
        Op("POST design.archive", "Take a design out of the list.", {200: DesignOut}),
        Op("POST design.bring_back", "Take a design out of the archive.", {200: DesignOut}),
        Op("POST design.duplicate", "Copy the draft, within the event or to another one.", {201: DesignOut}, CopyIn,
            {}, refusals=(IdempotencyKeyReused,)),
    ),
})  # fmt: skip
