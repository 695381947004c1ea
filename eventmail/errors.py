"""Every error an organizer or an API client can meet: one small class per code, its sentence written once, here.

`web/core/problems.py` alone turns a `DomainError` into HTTP (RFC 9457). What a mail service did with one mail never
reaches HTTP: its words are in `providers/base.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One complaint about one field of what came in."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """A refusal: nothing was changed. `detail` says what happened and what to do; `extra` goes into the JSON answer."""

    code: ClassVar[str] = "INVALID_INPUT"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "This could not be done"
    sentence: ClassVar[str] = ""

    def __init__(self, detail: str = "", *, fields: Sequence[FieldError] = (), **extra: object) -> None:
        self.detail = detail or self.sentence
        self.fields = tuple(fields)
        self.extra = extra
        super().__init__(self.detail)


class InvalidInput(DomainError):
    title = "Something in the form needs a correction"


class WrongPassword(InvalidInput):
    """The password of whom is signed in, asked again, was another one."""


class UnresolvedToken(DomainError):
    code = "UNRESOLVED_TOKEN"
    title = "A merge field is not known"


class InvalidAudience(DomainError):
    code = "INVALID_AUDIENCE"
    title = "The audience needs a correction"
    sentence = "Choose at least one status, segment or guest. Nothing selected never means everyone."


class IdempotencyKeyRequired(DomainError):
    code = "IDEMPOTENCY_KEY_REQUIRED"
    title = "An Idempotency-Key is required"
    sentence = "Send an Idempotency-Key header (or the form field idempotency_key), new for each message."


class NonexistentTime(DomainError):
    code = "NONEXISTENT_TIME"
    title = "This local time does not exist"


class InvalidTimezone(DomainError):
    code = "INVALID_TIMEZONE"
    title = "This time zone is not known"


class NotSignedIn(DomainError):
    code = "NOT_SIGNED_IN"
    status = 401
    title = "Please sign in"
    sentence = "You are not signed in, or your session ended. Nothing was changed."


class BadCredentials(DomainError):
    code = "BAD_CREDENTIALS"
    status = 401
    title = "That did not match"
    sentence = "The address and the password do not belong together. Try again, or ask for a one-time sign-in link."


class LinkExpired(DomainError):
    code = "LINK_EXPIRED"
    status = 403
    title = "This sign-in link no longer works"
    sentence = (
        "A sign-in link works once and only for a short time. "
        "Ask an owner for a new one, run “eventmail signin ADDRESS”, or sign in with your password."
    )


class CsrfFailed(DomainError):
    code = "CSRF_FAILED"
    status = 403
    title = "This form can’t be taken"
    sentence = (
        "It was opened before you signed in or out, or in another browser. Reload the page and press the button again. "
        "Nothing was changed."
    )


class BadSignature(DomainError):
    code = "BAD_SIGNATURE"
    status = 403
    title = "This link is not valid"
    sentence = "The address was changed or cut on its way. Open it again from the original mail."


class RoleTooLow(DomainError):
    code = "ROLE_TOO_LOW"
    status = 403
    title = "Your role does not allow this"
    sentence = "Only an owner can do this. Nothing was changed; ask one of them."


class ReadOnlyToken(DomainError):
    code = "READ_ONLY_TOKEN"
    status = 403
    title = "This token only reads"
    sentence = "It was made to read and to change nothing. Nothing was changed; make another token for this."


class NotByToken(DomainError):
    code = "NOT_BY_TOKEN"
    status = 403
    title = "A token does not allow this"
    sentence = "Who gets in is changed in a browser, by somebody who signed in. Nothing was changed."


class NotFound(DomainError):
    code = "NOT_FOUND"
    status = 404
    title = "This page does not exist"
    sentence = "It does not exist, was removed, or is not shared with you."


class NoRecipients(DomainError):
    code = "NO_RECIPIENTS"
    status = 409
    title = "Nobody would get this"
    sentence = "No recipients match this audience."


class AudienceChanged(DomainError):
    code = "AUDIENCE_CHANGED"
    status = 409
    title = "The audience changed since you looked"


class EventChanged(DomainError):
    code = "EVENT_CHANGED"
    status = 409
    title = "The event was changed since you looked"
    sentence = (
        "Title, time, place, sender, mail service or what stands for missing details is not what you saw. "
        "Nothing was sent. Look at the preview, then review again."
    )


class StaleRevision(DomainError):
    code = "STALE_REVISION"
    status = 409
    title = "Somebody else has changed this draft"


class PastEditWindow(DomainError):
    code = "PAST_EDIT_WINDOW"
    status = 409
    title = "This can no longer be changed"


class QuotaExceeded(DomainError):
    code = "QUOTA_EXCEEDED"
    status = 409
    title = "This is more than the quota allows"


class AlreadyCancelled(DomainError):
    code = "ALREADY_CANCELLED"
    status = 409
    title = "This was cancelled already"
    sentence = "This message was cancelled before; nothing more will leave."


class AlreadySent(DomainError):
    code = "ALREADY_SENT"
    status = 409
    title = "This was sent already"
    sentence = "Nobody is waiting any more: everything is with the mail service already."


class EventArchived(DomainError):
    code = "EVENT_ARCHIVED"
    status = 409
    title = "This event is archived"
    sentence = "Nothing can be sent from an archived event. Bring it back on its settings page, then send again."


class MessagesWaiting(DomainError):
    code = "MESSAGES_WAITING"
    status = 409
    title = "Mails of this event are still waiting"


class MailUnderWay(DomainError):
    code = "MAIL_UNDER_WAY"
    status = 409
    title = "A mail is on its way"
    sentence = (
        "A mail to this guest is with the mail service right now, so nothing was erased. It is over within a minute: "
        "then press the button again."
    )


class NothingToDo(DomainError):
    code = "NOTHING_TO_DO"
    status = 409
    title = "There is nobody to do this for"


class ListChanged(DomainError):
    code = "LIST_CHANGED"
    status = 409
    title = "The guest list changed since you looked"


class UndoOver(DomainError):
    code = "UNDO_OVER"
    status = 409
    title = "This can no longer be undone"


class AlreadyRegistered(DomainError):
    code = "ALREADY_REGISTERED"
    status = 409
    title = "This is set up already"


class LastOwner(DomainError):
    code = "LAST_OWNER"
    status = 409
    title = "There must be an owner"
    sentence = "This is the only owner. Nothing was changed; make somebody else an owner first."


class TooLarge(DomainError):
    code = "TOO_LARGE"
    status = 413
    title = "This is too large"


class IdempotencyKeyReused(DomainError):
    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422
    title = "This key was used for another message"
    sentence = "The same Idempotency-Key came with another body. Nothing was sent; use a new key for a new message."


class RateLimited(DomainError):
    """`retry_after`: in so many seconds it is worth another try."""

    code = "RATE_LIMITED"
    status = 429
    title = "Too many tries"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, retry_after=retry_after)


class Unavailable(DomainError):
    """The database does not serve now; each write is one transaction, so nothing was changed."""

    code = "UNAVAILABLE"
    status = 503
    title = "The database cannot be used right now"
    sentence = (
        "The database could not be read or written. Nothing was changed or sent. Whoever runs this "
        "installation has to look at its disk and at the rights on its folder; then try again."
    )
    after_seconds: ClassVar[int] = 30

    def __init__(self) -> None:
        super().__init__(retry_after=self.after_seconds)


class Busy(Unavailable):
    code = "BUSY"
    title = "The database is busy"
    sentence = "Something else keeps the database busy. Nothing was changed or sent. Wait a moment and try again."
    after_seconds = 5


class DiskFull(Unavailable):
    code = "DISK_FULL"
    title = "The disk is full"
    sentence = "There is no room left on the disk. Nothing was changed or sent. Whoever runs this has to make room."
