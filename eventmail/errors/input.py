"""Refusals of what a request brings: 400, 413, 422."""

from eventmail.errors.base import DomainError


class InvalidInput(DomainError):
    code = "INVALID_INPUT"
    title = "Something in the form needs a correction"


class WrongPassword(InvalidInput):
    """A colleague who is signed in was asked for the password again, and typed another one."""


class UnresolvedToken(DomainError):
    code = "UNRESOLVED_TOKEN"
    title = "A merge field is not known"


class InvalidMessageType(DomainError):
    code = "INVALID_MESSAGE_TYPE"
    title = "This is no type of message"


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


class AmbiguousTime(DomainError):
    code = "AMBIGUOUS_TIME"
    title = "This local time occurs twice"


class PastSendAt(DomainError):
    code = "PAST_SEND_AT"
    title = "This time is over already"


class MissingEventTime(DomainError):
    code = "MISSING_EVENT_TIME"
    title = "The event has no time yet"


class InvalidTimezone(DomainError):
    code = "INVALID_TIMEZONE"
    title = "This time zone is not known"


class TooLarge(DomainError):
    code = "TOO_LARGE"
    status = 413
    title = "This is too large"
    sentence = "The request is larger than what is taken here. Nothing was changed."


class IdempotencyKeyReused(DomainError):
    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422
    title = "This key was used for another message"
    sentence = "The same Idempotency-Key came with another body. Nothing was sent; use a new key for a new message."
