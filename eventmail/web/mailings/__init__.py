"""Messages that were sent: one of them, its buttons, its receipt, and why somebody did not get it."""

from eventmail import errors
from eventmail.domain.mailings import query
from eventmail.states import RecipientState
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import FORMAT, PAGING, Area, Query, Refusals, Section, Tab, words
from eventmail.web.core.area import Operation as Op
from eventmail.web.mailings import control, receipt, schemas, views, why
from eventmail.web.messaging.schemas import (
    DraftIn,
    DraftListedOut,
    DraftOut,
    DraftPatch,
    SchedulePatch,
    TestSendOut,
    WantedIn,
)
from eventmail.web.tracker.schemas import MailingOut

STATE = Query("state", "Only recipients in this state.", words(RecipientState))
QUOTA: Refusals = (errors.QuotaExceeded, errors.EventArchived)
WRITTEN: Refusals = (
    errors.IdempotencyKeyRequired, errors.IdempotencyKeyReused, errors.UnresolvedToken, errors.NoRecipients, *QUOTA,
)  # fmt: skip
TIMED: Refusals = (
    errors.PastSendAt, errors.NonexistentTime, errors.AmbiguousTime, errors.InvalidTimezone, errors.MissingEventTime,
)  # fmt: skip
OF_DRAFTS: Refusals = (
    *WRITTEN, *TIMED, errors.InvalidAudience, errors.AudienceChanged, errors.AlreadyCancelled, errors.NotPublished,
    errors.DesignArchived,
)  # fmt: skip
TEXT = {"subject": "The doors open at six", "body": "Hi {guest.firstName},\n\nsee you on {event.date}."}

# Programs find a message below /mailings whatever its state, so the rows of drafts and tests stand here, too.
AREA = Area((views.bp, control.bp, receipt.bp, why.bp),
    of_messages=(Tab("Sent", "mailings.listing", query.sent),), operations={
    Section.MESSAGES: (
        Op("POST mailings.create", "Send a message at once, schedule it with `send_at` or `relative`, or keep it as "
            "a `draft`. `dry_run` makes every check, stores nothing, and needs no key.",
            {200: schemas.DryRunOut, 202: MailingOut | DraftOut}, schemas.MailingIn | DraftIn,
            {"kind": "one_time", **TEXT, "audience": {"statuses": ["confirmed"]}}, keyed=True,
            refusals=OF_DRAFTS),
        Op("PATCH drafts.change", "Change a draft at the revision it was read at; with `draft: false` send or "
            "schedule it. Or change a scheduled message until its cutoff. An `Idempotency-Key` is optional; the "
            "sending repeated under it is answered as before.",
            {200: MailingOut | DraftOut}, DraftPatch | SchedulePatch, {"revision": 1, "subject": "Hello"},
            refusals=(*OF_DRAFTS, errors.StaleRevision, errors.PastEditWindow, errors.AlreadySent)),
        Op("GET drafts.listing", "The drafts of the team, the one that was saved last first.",
            {200: Listed[DraftListedOut]}, query=PAGING),
        Op("GET mailings.listing", "The mailings, the newest first; drafts have a list of their own.",
            {200: Listed[MailingOut]}, query=PAGING),
        Op("GET mailings.detail", "One mailing, with its counts as they are now, or a draft.",
            {200: MailingOut | DraftOut}, query=(STATE, *PAGING)),
        Op("GET messaging.watch", "The same, at the address of its tracker.", {200: MailingOut | DraftOut}),
        Op("GET mailings.recipients", "What became of it for each recipient.", {200: Listed[schemas.RecipientOut]},
            query=(STATE, *PAGING, FORMAT), csv=True),
        Op("GET receipts.receipt", "Everything about a mailing in one answer, to be kept.", {200: schemas.ReceiptOut}),
        Op("POST runs.cancel", "Cancel who still waits.", {200: MailingOut},
            refusals=(errors.AlreadyCancelled, errors.AlreadySent, errors.NothingToDo)),
        Op("POST runs.retry", "Try the failed again, let a stopped run go on, or send a missed message.",
            {200: MailingOut}, schemas.RetryIn, {},
            refusals=(errors.NothingToDo, errors.NoRecipients, errors.AudienceChanged, *QUOTA)),
        Op("POST runs.decide", "Settle mails that may have been sent: count them as sent, or send again.",
            {200: MailingOut}, schemas.DecisionIn, {"decision": "sent", "all": True},
            refusals=(errors.NothingToDo, *QUOTA)),
        Op("POST test_sends.create", "Send a test: to you, or to as many as five addresses.", {202: TestSendOut},
            WantedIn, {**TEXT, "to": ["me@organizers.example"]}, refusals=WRITTEN, keyed=True),
        Op("GET test_sends.watch", "What became of a test.", {200: TestSendOut}),
        Op("GET runs.quota", "What is used, reserved and left of the quota.", {200: schemas.QuotaOut}),
    ),
    Section.RECORDS: (
        Op("GET why.why", "Why did somebody not get it? An address, a name or a guest in, what happened out.",
            {200: schemas.WhyOut},
            query=(Query("address", "An address, or a name."), Query("guest", "The id of a guest."), PAGING[0])),
    ),
})  # fmt: skip
