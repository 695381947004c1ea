"""Who has an event in a mail otherwise than it is now, and the draft that tells them; or that nobody is told (K3a)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select, update

from eventmail import ids, records
from eventmail.content import update_mail
from eventmail.db import Rows, fresh, transaction
from eventmail.domain.mailings import drafts, merge_values, query
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.drafts import Written
from eventmail.errors import NothingToDo
from eventmail.models import Content, Event, Mailing, Recipient
from eventmail.records import Acting
from eventmail.states import HAS_OR_GETS, SHOWN_AS_SENT, UNSENT, MailingKind

MOST = 5000  # guests of one draft, as many as can be picked by hand


@dataclass(frozen=True)
class Outdated:
    """Guests whose newest mail with calendar links says what does not hold any more: `told`, instead of `now`."""

    told: Mapping[str, str]
    now: Mapping[str, str]
    guests: Sequence[int]
    begun: Sequence[int] = ()  # updates about `now` that are drafts, or scheduled

    @property
    def count(self) -> int:
        return len(self.guests)

    @property
    def key(self) -> str:
        """Names what they were told."""
        return records.body_hash(dict(self.told))

    @property
    def is_cancellation(self) -> bool:
        return bool(self.now["cancelled"])

    @property
    def is_reinstated(self) -> bool:
        return bool(self.told["cancelled"]) and not self.is_cancellation

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """(what, before, now) in words, of when and where."""
        named = (("When", "when"), ("Where", "where"))
        return [(label, self.told[part], self.now[part]) for label, part in named if self.told[part] != self.now[part]]


def outdated(event: Event, now: datetime) -> Sequence[Outdated]:
    """The guests to tell, by what they were told, most of them first; nobody of a past or an undated event.

    Only mails that are sent or under way count, since a scheduled one takes the values of the moment it leaves. What
    practice mode took counts in practice mode alone (S13).
    """
    over = event.over_at
    if over is None or over <= now:
        return ()
    holds = merge_values.told(event)
    handed_out: dict[int, Mapping[str, str]] = dict(fresh().execute(_handed_out(event.id)).all())
    if all(told == holds for told in handed_out.values()):
        return ()
    found: dict[str, tuple[Mapping[str, str], list[int]]] = {}
    for guest_id, mailing_id in fresh().execute(_newest(event.id)):
        if (told := handed_out[mailing_id]) != holds:
            found.setdefault(records.body_hash(told), (told, []))[1].append(guest_id)
    begun = _begun(event.id, holds) if found else ()
    groups = (Outdated(told, holds, guests, begun) for told, guests in found.values())
    return sorted(groups, key=lambda group: (-group.count, group.told["when"], group.told["where"]))


def is_quiet(event: Event) -> bool:
    """Whether nobody is to be told of what the event is now."""
    return event.quiet_about == records.body_hash(merge_values.told(event))


def be_quiet(event_id: int, by: Acting, *, quiet: bool = True) -> None:
    """Decide that nobody is told of the change, or take that back. The next change is offered again."""
    with transaction() as tx:
        event = tx.get_one(Event, event_id)
        about = records.body_hash(merge_values.told(event)) if quiet else ""
        tx.execute(update(Event).where(Event.id == event_id).values(quiet_about=about))
        if quiet:
            records.audit(tx, by, "event.change_kept_quiet", f"event:{event_id}", event_id=event_id)
        else:
            records.audit(tx, by, "event.change_told_after_all", f"event:{event_id}", event_id=event_id)


def begin(event: Event, key: str, by: Acting) -> int:
    """Make the draft that tells a group of guests, or find it; returns its id. Raises NothingToDo when nobody is left.

    The same group gets the same draft, also when it is scheduled by now. It leaves only while the event stays as it is.
    """
    group = next((group for group in outdated(event, by.now) if group.key == key), None)
    if group is None:
        raise NothingToDo("Nobody has the event otherwise in a mail any more. No draft was made.")
    subject, body = update_mail.written(group.told, group.now)
    guests = [str(guest) for guest in sorted(group.guests)[:MOST]]
    written = Written(Text(subject, "", body), {"guests": guests}, kind=MailingKind.CALENDAR, about=dict(group.now))
    known = records.body_hash({"told": dict(group.told), "now": dict(group.now), "guests": guests})
    made = drafts.create(event.id, written, key=f"update:{known}", by=by)
    if made.replayed and fresh().get_one(Mailing, made.mailing_id).state not in UNSENT:  # it was sent, to others
        made = drafts.create(event.id, written, key=f"update:{ids.token(24)}", by=by)
    return made.mailing_id


def _begun(event_id: int, holds: Mapping[str, str]) -> Sequence[int]:
    waits = (Mailing.about.is_not(None), Mailing.state.in_(UNSENT))
    rows = fresh().execute(select(Mailing.id, Mailing.about).where(*query.of_event(event_id), *waits))
    return [mailing_id for mailing_id, about in rows if about == holds]


def _with_links(event_id: int) -> tuple[ColumnElement[bool], ...]:
    """The condition for the mails of an event that hand out calendar links and say what they told."""
    links = or_(
        Mailing.kind == MailingKind.CALENDAR,
        Content.body.contains("{calendar."),
        Content.body.contains("calendar-links"),
    )
    return (*query.of_event(event_id), Mailing.state.in_(SHOWN_AS_SENT), Mailing.told.is_not(None), links)


def _handed_out(event_id: int) -> Rows:
    return (
        select(Mailing.id, Mailing.told).join(Content, Content.id == Mailing.content_id).where(*_with_links(event_id))
    )


def _newest(event_id: int) -> Rows:
    """(guest, mailing): the mail by which each guest goes: the newest calendar mail they have or get.

    Without one, the first message that had the links: a later one did not say what had changed.
    """
    is_calendar = Mailing.kind == MailingKind.CALENDAR
    newest_first = func.row_number().over(
        partition_by=Recipient.guest_id,
        order_by=(
            is_calendar.desc(),
            case((is_calendar, Mailing.created_at)).desc(),
            case((is_calendar, Mailing.id)).desc(),
            Mailing.created_at,
            Mailing.id,
        ),
    )
    got = (
        select(Recipient.guest_id, Recipient.mailing_id, newest_first.label("rank"))
        .join(Mailing, Mailing.id == Recipient.mailing_id)
        .join(Content, Content.id == Mailing.content_id)
        .where(*_with_links(event_id), Recipient.guest_id.is_not(None), Recipient.state.in_(HAS_OR_GETS),
               records.counts(Recipient.provider))
        .subquery()
    )  # fmt: skip
    return select(got.c.guest_id, got.c.mailing_id).where(got.c.rank == 1)
