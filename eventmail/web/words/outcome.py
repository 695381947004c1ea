"""Says what became of a message for somebody, in plain sentences for pages and JSON (F4)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from eventmail.domain import mail_services
from eventmail.domain.outcomes.guest_history import Changed
from eventmail.domain.outcomes.outcome_of import News, NoRecipient, Story
from eventmail.domain.outcomes.why import OnList, Person
from eventmail.domain.suppressions import reasons
from eventmail.states import OPEN, ChangeKind, Reason, RecipientState, SuppressionReason, is_practice
from eventmail.web.words import audience, state


def day(instant: datetime, zone: tzinfo) -> str:
    """An instant as pages show it, in the zone of the event."""
    return instant.astimezone(zone).strftime("%-d %b %Y, %H:%M")


def on_list(entry: OnList, zone: tzinfo) -> str:
    """Why an address gets no mail, and since when."""
    why = f"{reasons.LONG[entry.reason]} ({entry.source})"
    return f"On the do-not-mail list {reasons.place(entry.scope)} since {day(entry.since, zone)}: {why}."


def left_behind(old: str, stays: Sequence[OnList], new: str | None, there: Sequence[OnList]) -> str:
    """Says that the old address of a guest stays on the do-not-mail list, and whether the new one is on it, too."""
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
    """Says what became of a message for a recipient or an excluded guest, by the mail service of that time (S13)."""
    said = _sentence(story, zone)
    if is_practice(story.provider) and story.outcome not in (RecipientState.SENT, *OPEN):
        return f"{said} {PRACTISED}"
    if story.provider is None and story.outcome is RecipientState.SENT:
        return f"{said} Of this mail {mail_services.NOT_NOTED} took it."
    return said


def _sentence(story: Story, zone: tzinfo) -> str:
    if story.outcome is NoRecipient.LEFT_OUT:
        return f"Won't get it: {_left_out(story)}"
    said = state.look(story.outcome, story.provider).story.format(
        at=day(story.at, zone) if story.at else "",
        to=f" to {story.email}" if story.email else "",
        error=f": {story.error}" if story.error else "",
    )
    said = said if said.endswith(".") else f"{said}."
    if story.outcome is not RecipientState.SENT:
        return said
    greeted = f" It greeted {story.other}, who shares the address: mail goes there once." if story.other else ""
    counted = f" {story.error}." if story.error else ""
    news = f" {state.STATES[story.delivery].story}" if story.delivery else ""
    return f"{said}{greeted}{counted}{news}"


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
    """Why somebody was not in the audience: the audience, and their status at that time."""
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
    """The report of a mail service about the address of a guest."""
    words = {
        "bounce": "Mail to their address bounced for good",
        "soft_bounce": "Mail to their address bounced for now",
        "complaint": "They complained about a mail",
        "refused": "Their mail server refused a mail",
    }
    detail = f": {report.detail}" if report.detail else "."
    said = f"{words.get(report.kind) or state.word(report.kind)}{detail}"
    return f"{said if said.endswith('.') else f'{said}.'} {PRACTISED}" if report.practice else said


def changed(part: Changed, zone: tzinfo) -> str:
    """Says what a change of many guests did to one of them."""
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
