"""Every request that is answered with JSON, by section: what it takes, what it answers, how it may be refused.

`openapi` makes the document from this table and the URL map; a test holds that no route is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventmail.domain.guests.filters import Filter
from eventmail.errors import (
    AlreadyCancelled,
    AlreadySent,
    AudienceChanged,
    BadSignature,
    DomainError,
    EventArchived,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    InvalidAudience,
    InvalidTimezone,
    ListChanged,
    MailUnderWay,
    MessagesWaiting,
    NonexistentTime,
    NoRecipients,
    NotFound,
    NothingToDo,
    PastEditWindow,
    QuotaExceeded,
    RoleTooLow,
    StaleRevision,
    UndoOver,
    UnresolvedToken,
)
from eventmail.states import GuestStatus, RecipientState, SuppressionReason
from eventmail.web.account.schemas import AccountOut
from eventmail.web.audit.schemas import EntryOut
from eventmail.web.composer.schemas import AudiencePreview, AudiencePreviewOut, ExclusionOut, SampleOut
from eventmail.web.core.answer_parts import Listed
from eventmail.web.events.schemas import ArchiveIn, DefaultsIn, EventIn, EventOut, ShareIn
from eventmail.web.guests.import_schemas import ImportOut, ProgressOut, UploadOut
from eventmail.web.guests.schemas import (
    ChangeIn,
    ChangeOut,
    ErasedOut,
    ErasureIn,
    GuestIn,
    GuestOut,
    MomentOut,
    PasteIn,
    PasteOut,
    UndoneOut,
)
from eventmail.web.mailings.schemas import (
    DecisionIn,
    DryRunOut,
    MailingIn,
    QuotaOut,
    ReceiptOut,
    RecipientOut,
    RetryIn,
    WhyOut,
)
from eventmail.web.messaging.schemas import DraftIn, DraftListedOut, DraftOut, DraftPatch, TestSendOut, WantedIn
from eventmail.web.people.schemas import ColleagueOut, InvitationOut
from eventmail.web.public.schemas import HealthOut, ReceivedOut
from eventmail.web.segments.schemas import SegmentIn, SegmentOut
from eventmail.web.settings.schemas import ConfirmedOut, LiveOut
from eventmail.web.suppressions.schemas import (
    LiftIn,
    SuppressionImport,
    SuppressionIn,
    SuppressionOut,
    SuppressionReportOut,
)
from eventmail.web.tracker.schemas import MailingOut

CSV = "text/csv"
NOTHING = None  # an answer without a body
Refusals = tuple[type[DomainError], ...]


@dataclass(frozen=True)
class Query:
    """A parameter of the URL's query; `words` are all it may be, `many` says that it may come repeatedly."""

    name: str
    says: str
    words: tuple[str, ...] = ()
    type: str = "string"
    many: bool = False


@dataclass(frozen=True)
class Operation:
    """One request: its method and endpoint, its answers by status, and what it takes.

    `example` is a body as people would send it. `refusals` are its own; those that every request has are added.
    """

    asks: str
    does: str
    answers: Mapping[int, Any]
    takes: Any = None  # a model, or several (JSON), or the media type of a file
    example: Any = None
    query: tuple[Query, ...] = ()
    refusals: Refusals = ()
    keyed: bool = False  # needs an Idempotency-Key
    csv: bool = False  # `format=csv` downloads all of it

    @property
    def method(self) -> str:
        return self.asks.partition(" ")[0]

    @property
    def endpoint(self) -> str:
        return self.asks.partition(" ")[2]


def _words(enum: Any) -> tuple[str, ...]:
    return tuple(str(word) for word in enum)


PAGING = (
    Query("page", "Which page; past the end it is the last.", type="integer"),
    Query("per_page", "Rows of a page, 1 to 200, usually 50.", type="integer"),
)
Q = Query("q", "What to search for.")
GUESTS = (Q, Query("status", "Only these guests.", _words(Filter)))
FORMAT = Query("format", "`csv` downloads all of it.", ("csv",))
STATE = Query("state", "Only recipients in this state.", _words(RecipientState))
LOG = (Query("who", "Only what this person did, by name."), Query("action", "Only this action."), Q,
       Query("from", "The first day, as 2027-05-01."), Query("to", "The last day."), *PAGING, FORMAT)  # fmt: skip
