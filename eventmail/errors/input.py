"""Refusals of what came in: 400, 413, 422."""

from eventmail.errors.base import DomainError


class InvalidInput(DomainError):
    code = "INVALID_INPUT"
    title = "Something in the form needs a correction"
    sentence = "What came in is not what is needed here. Nothing was changed."


class WrongPassword(InvalidInput):
    """The password of whom is signed in, asked again, was another one."""


class UnresolvedToken(DomainError):
    code = "UNRESOLVED_TOKEN"
    title = "A merge field is not known"
    sentence = "The message names a merge field that nobody knows. Nothing was sent."


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
    sentence = "The clock skips this time on that day. Choose another one; nothing was changed."


class InvalidTimezone(DomainError):
    code = "INVALID_TIMEZONE"
    title = "This time zone is not known"
    sentence = "Name a time zone such as Europe/Berlin. Nothing was changed."


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
