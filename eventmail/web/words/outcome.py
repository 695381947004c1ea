"""What became of a message for somebody, in plain sentences; one home for the pages and for JSON (F4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from eventmail.domain import services
from eventmail.domain.outcomes.guest_history import Changed
from eventmail.domain.outcomes.outcome_of import News, NoRecipient, Story
from eventmail.domain.outcomes.why import OnList, Person
from eventmail.domain.suppressions import reasons
from eventmail.states import OPEN, OUTBOX, ChangeKind, Reason, RecipientState, SuppressionReason
from eventmail.web.words import audience

_DELIVERY: Mapping[str, str] = {
    "deferred": "The mail service says that it is delayed.",
    "delivered": "The mail service says that it was delivered.",
    "bounced": "It bounced afterwards.",
    "complained": "They complained about it.",
}


def day(instant: datetime, zone: tzinfo) -> str:
    """An instant as pages show it, in the event's zone."""
    return instant.astimezone(zone).strftime("%-d %b %Y, %H:%M")


def on_list(entry: OnList, zone: tzinfo) -> str:
    """Why an address gets no mail, and since when."""
    why = f"{reasons.LONG[entry.reason]} ({entry.source})"
    return f"On the do-not-mail list {reasons.place(entry.scope)} since {day(entry.since, zone)}: {why}."


def left_behind(old: str, stays: Sequence[OnList], new: str | None, there: Sequence[OnList]) -> str:
    """A guest has another address now: the old one stays on the do-not-mail list, and no wish follows the new one."""
    where = [f"{reasons.place(entry.scope)} ({reasons.LONG[entry.reason]})" for entry in stays]
    said = f"{old} stays on the do-not-mail list {' and '.join(where)}."
    if not new:
        return said
    if there:
        return f"{said} {new} is on it, too: no mail goes there."
    said = f"{said} {new} is not on it: mail goes there from now on."
    if all(entry.reason is SuppressionReason.HARD_BOUNCE for entry in stays):
        return said
    return f"{said} If they want no mail at all, put that address on the list, too."


PRACTISED = "This was in practice mode."


def sentence(story: Story, zone: tzinfo) -> str:
    """What became of one message, for a recipient and for a guest who was left out; by the service it happened with."""
    said = _sentence(story, zone)
    if story.provider == OUTBOX and story.outcome not in (RecipientState.SENT, *OPEN):
        return f"{said} {PRACTISED}"
    if story.provider is None and story.outcome is RecipientState.SENT:
        return f"{said} Of this mail {services.NOT_NOTED} took it."
    return said


def _sentence(story: Story, zone: tzinfo) -> str:
    at = day(story.at, zone) if story.at else ""
    to = f" to {story.email}" if story.email else ""
    error = f": {story.error}" if story.error else ""
    if story.outcome is RecipientState.SENT:
        kept = "Kept in the outbox" if story.provider == OUTBOX else "Sent"
        greeted = f" It greeted {story.other}, who shares the address: mail goes there once." if story.other else ""
        news = f" {_DELIVERY[story.delivery]}" if story.delivery else ""
        counted = f" {story.error}." if story.error else ""
        return f"{kept} at {at}{to}.{greeted}{counted}{news}"
    if story.outcome is NoRecipient.LEFT_OUT:
        return f"Won't get it: {_left_out(story)}"
    listed = f"the address came onto the do-not-mail list before its turn, at {at}."
    said: Mapping[RecipientState | NoRecipient, str] = {
        RecipientState.QUEUED: f"Waits to be sent{to}{error}.",
        RecipientState.SENDING: f"Is being sent{to} right now.",
        RecipientState.FAILED: f"Failed at {at}{to}{error}",
        RecipientState.UNKNOWN: f"May have been sent at {at}{to}{error}",
        RecipientState.SUPPRESSED: f"Not sent{to}: {listed}",
        RecipientState.CANCELLED: f"Not sent{to}, cancelled at {at}{error}",
    }
    words = said[story.outcome]
    return words if words.endswith(".") else words + "."


def _left_out(story: Story) -> str:
    sharer = story.other or "a guest who is gone since"
    return {
        Reason.NO_ADDRESS: "they had no address.",
        Reason.BOUNCED: "mail to the address had bounced.",
        Reason.UNSUBSCRIBED: "they had unsubscribed.",
        Reason.SUPPRESSED: "the address was on the do-not-mail list.",
        Reason.DUPLICATE_ADDRESS: f"they share the address with {sharer}, and mail goes there once.",
        Reason.RESERVED_ADDRESS: "it is an address that nobody can have.",
    }[story.reason or Reason.NO_ADDRESS]


def not_asked(story: Story, people: Sequence[Person], zone: tzinfo) -> str:
    """Why somebody was not in the audience at all: what it was, and what they were."""
    asked = f"Never in the audience, which was {audience.text(story.audience)}."
    if not people:
        return f"{asked} Nobody with this address is on the guest list."
    return " ".join([asked, *(_then(person, story.sent_at, zone) for person in people)])


def _then(person: Person, then: datetime, zone: tzinfo) -> str:
    was = person.status_at(then)
    if was is None:
        return f"{person.name} came onto the guest list only on {day(person.added_at, zone)}."
    if was == person.status:
        return f"{person.name} is {person.status}."
    return f"{person.name} was {was} then, as far as the log tells, and is {person.status} now."


def news(report: News) -> str:
    """What a mail service reported about the guest's address."""
    words = {
        "bounce": "Mail to their address bounced for good",
        "soft_bounce": "Mail to their address bounced for now",
        "complaint": "They complained about a mail",
        "delivered": "Delivered",
        "deferred": "Delayed",
        "refused": "Their mail server refused a mail",
    }
    detail = f": {report.detail}" if report.detail else "."
    said = f"{words.get(report.kind, report.kind.replace('_', ' ').capitalize())}{detail}"
    return f"{said if said.endswith('.') else f'{said}.'} {PRACTISED}" if report.practice else said


def changed(part: Changed, zone: tzinfo) -> str:
    """A guest's part in a change of many."""
    change = part.change
    others = change.changed - 1
    together = f", together with {others} other{'' if others == 1 else 's'}" if others else ""
    what = {
        ChangeKind.STATUS: f"set the status from {part.had} to {change.value}",
        ChangeKind.ADD_TAG: f"added the tag “{change.value}”",
        ChangeKind.REMOVE_TAG: f"removed the tag “{part.had}”",
    }[ChangeKind(change.kind)]
    when = change.undone_at if part.restored else None
    undone = f" Undone by {change.undone_by} on {day(when, zone)}." if when else ""
    return f"{change.actor} {what}{together}.{undone}"
