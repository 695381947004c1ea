"""Scheduled messages: schedule, change, take a new time, write anew (H1 to H4, H6a). `start` begins them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from eventmail import clock, records, wall_time
from eventmail.db import service, transaction
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.mailings import (
    calendar_mails,
    contents,
    control,
    draft_copies,
    draft_rows,
    drafts,
    recipients,
    send,
    send_time,
    start,
)
from eventmail.domain.mailings.origin import check
from eventmail.domain.mailings.send import Begun, Message, Prepared, Sent
from eventmail.domain.mailings.send_time import SendTime
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadySent, InvalidInput, NothingToDo, PastEditWindow, StaleRevision
from eventmail.models import Event, Mailing, Schedule
from eventmail.records import Acting
from eventmail.states import BEGUN, WITHOUT_A_RUN, AudienceMode, MailingState

_TWICE = (
    "This very message is scheduled for that time already, to the same people. It was not scheduled a second time: "
    "for another one, change its text, its time or who gets it."
)
_ANEW = "Press “Cancel and edit as new draft” to write it anew."


def create(
    event_id: int, message: Message, *, key: str, terms: SendingTerms, by: Acting,
    draft: draft_rows.DraftVersion | None = None, twin: bool = True,
) -> Sent:  # fmt: skip
    """Schedule `message` for its plan, once per `key` and person (S1). Its people and places are kept from now on.

    Raises the errors of `send.send` and of `send_time.checked`. Without `twin` it raises AlreadySent when the very same
    message waits for that time already: a page that Back brought anew has another key.
    """

    def later(tx: Session, prepared: Prepared) -> Begun:
        now = clock.now()  # the write lock may have taken a while
        begun = add(tx, prepared, now, terms=terms, by=by, draft=draft)
        if not twin and (other := _twin(tx, begun.mailing)):
            raise AlreadySent(_TWICE, mailing_id=other)
        return begun

    return send.once(event_id, message, later, key=key, terms=terms, by=by)


def add(
    tx: Session, prepared: Prepared, now: datetime, *, terms: SendingTerms, by: Acting,
    draft: draft_rows.DraftVersion | None = None,
) -> Begun:  # fmt: skip
    """`create`, as of `now`, in the caller's transaction and without a key."""
    message, event_id = prepared.message, prepared.event_id
    time = send_time.checked(_plan(message), tx.get_one(Event, event_id), now)
    mailing, text = send.commit(tx, prepared, MailingState.SCHEDULED, time.at, terms=terms, by=by, draft=draft)
    held = Schedule(mailing_id=mailing.id, edit_cutoff_at=time.at - terms.edit_cutoff, revision=1)
    _keep(held, mailing, message, time, replace(by, now=now))
    tx.add(held)
    tx.flush()
    records.audit(tx, by, "mailing.scheduled", f"mailing:{mailing.id}", event_id=event_id,
                  recipients=mailing.recipient_count, **_told(held))  # fmt: skip
    return Begun(mailing, text, held=held)


def _twin(tx: Session, mailing: Mailing) -> int | None:
    """The other message with the same text, people and time that has not left yet."""
    same = (Mailing.event_id == mailing.event_id, Mailing.content_id == mailing.content_id)
    due = (Mailing.send_at == mailing.send_at, Mailing.state == MailingState.SCHEDULED, Mailing.id != mailing.id)
    mine = drafts.criteria(mailing.audience)
    for other_id, audience in tx.execute(select(Mailing.id, Mailing.audience).where(*same, *due)):
        if drafts.criteria(audience) == mine:
            return int(other_id)
    return None


