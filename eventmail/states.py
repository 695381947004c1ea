"""Every state machine with its legal moves, and other closed sets of words. Only `db.move` writes a state column."""

from collections.abc import Mapping
from enum import StrEnum


class MailingKind(StrEnum):
    """Not a machine. A `test` goes to organizers and counts in no statistics (E1)."""

    ONE_TIME = "one_time"
    TEST = "test"


class MailingState(StrEnum):
    DRAFT = "draft"
    SENDING = "sending"
    FINISHED = "finished"
    CANCELLED = "cancelled"


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
    """What a mail about an account brings: a link, or the news for a former address. Not a machine."""

    INVITATION = "invitation"
    SIGN_IN = "sign_in"
    ADDRESS_CHANGED = "address_changed"


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
        _M.DRAFT: frozenset({_M.SENDING}),
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
MAY_HAVE_GOT = (_R.SENT, _R.UNKNOWN)  # consumes a place of the quota (S9)
NOT_GOT = (_R.FAILED, _R.SUPPRESSED, _R.CANCELLED)  # returns a place (S9)
DONE = MAY_HAVE_GOT + NOT_GOT
MAY_WAIT_AGAIN = (_R.UNKNOWN, _R.FAILED)  # by a decision
MAY_MOVE_ADDRESS = (_R.QUEUED, _R.FAILED)  # surely not taken, and may still leave
OPEN_ACCOUNT_MAIL = (_A.QUEUED, _A.SENDING)
NOT_OVER = (_M.DRAFT, _M.SENDING)
SHOWN_AS_SENT = (_M.SENDING, _M.FINISHED, _M.CANCELLED)  # with outcomes
# What can be cancelled. A draft is deleted instead.
ON_ITS_WAY = tuple(state for state, to in MOVES[MailingState].items() if _M.CANCELLED in to and state is not _M.DRAFT)
ARRIVED = (Delivery.DELIVERED, Delivery.COMPLAINED)


def legal(from_: StrEnum, to: StrEnum) -> bool:
    """Whether the state `from_` may become `to`."""
    return to in MOVES[type(from_)].get(from_, frozenset())
