"""Designs in plain words: types of messages, states, where a text came from, how a test went."""

from collections.abc import Sequence

from eventmail.domain.designs.edit import Shown
from eventmail.domain.designs.listing import LastTest, State
from eventmail.domain.mailings.origin import BasedOn
from eventmail.states import Delivery, MessageType, RecipientState

TYPES = {
    MessageType.INVITATION: "Invitation",
    MessageType.UPDATE: "Update",
    MessageType.REMINDER: "Reminder",
    MessageType.CALENDAR: "Calendar mail",
    MessageType.FOLLOW_UP: "Follow-up",
}
STATES = {
    State.DRAFT: "Draft",
    State.PUBLISHED: "Published",
    State.CHANGED: "Published + changes",
    State.ARCHIVED: "Archived",
}
EMPTY = {
    State.DRAFT: "without a published version",
    State.PUBLISHED: "published",
    State.CHANGED: "published with later changes",
    State.ARCHIVED: "in the archive",
}  # after “No design is”
_TONES = {State.DRAFT: "", State.PUBLISHED: "ok", State.CHANGED: "warn", State.ARCHIVED: ""}
_ICONS = {State.DRAFT: "pencil", State.PUBLISHED: "circle-check", State.CHANGED: "circle-dot", State.ARCHIVED: "inbox"}


def state(shown: Shown) -> State:
    """The state that a design's badge shows."""
    if shown.archived_at:
        return State.ARCHIVED
    if shown.published is None:
        return State.DRAFT
    return State.CHANGED if shown.diverged else State.PUBLISHED


def tone(of: State) -> str:
    """The colour of a state's badge."""
    return _TONES[of]


def icon(of: State) -> str:
    """The shape of a state's badge."""
    return _ICONS[of]


def based_on(found: BasedOn) -> str:
    """The design that a text is based on, such as “Save the date v3, edited”."""
    return f"{found.name} {version(found)}"


def version(found: BasedOn) -> str:
    """The snapshot that a text is based on, such as “v3, edited”."""
    return f"{f'v{found.number}' if found.number else '(draft)'}{', edited' if found.edited else ''}"


def tested(test: LastTest) -> str:
    """What became of the newest test of a design, in a word or two."""
    states = {recipient.state for recipient in test.recipients}
    if any(recipient.delivery == Delivery.BOUNCED for recipient in test.recipients):
        return "bounced"
    for found, word in _OUTCOMES:
        if found in states:
            return word
    return "not sent"


_OUTCOMES: Sequence[tuple[RecipientState, str]] = (
    (RecipientState.FAILED, "failed"),
    (RecipientState.UNKNOWN, "may have been sent"),
    (RecipientState.SUPPRESSED, "on the do-not-mail list"),
    (RecipientState.QUEUED, "on its way"),
    (RecipientState.SENDING, "on its way"),
    (RecipientState.CANCELLED, "cancelled"),
    (RecipientState.SENT, "sent"),
)
