"""Every state machine with its legal moves, and other closed sets of words. Only `db.move` writes a state column."""

from collections.abc import Mapping
from enum import StrEnum


class MailingKind(StrEnum):
    """Not a machine. A `calendar` mail needs the event's time (K2). A `test` counts in no statistics (E1)."""

    ONE_TIME = "one_time"
    CALENDAR = "calendar"
    TEST = "test"


class MessageType(StrEnum):
    """What a design is for (D1). Not a machine."""

    INVITATION = "invitation"
    UPDATE = "update"
    REMINDER = "reminder"
    CALENDAR = "calendar"
    FOLLOW_UP = "follow_up"


class MailingState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"  # when it was due, nobody was left to send it to (H5)
    MISSED = "missed"  # nothing left when it was due, and it asks how it goes on (H6, H7)


class AudienceMode(StrEnum):
    """Who gets a scheduled message: whoever matches when it is due, or the people of its scheduling. Not a machine."""

    AT_DUE = "at_due"
    EXACT = "exact"


class NotSent(StrEnum):
    """Why a scheduled message is missed or failed. Not a machine."""

    LATE = "late"  # by over an hour (H6)
    EVENT_BEGAN = "event_began"  # due before the event, late until after its start (H6)
    EVENT_MOVED = "event_moved"  # a relative time changed and nobody took the new one (H6a)
    TIME_MOVED = "time_moved"  # the rules of its time zone changed, and nobody took the new time
    EVENT_UNDATED = "event_undated"  # a relative time, or a calendar mail, has nothing to go by any more (H6a, K2)
    MORE_PEOPLE = "more_people"  # far more than when it was scheduled (H7)
    QUOTA = "quota"  # H7
    SEGMENT_GONE = "segment_gone"  # so nobody knows who should get it
    HELD_UP = "held_up"  # nothing may leave this installation (S13)
    RESTORED = "restored"  # the database this one was copied from may have sent it (H9)
    BROKEN = "broken"  # a fault of ours
    NO_RECIPIENTS = "no_recipients"  # H5


class JobState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Brake(StrEnum):
    """Why a run stopped itself, or that somebody has decided how it continues (F5). Not a machine."""

    ALIKE = "alike"  # the first ten answers were refusals in the same words
    DEAD = "dead"  # too many addresses looked dead
    ANSWERED = "answered"  # the run lists no more addresses by itself and does not ask again


class RecipientState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


class AccountMailKind(StrEnum):
    """What a mail to one colleague brings: a link that lets in, or news. Not a machine."""

    INVITATION = "invitation"
    SIGN_IN = "sign_in"
    ADDRESS_CHANGED = "address_changed"
    RESULT = "result"  # how a scheduled message went (S14)


class MailingResult(StrEnum):
    """How a scheduled message went; its author hears of each once (S14). Not a machine."""

    ENDED = "ended"  # its run is over: everybody has an outcome, or the rest was cancelled
    MISSED = "missed"
    FAILED = "failed"


class AccountMailState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Delivery(StrEnum):
    """What a mail service reported after it took a mail. Not a machine: news only raises it, in this order."""

    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class GuestStatus(StrEnum):
    """A guest's answer. Not a machine: an organizer may set any of them."""

    INVITED = "invited"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class ChangeKind(StrEnum):
    """What can be changed about many guests at once."""

    STATUS = "status"
    ADD_TAG = "add_tag"
    REMOVE_TAG = "remove_tag"


class Reason(StrEnum):
    """Why a guest won't get a mailing. The first that applies counts, in this order (A2)."""

    NO_ADDRESS = "no_address"
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    DUPLICATE_ADDRESS = "duplicate_address"
    RESERVED_ADDRESS = "reserved_address"


