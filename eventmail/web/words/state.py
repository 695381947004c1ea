"""How each state is shown: one row for each, the same for pages, stories and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventmail.domain import mail_services
from eventmail.domain.outcomes.outcome_of import NoRecipient
from eventmail.models import Mailing
from eventmail.states import Delivery, GuestStatus, MailingState, RecipientState, is_practice


@dataclass(frozen=True)
class Shown:
    """How one state is shown; sentences may hold {at}, {to} and {error}."""

    word: str
    icon: str = "circle-dot"
    tone: str = ""  # a class with colours in the style sheet
    bar: int = 0  # the position in a bar of recipients
    always: bool = False  # a tile shows the number 0, too
    story: str = ""  # what became of a message for somebody
    of_test: str = ""  # what became of a mail of a test
    account_mail: str = ""  # what became of a mail about an account
    uses: str = ""  # how a message in this state uses a segment
    meaning: str = ""  # for programs, where the word does not tell it


TROUBLED = "troubled"  # no state, but a word for a finished message that somebody did not get
_R = RecipientState
STATES: Mapping[str, Shown] = {
    # a recipient; some of these are states of a message or of a mail about an account, too
    _R.QUEUED: Shown(
        "Queued", "clock", bar=7, always=True, story="Waits to be sent{to}{error}.", account_mail="Waits to be mailed"
    ),
    _R.SENDING: Shown(
        "Sending", "send", "busy", bar=6, story="Is being sent{to} right now.", account_mail="Being mailed",
        uses="still sending; those recipients stay as they were frozen",
    ),
    _R.SENT: Shown(
        "Sent", "check", "ok", bar=1, always=True, story="Sent at {at}{to}.", of_test="Sent to {to} at {at}.",
        account_mail="Mailed",
    ),
    _R.FAILED: Shown(
        "Failed", "x", "bad", bar=2, always=True, story="Failed at {at}{to}{error}",
        of_test="Not sent to {to}: {error}.", account_mail="Could not be mailed",
    ),
    _R.UNKNOWN: Shown(
        "May have been sent", "circle-question-mark", "warn", bar=3, story="May have been sent at {at}{to}{error}",
        of_test="May have been sent to {to}, nobody can say: {error}.", account_mail="May have been mailed",
        meaning="May have been sent: nobody can say, and nothing is sent twice.",
    ),
    _R.SUPPRESSED: Shown(
        "On the do-not-mail list", "ban", "held", bar=4, always=True, of_test="Not sent to {to}: {error}.",
        story="Not sent{to}: the address came onto the do-not-mail list before its turn, at {at}.",
    ),
    _R.CANCELLED: Shown(
        "Cancelled", "minus", "faint", bar=5, story="Not sent{to}, cancelled at {at}{error}",
        of_test="Cancelled, not sent to {to}: {error}.",
    ),
    NoRecipient.LEFT_OUT: Shown("Won't get it"),
    NoRecipient.NOT_ASKED: Shown("Not in the audience"),
    # reports of the mail service after the hand-over
    Delivery.BOUNCED: Shown("Bounced", "undo-2", "bad", story="It bounced afterwards."),
    Delivery.DELIVERED: Shown("Delivered", "inbox", "ok", story="The mail service says that it was delivered."),
    Delivery.DEFERRED: Shown("Delayed", "hourglass", "warn", story="The mail service says that it is delayed."),
    Delivery.COMPLAINED: Shown("Complained", "circle-alert", "bad", story="They complained about it."),
    # a message
    MailingState.DRAFT: Shown("Draft", "pencil", uses="a draft"),
    MailingState.SCHEDULED: Shown(
        "Scheduled", "clock", uses="scheduled; without the segment it would not be sent by itself",
    ),
    MailingState.MISSED: Shown(
        "Missed", "triangle-alert", "warn", uses="missed, and waits for somebody to say how it goes on",
        meaning="Nothing left when it was due, and somebody has to say how it goes on.",
    ),
    MailingState.FINISHED: Shown("Finished", "check-check", "ok"),
    TROUBLED: Shown("Finished with problems", "triangle-alert", "warn"),
    # a guest
    GuestStatus.INVITED: Shown("Invited", "mail"),
    GuestStatus.CONFIRMED: Shown("Confirmed", "mail-check", "ok"),
    GuestStatus.DECLINED: Shown("Declined", "mail-x"),
}  # fmt: skip
KEPT = Shown(
    "Kept in outbox",
    "check",
    "ok",
    story="Kept in the outbox at {at}{to}.",
    of_test="Kept in outbox at {at}, for {to}.",
)
BAR = sorted(_R, key=lambda state: STATES[state].bar)
GUESTS = [(status, STATES[status].word) for status in GuestStatus]


def look(state: str, provider: str | None = None) -> Shown:
    """How `state` is shown. A mail that practice mode kept in its outbox was not sent, whatever is set later (S13)."""
    if is_practice(provider) and state == _R.SENT:
        return KEPT
    return STATES.get(state) or Shown(state.replace("_", " ").capitalize())


def word(state: str, provider: str | None = None) -> str:
    """The word for `state`."""
    return look(state, provider).word


def of_mailing(mailing: Mailing) -> str:
    """The state to show for a message. A finished one that somebody did not get never reads just “Finished” (S2)."""
    troubled = mailing.state == MailingState.FINISHED and mailing.n_sent != mailing.recipient_count
    return TROUBLED if troubled else mailing.state


def sent(shares: mail_services.Shares) -> list[tuple[str, int]]:
    """(word, number) of a mailing's mails in the outbox and of those that left; one of both if both numbers are 0."""
    parts = [(KEPT.word, shares.kept), (word(_R.SENT), shares.sent)]
    return [part for part in parts if part[1]] or [parts[0] if shares.keeps else parts[1]]


def counted(state: str, number: int, sent: Sequence[tuple[str, int]] = ()) -> Sequence[tuple[str, int]]:
    """(word, number) of the recipients in `state`; for sent mails the result of `sent`."""
    return sent if sent and state == _R.SENT else [(word(state), number)]


def service(provider: str | None) -> str:
    """The mail service of a run, in words."""
    if provider is None:
        return mail_services.NOT_NOTED
    return "in practice mode" if is_practice(provider) else f"through {mail_services.named(provider)}"