AUDIENCE = (
    Query("statuses", "RSVP statuses.", _words(GuestStatus), many=True),
    Query("segments", "Ids of segments.", many=True),
    Query("guests", "Ids of guests.", many=True),
    Query("exclude_segments", "Ids of segments nobody of whom gets it.", many=True),
)

TIMES: Refusals = (InvalidTimezone, NonexistentTime)
WRITTEN: Refusals = (IdempotencyKeyRequired, IdempotencyKeyReused, UnresolvedToken, NoRecipients, QuotaExceeded,
                     EventArchived)  # fmt: skip
GALA = {"title": "Summer Gala", "timezone": "Europe/Berlin", "starts_at": "2027-06-19T18:00"}
GUEST = {"email": "ada@guests.example", "first_name": "Ada", "status": "invited", "tags": ["vip"]}
TEXT = {"subject": "The doors open at six", "body": "Hi {guest.firstName},\n\nsee you on {event.date}."}
VIP = {"name": "VIP", "rule": {"all": [{"field": "tag", "op": "is", "value": "vip"}]}}
CONFIRMED = {"statuses": ["confirmed"]}

_Op = Operation

SECTIONS: Mapping[str, tuple[Operation, ...]] = {
    "Events": (
        _Op("GET events.listing", "Your events, the newest first.", {200: Listed[EventOut]},
            query=(Query("state", "Those in use, put away, or all.", ("current", "archived", "all")), Q, *PAGING)),
        _Op("POST events.create", "Make an event.", {201: EventOut}, EventIn, GALA, refusals=TIMES),
        _Op("GET events.overview", "One event.", {200: EventOut}),
        _Op("PATCH events.patch", "Change an event; null clears.", {200: EventOut}, EventIn,
            {"location": "Old Town Hall"}, refusals=TIMES),
        _Op("POST events.copy", "A new event like this one, without its guests.", {201: EventOut}, EventIn, GALA,
            refusals=TIMES),
        _Op("POST event_life.set_defaults", "What guests without a value in an imported column read.",
            {200: EventOut}, DefaultsIn, {"defaults": {"table": "to be announced"}}),
        _Op("POST event_life.share", "Who of the team sees the event. 204 when you took yourself off.",
            {200: EventOut, 204: NOTHING}, ShareIn, {"restricted": True, "members": ["2"]}, refusals=(RoleTooLow,)),
        _Op("POST event_life.cancel", "Cancel the event, and every mail of it that waits.", {200: EventOut},
            refusals=(NothingToDo,)),
        _Op("POST event_life.reinstate", "The event takes place after all.", {200: EventOut}, refusals=(NothingToDo,)),
        _Op("POST event_life.archive", "Put the event away; nothing can be sent from it then.", {200: EventOut},
            ArchiveIn, {"cancel_waiting": False}, refusals=(NothingToDo, MessagesWaiting)),
        _Op("POST event_life.bring_back", "Take the event out of the archive.", {200: EventOut},
            refusals=(NothingToDo,)),
    ),
    "Guests": (
        _Op("GET guests.listing", "The guests, by name.", {200: Listed[GuestOut]}, query=(*GUESTS, *PAGING)),
        _Op("POST guests.create", "Add a guest.", {201: GuestOut}, GuestIn, GUEST),
        _Op("GET guests.edit", "One guest.", {200: GuestOut}),
        _Op("PATCH guests.patch", "Change a guest; null clears.", {200: GuestOut}, GuestIn, {"status": "confirmed"}),
        _Op("DELETE guests.delete", "Remove a guest; their waiting mails are cancelled.", {204: NOTHING}),
        _Op("GET erasure.known", "Everything that is known about the guest, for owners; it is noted in the log.",
            {200: dict[str, list[dict[str, Any]]]}, refusals=(RoleTooLow,)),
        _Op("POST erasure.erase", "Erase the guest for good, for owners: waiting mails are cancelled, every personal "
            "value goes, counts stay, and so does what keeps the address from being mailed again.", {200: ErasedOut},
            ErasureIn, {"confirm": "ada@guests.example"}, refusals=(RoleTooLow, MailUnderWay)),
        _Op("GET guest_history.history", "Every message the guest was part of, what was reported, what was changed.",
            {200: Listed[MomentOut]}, query=PAGING),
        _Op("POST guest_bulk.change", "Change the status or a tag of many guests: those named, or with `all` those "
            "that `q` and `status` in the URL find, who must be `total`.", {201: ChangeOut}, ChangeIn,
            {"change": "add_tag", "tag": "vip", "guests": ["17", "18"]}, GUESTS, (ListChanged, NothingToDo)),
        _Op("POST guest_bulk.undo", "Take such a change back.", {200: UndoneOut}, refusals=(UndoOver,)),
        _Op("POST guest_paste.add", "Add guests from pasted addresses; `dry_run` only tells.", {200: PasteOut}, PasteIn,
            {"addresses": "Ada <ada@guests.example>, bob@guests.example", "dry_run": True}, refusals=(ListChanged,)),
        _Op("POST imports.upload", "Import a CSV file, UTF-8 unless the charset says otherwise. Good rows land, bad "
            "ones are listed.", {200: ImportOut}, CSV, "email,first_name\nada@guests.example,Ada\n",
            (Query("dry_run", "`1` only tells what would happen.", ("0", "1")),)),
        _Op("GET imports.look", "A file that somebody chose in a browser: how it is read, what it would do or did.",
            {200: UploadOut}),
        _Op("GET imports.progress", "How far its check or its import is.", {200: ProgressOut}),
        _Op("GET imports.export", "The guests that the list shows, as a CSV that can be imported again.", {200: CSV},
            query=GUESTS),
    ),
    "Segments": (
        _Op("GET segments.listing", "The segments, by name.", {200: Listed[SegmentOut]}, query=PAGING),
        _Op("POST segments.create", "Make a segment, of a rule, of guests picked by hand, or of both.",
            {201: SegmentOut}, SegmentIn, VIP),
        _Op("GET segments.edit", "One segment.", {200: SegmentOut}),
        _Op("PATCH segments.patch", "Change a segment; null takes its rule away.", {200: SegmentOut}, SegmentIn,
            {"name": "Very important"}),
        _Op("DELETE segments.delete", "Remove a segment. Its guests stay.", {204: NOTHING}),
    ),
    "Messages": (
        _Op("POST messaging.audience_preview", "Who would get a message and who won't.", {200: AudiencePreviewOut},
            AudiencePreview, {"audience": CONFIRMED}, refusals=(InvalidAudience,)),
        _Op("GET messaging.exclusions", "Everybody who won't get it, each with the reason.",
            {200: Listed[ExclusionOut]}, query=(*AUDIENCE, *PAGING, FORMAT), refusals=(InvalidAudience,), csv=True),
        _Op("GET preview.fallbacks", "The recipients who have no value for a merge field, and read its fallback.",
            {200: Listed[SampleOut]}, query=(Query("field", "As in `{guest.firstName}`, without the braces."),
                                             *AUDIENCE, *PAGING), refusals=(InvalidAudience,)),
        _Op("GET preview.dead", "The recipients for whom a link of a text leads nowhere, or somewhere odd.",
            {200: Listed[SampleOut]}, query=(Query("field", "The merge field that the link is made of."),
                                             Query("fault", "`none` for no link, or what a warning says is odd."),
                                             Query("body", "The text."), *AUDIENCE, *PAGING),
            refusals=(InvalidAudience,)),
        _Op("POST mailings.create", "Send a message, or keep it as a `draft`. `dry_run` makes every check, stores "
            "nothing, and needs no key.",
            {200: DryRunOut, 202: MailingOut | DraftOut}, MailingIn | DraftIn,
            {"kind": "one_time", **TEXT, "audience": CONFIRMED}, keyed=True,
            refusals=(*WRITTEN, InvalidAudience, AudienceChanged, AlreadyCancelled)),
        _Op("PATCH drafts.change", "Change a draft at the revision it was read at; with `draft: false` send it. An "
            "`Idempotency-Key` is optional; the sending repeated under it is answered as before.",
            {200: MailingOut | DraftOut}, DraftPatch, {"revision": 1, "subject": "Hello"},
            refusals=(*WRITTEN, InvalidAudience, AudienceChanged, StaleRevision, PastEditWindow, AlreadySent,
                      AlreadyCancelled)),
        _Op("GET drafts.listing", "The drafts of the team, the one that was saved last first.",
            {200: Listed[DraftListedOut]}, query=PAGING),
        _Op("GET mailings.listing", "The mailings, the newest first.", {200: Listed[MailingOut]}, query=PAGING),
        _Op("GET mailings.detail", "One mailing, with its counts as they are now, or a draft.",
            {200: MailingOut | DraftOut}, query=(STATE, *PAGING)),
        _Op("GET messaging.watch", "The same, at the address of its tracker.", {200: MailingOut | DraftOut}),
        _Op("GET mailings.recipients", "What became of it for each recipient.", {200: Listed[RecipientOut]},
            query=(STATE, *PAGING, FORMAT), csv=True),
        _Op("GET receipts.receipt", "Everything about a mailing in one answer, to be kept.", {200: ReceiptOut}),
        _Op("POST runs.cancel", "Cancel who still waits.", {200: MailingOut},
            refusals=(AlreadyCancelled, AlreadySent, NothingToDo)),
        _Op("POST runs.retry", "Try the failed ones again, or let a stopped run go on.", {200: MailingOut},
            RetryIn, {}, refusals=(NothingToDo, QuotaExceeded, EventArchived)),
        _Op("POST runs.decide", "Settle mails that may have been sent: count them as sent, or send again.",
            {200: MailingOut}, DecisionIn, {"decision": "sent", "all": True},
            refusals=(NothingToDo, QuotaExceeded, EventArchived)),
        _Op("POST test_sends.create", "Send a test: to you, or to as many as five addresses.", {202: TestSendOut},
            WantedIn, {**TEXT, "to": ["me@organizers.example"]}, refusals=WRITTEN, keyed=True),
        _Op("GET test_sends.watch", "What became of a test.", {200: TestSendOut}),
        _Op("GET runs.quota", "What is used, reserved and left of the quota.", {200: QuotaOut}),
    ),
    "Do-not-mail list": (
        _Op("GET suppressions.listing", "Who gets no mail, for this event or for all.", {200: Listed[SuppressionOut]},
            query=(Q, Query("reason", "Only for this reason.", _words(SuppressionReason)), *PAGING, FORMAT), csv=True),
        _Op("POST suppressions.add", "Add an address by hand; 200 when it was there.",
            {200: SuppressionOut, 201: SuppressionOut}, SuppressionIn, {"address": "bob@guests.example"},
            refusals=(RoleTooLow,)),
        _Op("GET suppressions.lifting", "One entry.", {200: SuppressionOut}),
        _Op("DELETE suppressions.delete", "Let an address get mail again.", {204: NOTHING}, LiftIn,
            {"reason": "Bob asked for it on the phone."}, refusals=(RoleTooLow,)),
        _Op("POST suppressions.run_import", "Add addresses, one a line; also as a `text/csv` body.",
            {200: SuppressionReportOut}, SuppressionImport, {"addresses": "bob@guests.example\n", "scope": "event"},
            refusals=(RoleTooLow,)),
    ),
    "Records": (
        _Op("GET why.why", "Why did somebody not get it? An address, a name or a guest in, what happened out.",
            {200: WhyOut}, query=(Query("address", "An address, or a name."), Query("guest", "The id of a guest."),
                                  PAGING[0])),
        _Op("GET audit.of_event", "The log of an event.", {200: Listed[EntryOut]}, query=LOG, csv=True),
        _Op("GET audit.of_everything", "The log of the installation, for owners.", {200: Listed[EntryOut]}, query=LOG,
            refusals=(RoleTooLow,), csv=True),
    ),
    "Installation": (
        _Op("GET me.page", "Whose token this is.", {200: AccountOut}),
        _Op("GET people.listing", "The team, for owners.", {200: Listed[ColleagueOut]}, query=PAGING,
            refusals=(RoleTooLow,)),
        _Op("GET people.pending", "Invitations nobody opened yet, for owners.", {200: Listed[InvitationOut]},
            refusals=(RoleTooLow,)),
        _Op("GET home.page", "Whether mail may leave this database.", {200: LiveOut}),
        _Op("POST home.confirm", "Say that this is the live one, no copy; for owners.", {200: ConfirmedOut},
            refusals=(RoleTooLow,)),
        _Op("GET public.health", "Whether this process can read and write its database.",
            {200: HealthOut, 503: HealthOut}),
        _Op("POST webhooks.generic", "Report bounces and complaints, signed as Standard Webhooks describes.",
            {200: ReceivedOut}, "application/json",
            {"type": "email.bounced", "data": {"email": "bob@guests.example"}}, refusals=(BadSignature, NotFound)),
        _Op("GET api_page.document", "The document of this API (OpenAPI 3.1).", {200: dict[str, Any]}),
        _Op("GET api_page.page", "The same, where people read it.", {200: dict[str, Any]}),
    ),
}  # fmt: skip