def change(
    event_id: int, mailing_id: int, message: Message, *, terms: SendingTerms, by: Acting, revision: int | None = None
) -> None:
    """Give a scheduled message another text, audience or time, until its cutoff (H3). Nothing is asked of what stays.

    `revision` is the one that was read, if any. Raises PastEditWindow, StaleRevision, and the errors of `create`.
    """
    prepared = send.prepare(event_id, message, terms)
    with transaction() as tx:
        mailing, held, now = _open(tx, event_id, mailing_id, revision)
        event = tx.get_one(Event, event_id)
        calendar_mails.check_leaves(tx, mailing)
        time = send_time.checked(_plan(message), event, now, kept=mailing.send_at)
        send.check_unchanged(tx, prepared, terms, by)
        check(tx, message.origin)
        before = _told(held)
        same_people = _keeps_people(mailing, held, prepared)
        mailing.content_id = contents.kept(tx, event_id, message.text, prepared.compiled, by).id
        for column, value in (message.origin.columns() if message.origin else {}).items():
            setattr(mailing, column, value)
        if time.at != mailing.send_at:
            held.edit_cutoff_at = time.at - terms.edit_cutoff
        mailing.send_at = time.at
        if not same_people:
            mailing.audience = prepared.audience.as_json()
            recipients.rewrite(tx, mailing, prepared.audience, by)
        _keep(held, mailing, message, time, replace(by, now=now))
        gone = mailing.recipient_count - mailing.n_queued
        records.rebook(tx, mailing.id, mailing.n_queued, time.at, terms.limits, returned=gone)
        send.freeze_values(tx, mailing, terms)
        records.audit(tx, by, "mailing.rescheduled", f"mailing:{mailing_id}", event_id=event_id,
                      recipients=mailing.recipient_count, before=before, after=_told(held))  # fmt: skip


def accept(event_id: int, mailing_id: int, terms: SendingTerms, by: Acting, seen: datetime | None = None) -> SendTime:
    """Take the time that a scheduled message has since the event moved (H6a); `seen` is the one the page showed.

    Raises PastEditWindow, PastSendAt, MissingEventTime, NothingToDo when the time is the same, StaleRevision when it
    is not the one that was seen.
    """
    with transaction() as tx:
        mailing, held, now = _open(tx, event_id, mailing_id)
        event = tx.get_one(Event, event_id)
        proposed = send_time.proposed(mailing, held, event)
        if proposed is None:
            raise NothingToDo("This message is due at the right time already.")
        if seen is not None and seen != proposed.at:
            raise StaleRevision(
                "The event moved once more since you looked. Nothing was changed: look at the new time."
            )
        time = send_time.checked(send_time.plan_of_schedule(held), event, now)
        before = _told(held)
        held.wall, held.timezone, held.fold = time.wall, time.timezone, time.fold
        held.edit_cutoff_at, mailing.send_at = time.at - terms.edit_cutoff, time.at
        tx.flush()
        gone = mailing.recipient_count - mailing.n_queued
        records.rebook(tx, mailing.id, mailing.n_queued, time.at, terms.limits, returned=gone)
        records.audit(tx, by, "mailing.rescheduled", f"mailing:{mailing_id}", event_id=event_id,
                      recipients=mailing.recipient_count, before=before, after=_told(held))  # fmt: skip
        return time


def reopen(event_id: int, mailing_id: int, by: Acting) -> int:
    """Cancel a scheduled, missed or failed message and make a draft of it; returns the draft's id (H3).

    The draft keeps a relative time, and a time that is still to come. Raises AlreadySent when it went out meanwhile,
    AlreadyCancelled.
    """
    with transaction() as tx:
        mailing = control.find(tx, event_id, mailing_id)
        if mailing.state in BEGUN:
            raise AlreadySent("It began to go out meanwhile. Nothing was cancelled, and no draft was made.")
        control.withdraw(tx, mailing, by)
        plan = send_time.plan_of_schedule(start.schedule(tx, mailing_id))
        if not plan.relative and (mailing.send_at is None or mailing.send_at <= clock.now()):
            plan = send_time.Plan(audience_mode=plan.audience_mode)
        return draft_copies.again_in(tx, mailing, by, plan=plan)


def is_open(held: Schedule, now: datetime) -> bool:
    """Whether a scheduled message can still be changed: strictly before its cutoff (H3)."""
    return now < held.edit_cutoff_at


def closed(mailing: Mailing, held: Schedule, consequence: str = "Nothing was changed.") -> PastEditWindow:
    """The refusal of a change to a message that was scheduled, and why it comes too late (H3)."""
    ways = f" {_ANEW}" if mailing.state in WITHOUT_A_RUN else ""
    return PastEditWindow(f"{_why_closed(mailing, held)} {consequence}{ways}", mailing_id=mailing.id)