class SuppressionReason(StrEnum):
    """Why an address is on the do-not-mail list (F1)."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"
    IMPORT = "import"


OUTBOX = "outbox"  # the mail service of practice mode, whose mails stay on this box (S13)


def is_practice(provider: str | None) -> bool:
    """Whether `provider` is the mail service of practice mode. None means that none was noted."""
    return provider == OUTBOX


_M, _J, _R, _A = MailingState, JobState, RecipientState, AccountMailState

MOVES: Mapping[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]] = {
    MailingState: {
        _M.DRAFT: frozenset({_M.SENDING, _M.SCHEDULED}),
        _M.SCHEDULED: frozenset({_M.SENDING, _M.CANCELLED, _M.FAILED, _M.MISSED}),
        _M.MISSED: frozenset({_M.SENDING, _M.CANCELLED, _M.FAILED}),
        _M.FAILED: frozenset({_M.CANCELLED}),  # when it is written anew
        _M.SENDING: frozenset({_M.FINISHED, _M.CANCELLED}),
        # by a retry, or by a decision to send again (S5, S8)
        _M.FINISHED: frozenset({_M.SENDING}),
    },
    JobState: {_J.RUNNING: frozenset({_J.FINISHED, _J.CANCELLED})},
    RecipientState: {
        # UNKNOWN when a mail that may have been sent is not sent again after all
        _R.QUEUED: frozenset({_R.SENDING, _R.SUPPRESSED, _R.CANCELLED, _R.UNKNOWN}),
        # QUEUED only when the mail was surely not taken (S4)
        _R.SENDING: frozenset({_R.SENT, _R.FAILED, _R.UNKNOWN, _R.QUEUED}),
        _R.FAILED: frozenset({_R.QUEUED}),
        # by a decision (S5), or by a worker that was thought dead and brings the true answer
        _R.UNKNOWN: frozenset({_R.SENT, _R.QUEUED}),
    },
    AccountMailState: {
        # UNKNOWN when it waited in a database that was copied
        _A.QUEUED: frozenset({_A.SENDING, _A.FAILED, _A.UNKNOWN}),
        _A.SENDING: frozenset({_A.SENT, _A.FAILED, _A.UNKNOWN, _A.QUEUED}),
        # by a worker that was thought dead and brings the true answer; never tried again by itself
        _A.UNKNOWN: frozenset({_A.SENT, _A.FAILED}),
    },
}

# Sets of states that several modules use. They are tuples, so that the values in a statement have a fixed order.
OPEN = (_R.QUEUED, _R.SENDING)  # without an outcome
HAS_OR_GETS = (*OPEN, _R.SENT, _R.UNKNOWN)  # the mail may be in somebody's mailbox, or be there soon
MAY_HAVE_GOT = (_R.SENT, _R.UNKNOWN)  # consumes a place of the quota (S9)
NOT_GOT = (_R.FAILED, _R.SUPPRESSED, _R.CANCELLED)  # returns a place (S9)
DONE = MAY_HAVE_GOT + NOT_GOT
MAY_WAIT_AGAIN = (_R.UNKNOWN, _R.FAILED)  # by a decision
MAY_MOVE_ADDRESS = (_R.QUEUED, _R.FAILED)  # surely not taken, and may still leave
OPEN_ACCOUNT_MAIL = (_A.QUEUED, _A.SENDING)
WITH_LINK = (AccountMailKind.INVITATION, AccountMailKind.SIGN_IN)  # that lets somebody in
NOT_OVER = (_M.DRAFT, _M.SCHEDULED, _M.MISSED, _M.SENDING)
PLANNED = (_M.SCHEDULED, _M.MISSED)  # its recipients wait, and no run of it has begun
UNSENT = (_M.DRAFT, *PLANNED)  # nothing of it has left
WITHOUT_A_RUN = (*PLANNED, _M.FAILED)  # nothing of a scheduled message has left
NEEDS_SOMEBODY = (_M.MISSED, _M.FAILED)
BEGUN = (_M.SENDING, _M.FINISHED)
NO_DRAFT = tuple(state for state in _M if state is not _M.DRAFT)
SHOWN_AS_SENT = (_M.SENDING, _M.FINISHED, _M.CANCELLED)  # with outcomes
ON_ITS_WAY = (*PLANNED, _M.SENDING)  # mails of it may wait
ARRIVED = (Delivery.DELIVERED, Delivery.COMPLAINED)


def legal(from_: StrEnum, to: StrEnum) -> bool:
    """Whether the state `from_` may become `to`."""
    return to in MOVES[type(from_)].get(from_, frozenset())
