"""Refusals of what no longer fits to what is there: 409."""

from eventmail.errors.base import DomainError


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
