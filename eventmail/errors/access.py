"""Refusals of the caller, or of what the caller may not see: 401, 403, 404."""

from eventmail.errors.base import DomainError


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


class Forbidden(DomainError):
    status = 403


class LinkExpired(Forbidden):
    code = "LINK_EXPIRED"
    title = "This sign-in link no longer works"
    sentence = (
        "A sign-in link works once and only for a short time. "
        "Ask an owner for a new one, run “eventmail signin ADDRESS”, or sign in with your password."
    )


class CsrfFailed(Forbidden):
    code = "CSRF_FAILED"
    title = "This form can’t be taken"
    sentence = (
        "It was opened before you signed in or out, or in another browser. Reload the page and press the button again. "
        "Nothing was changed."
    )


class BadSignature(Forbidden):
    code = "BAD_SIGNATURE"
    title = "This link is not valid"
    sentence = "The address was changed or cut on its way. Open it again from the original mail."


class LinkReplaced(DomainError):
    code = "LINK_REPLACED"
    status = 410
    title = "This link was replaced"
    sentence = "This link was replaced. Ask the organizers for the new one."


class RoleTooLow(Forbidden):
    code = "ROLE_TOO_LOW"
    title = "Your role does not allow this"
    sentence = "Only an owner can do this. Nothing was changed; ask one of them."


class ReadOnlyToken(Forbidden):
    code = "READ_ONLY_TOKEN"
    title = "This token only reads"
    sentence = "It was made to read and to change nothing. Nothing was changed; make another token for this."


class NotByToken(Forbidden):
    code = "NOT_BY_TOKEN"
    title = "A token does not allow this"
    sentence = "Who gets in is changed in a browser, by somebody who signed in. Nothing was changed."


class NotFound(DomainError):
    code = "NOT_FOUND"
    status = 404
    title = "This page does not exist"
    sentence = "It does not exist, was removed, or is not shared with you."
