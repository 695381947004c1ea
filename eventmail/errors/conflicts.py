"""Refusals of a command that does not fit the present state: 409."""

from collections.abc import Mapping, Sequence
from typing import Literal

from eventmail.errors.base import DomainError, Fields

People = Sequence[Mapping[str, str]]  # each with id, address and names
Became = Literal["changed", "gone", "sent"]


class Conflict(DomainError):
    status = 409


class NoRecipients(Conflict):
    code = "NO_RECIPIENTS"
    title = "Nobody would get this"
    sentence = "No recipients match this audience."


class AudienceChanged(Conflict):
    """`joined` and `left` name some of the guests. `exact_count` of the reviewed guests can still get the message."""

    code = "AUDIENCE_CHANGED"
    title = "The audience changed since you looked"

    def __init__(
        self, detail: str, *, joined: People, left: People, joined_count: int, left_count: int, exact_count: int
    ) -> None:
        super().__init__(detail)
        self.joined, self.left = joined, left
        self.joined_count, self.left_count, self.exact_count = joined_count, left_count, exact_count

    @property
    def members(self) -> Mapping[str, object]:
        return {"joined": self.joined, "left": self.left, "joined_count": self.joined_count,
                "left_count": self.left_count, "exact_count": self.exact_count}  # fmt: skip


class EventChanged(Conflict):
    code = "EVENT_CHANGED"
    title = "The event was changed since you looked"
    sentence = (
        "Title, time, place, sender, mail service or what stands for missing details is not what you saw. "
        "Nothing was sent. Look at the preview, then review again."
    )


class DraftConflict(Conflict):
    """`conflict`: what became of the draft meanwhile, None for no draft; `mailing_id`: the message it was sent as."""

    def __init__(
        self, detail: str = "", *, conflict: Became | None = None, mailing_id: int | None = None, fields: Fields = ()
    ) -> None:
        super().__init__(detail, fields=fields)
        self.conflict = conflict
        self.mailing_id = mailing_id

    @property
    def members(self) -> Mapping[str, object]:
        sent = {} if self.mailing_id is None else {"mailing": str(self.mailing_id)}
        return {} if self.conflict is None else {"conflict": self.conflict, **sent}


class StaleRevision(DraftConflict):
    code = "STALE_REVISION"
    title = "This was changed since you opened it"
    sentence = "This draft was deleted while you had it open. What you wrote since was not saved: it is on this page."


class PastEditWindow(DraftConflict):
    code = "PAST_EDIT_WINDOW"
    title = "This can no longer be changed"


class QuotaExceeded(Conflict):
    code = "QUOTA_EXCEEDED"
    title = "This is more than the quota allows"


class AlreadyCancelled(Conflict):
    code = "ALREADY_CANCELLED"
    title = "This was cancelled already"
    sentence = "This message was cancelled before; nothing more will leave."


class AlreadySent(DraftConflict):
    code = "ALREADY_SENT"
    title = "This was sent already"
    sentence = "Nobody is waiting any more: everything is with the mail service already."


class EventArchived(Conflict):
    code = "EVENT_ARCHIVED"
    title = "This event is archived"
    sentence = "Nothing can be sent from an archived event. Bring it back on its settings page, then send again."


class MessagesWaiting(Conflict):
    code = "MESSAGES_WAITING"
    title = "Mails of this event are still waiting"


class MailUnderWay(Conflict):
    code = "MAIL_UNDER_WAY"
    title = "A mail is on its way"
    sentence = (
        "A mail to this guest is with the mail service right now, so nothing was erased. It is over within a minute: "
        "then press the button again."
    )


class NotPublished(Conflict):
    code = "NOT_PUBLISHED"
    title = "This design was never published"
    sentence = "This design was never published, so it has no published text: publish it, or choose its draft."


class DesignArchived(Conflict):
    code = "DESIGN_ARCHIVED"
    title = "This design is archived"
    sentence = "This design is in the archive. Nothing was changed or sent: bring it back first."


class DesignInUse(Conflict):
    code = "DESIGN_IN_USE"
    title = "Messages name this design"


class NothingToDo(Conflict):
    code = "NOTHING_TO_DO"
    title = "There is nobody to do this for"


class ListChanged(Conflict):
    code = "LIST_CHANGED"
    title = "The guest list changed since you looked"


class UndoOver(Conflict):
    code = "UNDO_OVER"
    title = "This can no longer be undone"


class AlreadyRegistered(Conflict):
    code = "ALREADY_REGISTERED"
    title = "This is set up already"
    sentence = "This instance has an owner already. Ask them to invite you."


class LastOwner(Conflict):
    code = "LAST_OWNER"
    title = "There must be an owner"
    sentence = "This is the only owner. Nothing was changed; make somebody else an owner first."
