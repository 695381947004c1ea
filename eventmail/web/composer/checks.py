"""The list “Before you send”: what is in the way, worth a look or fine, each with the place to correct it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import g, url_for

from eventmail import link_targets
from eventmail.content.checks import Remark
from eventmail.content.differences import Piece
from eventmail.domain.audience.resolve import Audience, Resolution
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import calendar_mails, contents, fallbacks, recent, senders
from eventmail.domain.mailings.dead_links import DeadLink
from eventmail.domain.terms import SendingTerms
from eventmail.errors import EventArchived, EventChanged, InvalidTimezone, MissingEventTime, NoRecipients
from eventmail.models import Event
from eventmail.models.account import Role
from eventmail.states import MailingKind
from eventmail.web.composer import draft as composer_draft
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.when import When
from eventmail.web.core.context import merged

READS_OTHERWISE = "This text is older than the way numbers, line breaks and stars are read now. It reads otherwise."
Action = tuple[str, str]

_PARTS = {
    "subject": ("Edit subject", "#subject"),
    "preheader": ("Edit preview text", "#preheader"),
    "body": ("Edit message", "#body"),
}
_AUDIENCE = ("Change who", "#audience")


@dataclass(frozen=True)
class Check:
    """One line: a sentence and the place to correct it (label, address), or a gap, a dead link or changes instead."""

    text: str = ""
    action: Action | None = None
    gap: fallbacks.Gap | None = None
    dead: DeadLink | None = None
    changes: Sequence[Piece] = ()


@dataclass(frozen=True)
class Checks:
    """The list. `bad` prevents sending, `todo` is not written yet, `warn` is worth a look, `tips` are mere advice."""

    bad: Sequence[Check] = ()
    todo: Sequence[Check] = ()
    warn: Sequence[Check] = ()
    tips: Sequence[Check] = ()
    ok: Sequence[Check] = ()


@dataclass(frozen=True)
class Written:
    """The things to check: the form and everything made of it."""

    form: ComposerForm
    draft: contents.Draft
    audience: Audience | None
    resolution: Resolution | None
    gaps: Sequence[fallbacks.Gap] = ()
    dead_links: Sequence[DeadLink] = ()
    changes: Sequence[Piece] = ()
    complaint: str = ""
    constants: Mapping[str, str | None] = field(default_factory=dict)
    when: When | None = None  # on a page with a picker
    addressed: bool = True  # on a page with an audience

    @property
    def leaves_at(self) -> datetime:
        """When the message is sent as far as the page says."""
        return self.when.time.at if self.when and self.when.time else g.now


def look_over(event: Event, written: Written, terms: SendingTerms) -> Checks:
    """Everything to say before a message is sent."""
    bad, todo = list(_bad(event, written, terms)), list(_todo(written))
    remarks = written.draft.remarks
    warn = [
        *([Check(READS_OTHERWISE, changes=written.changes)] if written.changes else []),
        *(_out_lately(event, written) if written.addressed else ()),
        *(Check(gap=gap) for gap in written.gaps),
        *(Check(dead_link_sentence(dead), dead=dead) for dead in written.dead_links),
        *(_of(remark) for remark in remarks if remark.code != "NO_PREVIEW_TEXT"),
        *_without_links(written),
        *_of_the_sender(event, senders.of(event, g.user, terms)),
        *_of_the_event(event, written),
    ]
    tips = [_of(remark) for remark in remarks if remark.code == "NO_PREVIEW_TEXT"]
    ready = not bad and not todo
    tested = ready and _tested(event, written)
    if ready and not tested:
        tips.append(Check("No test of exactly this text has been sent yet.", ("Send a test", "#test-send")))
    return Checks(bad, todo, warn, tips, list(_fine(written, ready=ready, tested=tested)))


def gap_sentence(gap: fallbacks.Gap) -> str:
    """How many guests read which fallback."""
    reads, label = " or ".join(f"“{words}”" for words in gap.reads), gap.field.label.lower()
    if gap.everyone:
        return f"Everyone reads {reads} for {label}."
    if gap.count == 1:
        return f"1 guest has no {label} and reads {reads}."
    return f"{gap.count:,} guests have no {label} and read {reads}."


def dead_link_sentence(dead: DeadLink) -> str:
    """For how many guests a link leads nowhere, or somewhere odd."""
    label = dead.field.label
    if dead.fault != link_targets.NONE:
        whose = "1 guest’s link" if dead.count == 1 else f"The link of {dead.count:,} guests"
        return f"{whose} (“{label}”) {dead.fault}."
    if dead.everyone:
        return f"Nobody gets the link to “{label}”: what stands there is no address. It is read as text."
    who = "1 guest gets" if dead.count == 1 else f"{dead.count:,} guests get"
    return f"{who} no link: what stands in “{label}” is no address. It is read as text."


def sender_sentence(sender: senders.Sender) -> str:
    """Says that nobody seems to read the answers of guests, and why they go there; "" if somebody does."""
    if not sender.unread:
        return ""
    why = ", where mail comes from, since the event has no address for them" if sender.is_shared else ""
    return f"It looks as if nobody reads answers: they go to {sender.replies}{why}."


def _bad(event: Event, written: Written, terms: SendingTerms) -> Iterator[Check]:
    for sentence in terms.hindrances:
        label, page = ("What to do", "home.page") if sentence == live_lock.SENTENCE else ("Settings", "sending.page")
        yield Check(sentence, (label, url_for(page)) if g.user.role == Role.OWNER else None)
    if event.archived_at:
        yield Check(EventArchived.sentence, ("Bring it back", url_for("events.settings", event_id=event.id) + "#end"))
    if written.complaint:
        yield Check(written.complaint, _AUDIENCE)
    if written.addressed and written.resolution and not written.resolution.count:
        yield Check(NoRecipients.sentence, _AUDIENCE)
    if written.when and written.when.refused:
        yield Check(written.when.refused.detail, ("Change the time", "#when"))
    if written.form.kind == MailingKind.CALENDAR:
        yield from _of_calendars(event, composer_draft.about(event.id, written.form))
    yield from map(_of, written.draft.problems)


def _of_calendars(event: Event, about: Mapping[str, str] | None) -> Iterator[Check]:
    """Why no calendar can hold the event (K2), or that an update does not hold any more (K3a)."""
    try:
        calendar_mails.check(event)
        calendar_mails.check_holds(event, about)
    except EventChanged as error:
        yield Check(error.detail, ("Overview", url_for("events.overview", event_id=event.id)))
    except (MissingEventTime, InvalidTimezone) as error:
        where = url_for("events.settings", event_id=event.id)
        yield Check(error.detail, ("Event settings", f"{where}#starts_at"))


def _todo(written: Written) -> Iterator[Check]:
    if written.audience is None and not written.form.picked:
        yield Check("Tick who should get it", ("Choose", "#audience"))
    if written.when and not written.when.is_chosen:
        yield Check("Choose when it goes out", ("Choose", "#when"))
    if not written.form.text.subject.strip():
        yield Check("Write a subject", ("Write", "#subject"))
    if not written.form.text.body.strip():
        yield Check("Write the message", ("Write", "#body"))


def _of(remark: Remark) -> Check:
    """Its sentence may quote the text. One about a name that is no field says what is typed, and what to type."""
    said = remark.message if remark.code == "UNRESOLVED_TOKEN" else merged(remark.message)
    return Check(said, _PARTS[remark.part])


def _out_lately(event: Event, written: Written) -> Iterator[Check]:
    content_id = written.draft.content_id
    if content_id and (found := recent.same_text(event.id, content_id, g.now)):
        same, number = found
        guests = "1 guest" if number == 1 else f"{number} guests"
        at = f"{same.created_at.astimezone(event.zone):%H:%M}"
        where = url_for("mailings.detail", event_id=event.id, mailing_id=same.id)
        yield Check(f"This very message went to {guests} at {at}.", ("Look at it", where))
    if written.audience and written.resolution and written.resolution.count:
        number = recent.recipients(written.audience, g.now)
        if number:
            where = url_for("mailings.listing", event_id=event.id)
            yield Check(f"{number} of these got another mail in the last 24 hours.", ("Sent messages", where))


def _without_links(written: Written) -> Iterator[Check]:
    merged = written.draft.compiled.merged
    has_links = any(name.startswith("calendar.") for name in merged)
    hands_out = written.form.kind == MailingKind.CALENDAR and g.event.cancelled_at is None
    if hands_out and written.form.text.body.strip() and not has_links:
        yield Check("The message has no calendar links: put them in by the field “All calendar links”.", _PARTS["body"])


def _of_the_sender(event: Event, sender: senders.Sender) -> Iterator[Check]:
    if said := sender_sentence(sender):
        yield Check(said, ("Set an address", url_for("events.settings", event_id=event.id) + "#reply_to"))


def _of_the_event(event: Event, written: Written) -> Iterator[Check]:
    settings = ("Event settings", url_for("events.settings", event_id=event.id))
    over = event.over_at
    then, by_then = written.leaves_at, " by then" if written.leaves_at > g.now else ""
    if event.starts_at and over and over <= then:
        was = "was" if over <= g.now else "is"
        yield Check(f"The event is over{by_then}: it {was} on {_day(event.starts_wall)}.", settings)
    elif event.starts_at and event.starts_at <= then:
        yield Check(f"The event has begun{by_then}: it is on {_day(event.starts_wall)}.", settings)
    url = written.constants.get("event.url") or ""
    if "event.url" in written.draft.compiled.merged and url and (odd := link_targets.odd_address(url)):
        yield Check(f"The event page, which the message merges, {odd}: {url}", settings)


def _day(wall: datetime | None) -> str:
    return f"{wall:%A}, {wall.day} {wall:%B %Y}" if wall else ""


def _tested(event: Event, written: Written) -> bool:
    content_id = written.draft.content_id
    return content_id is not None and recent.tested(event.id, content_id)


def _fine(written: Written, *, ready: bool, tested: bool) -> Iterator[Check]:
    if ready:
        yield Check("Subject, message and audience are set" if written.addressed else "Subject and message are set")
    if not written.gaps and written.resolution and written.resolution.count:
        yield Check("Nobody reads a fallback")
    if tested:
        yield Check("A test of exactly this text was sent")
    if written.draft.content_id is not None:
        yield Check("Each mail ends with its own Unsubscribe link")