def _why_closed(mailing: Mailing, held: Schedule) -> str:
    due = _clock(mailing.send_at, held)
    if mailing.state == MailingState.SCHEDULED:
        return f"Changes were possible until {_clock(held.edit_cutoff_at, held)}; it is due at {due}."
    if mailing.state in WITHOUT_A_RUN:
        return f"It was due at {due}, and nothing of it left."
    if mailing.state == MailingState.CANCELLED:
        return "It was cancelled."
    return f"It was due at {due}, and began to go out then."


def _open(
    tx: Session, event_id: int, mailing_id: int, revision: int | None = None
) -> tuple[Mailing, Schedule, datetime]:
    """The message that may be changed now, counted as changed. Raises PastEditWindow and StaleRevision.

    The guarded UPDATE decides by the clock of the commit; what follows only words the refusal.
    """
    mailing = control.find(tx, event_id, mailing_id)
    now = clock.now()
    scheduled = exists().where(Mailing.id == Schedule.mailing_id, Mailing.state == MailingState.SCHEDULED)
    where = [Schedule.mailing_id == mailing_id, Schedule.edit_cutoff_at > now, scheduled]
    if revision is not None:
        where.append(Schedule.revision == revision)
    taken = update(Schedule).where(*where).values(revision=Schedule.revision + 1).returning(Schedule.id)
    if tx.scalar(taken, execution_options={"synchronize_session": False}) is None:
        if mailing.send_at is None:
            raise PastEditWindow("This was sent without a plan, so it can't be changed. Nothing was changed.")
        held = start.schedule(tx, mailing_id)
        if mailing.state == MailingState.SCHEDULED and is_open(held, now):
            raise StaleRevision(
                f"Somebody changed this message since you opened it: it is at revision {held.revision}. "
                "Nothing was changed. Look at it, then change it again.",
                conflict="changed",
            )
        raise closed(mailing, held)
    return mailing, start.schedule(tx, mailing_id), now


def _plan(message: Message) -> send_time.Plan:
    if message.plan is None or not message.plan.has_time:
        raise InvalidInput.at("send_at", "REQUIRED", "Choose a date and a time to send it at.")
    return message.plan


def _keep(held: Schedule, mailing: Mailing, message: Message, time: SendTime, by: Acting) -> None:
    mode = _plan(message).audience_mode
    held.wall, held.timezone, held.fold, held.relative = time.wall, time.timezone, time.fold, _json(time.relative)
    held.audience_mode, held.scheduled_count, held.service = mode, mailing.n_queued, service()
    held.scheduled_by, held.scheduled_at = by.user_id, by.now
    if mode == AudienceMode.EXACT and "list_as_of" not in mailing.audience:
        mailing.audience = {**mailing.audience, "list_as_of": [wall_time.rfc3339(by.now)]}


def _keeps_people(mailing: Mailing, held: Schedule, prepared: Prepared) -> bool:
    """Whether the people of the scheduling stay: they were frozen, and the same ones are asked for."""
    plan, picked = prepared.message.plan, prepared.audience
    if plan is None or plan.audience_mode != AudienceMode.EXACT or held.audience_mode != AudienceMode.EXACT:
        return False
    asked = picked.as_json()
    return picked.as_of is None and all(
        set(asked[part]) == set(mailing.audience.get(part, [])) for part in audiences.PARTS
    )


def _json(rule: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if rule is None else {name: value for name, value in rule.items() if value is not None}


def _told(held: Schedule) -> dict[str, Any]:
    """A schedule as the log tells it."""
    told = {"send_at": held.wall.isoformat(), "timezone": held.timezone, "audience_mode": str(held.audience_mode)}
    return {**told, **({"relative": held.relative} if held.relative else {})}


def _clock(at: datetime | None, held: Schedule) -> str:
    if at is None:
        return ""
    name = wall_time.abbreviation(at, held.zone)
    zone = name if name == held.timezone else f"{name} ({held.timezone})"
    return f"{wall_time.shown(at, held.zone):%Y-%m-%d %H:%M} {zone}"
