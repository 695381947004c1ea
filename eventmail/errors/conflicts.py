"""Refusals of what no longer fits to what is there: 409."""

from collections.abc import Mapping, Sequence
from typing import Literal

from eventmail.errors.base import DomainError, FieldError

People = Sequence[Mapping[str, str]]  # id, address and names of each


class NoRecipients(DomainError):
    code = "NO_RECIPIENTS"
    status = 409
    title = "Nobody would get this"
    sentence = "No recipients match this audience."


class AudienceChanged(DomainError):
    """Names some of those who `joined` and who `left`; `exact_count` of those looked at can still get it."""

    code = "AUDIENCE_CHANGED"
    status = 409
    title = "The audience changed since you looked"
    sentence = "Others would get this than you looked at. Nothing was sent; look again."

    def __init__(
        self, detail: str, *, joined: People, left: People, joined_count: int, left_count: int, exact_count: int
    ) -> None:
        super().__init__(detail)
        self.joined, self.left = joined, left
        self.joined_count, self.left_count, self.exact_count = joined_count, left_count, exact_count

    @property
    def members(self) -> Mapping[str, object]:
        """See `DomainError`."""
        return {
            "joined": self.joined,
            "left": self.left,
            "joined_count": self.joined_count,
            "left_count": self.left_count,
            "exact_count": self.exact_count,
        }


class EventChanged(DomainError):
    code = "EVENT_CHANGED"
    status = 409
    title = "The event was changed since you looked"
    sentence = (
        "Title, time, place, sender, mail service or what stands for missing details is not what you saw. "
        "Nothing was sent. Look at the preview, then review again."
    )


class DraftConflict(DomainError):
    """Says what became of a draft meanwhile, `conflict`, or None for what is no draft.

    `mailing_id` is the message that it was sent as.
    """

    status = 409

    def __init__(
        self,
        detail: str = "",
        *,
        fields: Sequence[FieldError] = (),
        conflict: Literal["changed", "gone", "sent"] | None = None,
        mailing_id: int | None = None,
    ) -> None:
        super().__init__(detail, fields=fields)
        self.conflict = conflict
        self.mailing_id = mailing_id

    @property
    def members(self) -> Mapping[str, object]:
        """See `DomainError`."""
        sent = {} if self.mailing_id is None else {"mailing": str(self.mailing_id)}
        return {} if self.conflict is None else {"conflict": self.conflict, **sent}


class StaleRevision(DraftConflict):
    code = "STALE_REVISION"
    title = "Somebody else has changed this draft"
    sentence = "Somebody saved another version meanwhile. Nothing was changed; read it again first."


class PastEditWindow(DraftConflict):
    code = "PAST_EDIT_WINDOW"
    title = "This can no longer be changed"
    sentence = "This was sent meanwhile. Nothing was changed."


class QuotaExceeded(DomainError):
    code = "QUOTA_EXCEEDED"
    status = 409
    title = "This is more than the quota allows"
    sentence = "The quota leaves no room for it. Nothing was queued."


class AlreadyCancelled(DomainError):
    code = "ALREADY_CANCELLED"
    status = 409
    title = "This was cancelled already"
    sentence = "This message was cancelled before; nothing more will leave."


class AlreadySent(DraftConflict):
    code = "ALREADY_SENT"
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
    sentence = "Wait until they are sent, or cancel them. Nothing was changed."


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
    sentence = "This changes nothing for anybody."


class ListChanged(DomainError):
    code = "LIST_CHANGED"
    status = 409
    title = "The guest list changed since you looked"
    sentence = "Other guests are meant now than when you looked. Nobody was changed; look again."


class UndoOver(DomainError):
    code = "UNDO_OVER"
    status = 409
    title = "This can no longer be undone"
    sentence = "It is too late to take this back. Nothing was changed."


class AlreadyRegistered(DomainError):
    code = "ALREADY_REGISTERED"
    status = 409
    title = "This is set up already"
    sentence = "Somebody has this already. Nothing was changed."


class LastOwner(DomainError):
    code = "LAST_OWNER"
    status = 409
    title = "There must be an owner"
    sentence = "This is the only owner. Nothing was changed; make somebody else an owner first."
