"""Sending a message: everything of rule S1 in one transaction, or nothing."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from eventmail import ids, records
from eventmail.content.compiled import Compiled
from eventmail.db import fresh, service, transaction
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience import snapshots
from eventmail.domain.events import edit
from eventmail.domain.mailings import calendar_mails, contents, draft_rows, merge_values, query, recipients, review
from eventmail.domain.mailings.origin import Origin, check
from eventmail.domain.mailings.send_time import Plan
from eventmail.domain.terms import NothingLeaves, SendingTerms
from eventmail.errors import (
    AlreadyCancelled,
    EventChanged,
    IdempotencyKeyReused,
    NoRecipients,
)
from eventmail.models import Content, Event, IdempotencyRecord, Job, Mailing, Reservation, Schedule, Snapshot, User
from eventmail.records import Acting, Keyed
from eventmail.states import JobState, MailingKind, MailingState


@dataclass(frozen=True)
class Message:
    """A text to send, and the audience criteria as picked.

    `snapshot` is the token of the reviewed list. With `exact` exactly the people of that list get the mail (A4);
    without criteria, its criteria count. `event_seen` is the fingerprint of the reviewed event
    (`merge_values.looked_at`), or empty. With a `plan` the message is scheduled. `origin` is the design that the text
    was just taken from; a draft that is sent keeps its own (D3).
    """

    text: contents.Text
    audience: Mapping[str, list[str]]
    snapshot: str = ""
    exact: bool = False
    event_seen: str = ""
    kind: MailingKind = MailingKind.ONE_TIME
    plan: Plan | None = None
    origin: Origin | None = None
    asked: Mapping[str, Any] | None = None  # the request of a program: what the key covers then

    def as_json(self) -> dict[str, Any]:
        """What an idempotency key stands for."""
        if self.asked is not None:
            return dict(self.asked)
        return {
            **asdict(self.text),
            "audience": {part: sorted(picked) for part, picked in self.audience.items() if picked},
            **({"exactly": self.snapshot} if self.exact else {}),
            **({"plan": self.plan.as_json()} if self.plan else {}),
            **(self.origin.as_json() if self.origin else {}),
            **({"kind": self.kind} if self.kind != MailingKind.ONE_TIME else {}),
        }


@dataclass(frozen=True)
class Sent:
    """The answer to a send, the same under the same key. `job_id` is None for a replay and for a scheduled message."""

    mailing_id: int
    status: int
    answer: dict[str, Any]
    job_id: int | None
    replayed: bool = False


@dataclass(frozen=True)
class Prepared:
    """A message that passed its checks. `reviewed` is the list that the audience must still match, if any."""

    event_id: int
    message: Message
    compiled: Compiled
    audience: audiences.Audience
    reviewed: Snapshot | None


@dataclass(frozen=True)
class Begun:
    """What a message became. A scheduled one has no `job`, but is `held`."""

    mailing: Mailing
    text: Content
    job: Job | None = None
    held: Schedule | None = None


Begin = Callable[[Session, Prepared], Begun]


def prepare(event_id: int, message: Message, terms: SendingTerms) -> Prepared:
    """Check and compile a message; stores nothing.

    Raises UnresolvedToken, InvalidInput, InvalidAudience, for a calendar mail MissingEventTime and InvalidTimezone
    (400), EventArchived (409), and NothingLeaves while nothing may leave this box (S13).
    """
    if terms.hindrances:
        raise NothingLeaves(" ".join(terms.hindrances))
    edit.refuse_archived(fresh(), event_id)
    calendar_mails.check_for(fresh(), event_id, message.kind)
    compiled = contents.checked(event_id, message.text)
    reviewed = snapshots.find(event_id, message.snapshot) if message.snapshot else None
    criteria = message.audience if any(message.audience.values()) or reviewed is None else reviewed.audience
    picked = audiences.checked(event_id, criteria, outside=terms.outside)
    if message.exact and reviewed is not None:
        review.refuse_other_criteria(picked, reviewed)
        picked, reviewed = replace(picked, as_of=snapshots.as_of(reviewed)), None
    return Prepared(event_id, message, compiled, picked, reviewed)


def resolve(prepared: Prepared) -> audiences.Resolution:
    """The recipients and exclusions as of now. Raises NoRecipients and AudienceChanged (409)."""
    resolution = audiences.resolve(fresh(), prepared.audience)
    if resolution.count == 0:
        raise NoRecipients
    review.refuse_other_people(fresh(), prepared.audience, prepared.reviewed)
    return resolution


def send(
    event_id: int, message: Message, *, key: str, terms: SendingTerms, by: Acting,
    draft: draft_rows.DraftVersion | None = None,
) -> Sent:  # fmt: skip
    """Send `message` now, once per `key` and person (S1). A `draft` keeps its row and id.

    Raises the errors of `prepare` and `commit`, IdempotencyKeyReused, QuotaExceeded, and AlreadyCancelled for the key
    of a cancelled mailing (S7).
    """

    def now(tx: Session, prepared: Prepared) -> Begun:
        starts_at = by.now + terms.undo
        mailing, text = commit(tx, prepared, MailingState.SENDING, starts_at, terms=terms, by=by, draft=draft)
        job = begin_run(tx, mailing, 1, starts_at, by)
        records.audit(tx, by, "mailing.sent", f"mailing:{mailing.id}", event_id=event_id,
                      recipients=mailing.recipient_count, excluded=mailing.excluded)  # fmt: skip
        return Begun(mailing, text, job=job)

    return once(event_id, message, now, key=key, terms=terms, by=by)


def once(event_id: int, message: Message, begin: Begin, *, key: str, terms: SendingTerms, by: Acting) -> Sent:
    """Check `message` and `begin` it in one transaction, once per `key` and person (S1)."""
    keyed = _keyed(event_id, message, key, by)
    if replay := records.replayable(fresh(), keyed):
        return replayed(fresh(), replay)
    prepared = prepare(event_id, message, terms)
    with transaction() as tx:
        if replay := records.replayable(tx, keyed):  # a second click was faster
            return replayed(tx, replay)
        begun = begin(tx, prepared)
        mailing_id = begun.mailing.id
        answer = query.described(begun.mailing, begun.text, begun.job, begun.held)
        records.remember(tx, keyed, mailing_id, answer, by)
    return Sent(mailing_id, 202, answer, begun.job.id if begun.job else None)


def replay(event_id: int, asked: Mapping[str, Any], *, key: str, by: Acting) -> Sent | None:
    """The earlier answer to what a program `asked`, or None. Raises IdempotencyKeyReused, AlreadyCancelled."""
    found = records.replayable(fresh(), Keyed(draft_rows.scope(event_id, by), key, records.body_hash(asked)))
    return replayed(fresh(), found) if found else None


def key_for(event_id: int, message: Message, key: str | None, by: Acting) -> str:
    """The key of a form: the one it had, so that it leads to its message, or a new one when that was another."""
    if key:
        with suppress(IdempotencyKeyReused):
            records.replayable(fresh(), _keyed(event_id, message, key, by))
            return key
    return ids.token(24)


def _keyed(event_id: int, message: Message, key: str, by: Acting) -> Keyed:
    return Keyed(draft_rows.scope(event_id, by), key, records.body_hash(message.as_json()))


def check_unchanged(tx: Session, prepared: Prepared, terms: SendingTerms, by: Acting) -> None:
    """Raise AudienceChanged or EventChanged when people or event differ from the review (A4)."""
    review.refuse_other_people(tx, prepared.audience, prepared.reviewed)
    seen = prepared.message.event_seen
    if seen and seen != merge_values.looked_at(*_author(tx, prepared.event_id, by.user_id), terms):
        raise EventChanged


def replayed(session: Session, record: IdempotencyRecord) -> Sent:
    """The answer that was given before. Raises AlreadyCancelled when its mailing was cancelled since (S7)."""
    mailing = session.get(Mailing, record.mailing_id) if record.mailing_id else None
    if mailing is not None and mailing.state == MailingState.CANCELLED:
        raise AlreadyCancelled
    return Sent(record.mailing_id or 0, record.status, record.answer, None, replayed=True)


def commit(
    tx: Session, prepared: Prepared, to_state: MailingState, starts_at: datetime,
    *, terms: SendingTerms, by: Acting, draft: draft_rows.DraftVersion | None = None,
) -> tuple[Mailing, Content]:  # fmt: skip
    """Store a prepared message in `to_state`: content, recipients, exclusions, places for `starts_at`; no run yet.

    Runs in the caller's transaction. Raises NoRecipients, QuotaExceeded, EventArchived; AudienceChanged and
    EventChanged when people or event differ from the review; AlreadySent, StaleRevision for the draft; the errors of
    `calendar_mails.check_leaves`. A draft decides by itself what kind of message it becomes.
    """
    message, event_id = prepared.message, prepared.event_id
    check_unchanged(tx, prepared, terms, by)
    check(tx, message.origin)
    text = contents.kept(tx, event_id, message.text, prepared.compiled, by)
    criteria, send_at = prepared.audience.as_json(), starts_at if to_state == MailingState.SCHEDULED else None
    mailing = store(tx, message.kind, to_state, text, criteria, terms=terms, by=by, draft=draft, send_at=send_at,
                    origin=message.origin)  # fmt: skip
    calendar_mails.check_leaves(tx, mailing)
    recipients.write(tx, mailing, prepared.audience, by)
    _reserve(tx, mailing, 1, mailing.recipient_count, starts_at, terms=terms)
    return mailing, text


def store(
    tx: Session, kind: MailingKind, to_state: MailingState, text: Content, criteria: Mapping[str, list[str]],
    *, terms: SendingTerms, by: Acting, draft: draft_rows.DraftVersion | None = None, send_at: datetime | None = None,
    origin: Origin | None = None, key: str = "",
) -> Mailing:  # fmt: skip
    """Store a mailing, the row of `draft` or a new one, with everything but its recipients, which the caller adds.

    A new one has `key` as the root of its recipients' keys (S3), or a random one.
    """
    event, author = _author(tx, text.event_id, by.user_id)
    made = {"content_id": text.id, "audience": criteria, "created_by": by.user_id, "created_at": by.now,
            "send_at": send_at}  # fmt: skip
    frozen = {**made, **merge_values.frozen(event, author, terms), **(origin.columns() if origin else {})}
    if mailing := draft_rows.leave(tx, event.id, draft, frozen, by, to_state=to_state):
        calendar_mails.tells(mailing)
        return mailing
    mailing = Mailing(event_id=event.id, kind=kind, state=to_state, key=key or ids.token(16), excluded={},
                      recipient_count=0, **frozen)  # fmt: skip
    calendar_mails.tells(mailing)
    tx.add(mailing)
    tx.flush()
    if draft and draft.page:
        draft_rows.remember(tx, event.id, draft, mailing.id, by)
    return mailing


def freeze_values(tx: Session, mailing: Mailing, terms: SendingTerms) -> None:
    """Keep the values that the event has now; guests read them in the mail. Runs in the caller's transaction."""
    for column, value in merge_values.frozen(*_author(tx, mailing.event_id, mailing.created_by), terms).items():
        setattr(mailing, column, value)
    calendar_mails.tells(mailing)
    tx.flush()


def _author(tx: Session, event_id: int, user_id: int | None) -> tuple[Event, User | None]:
    return tx.get_one(Event, event_id), merge_values.author(tx, user_id)


def add_run(tx: Session, mailing: Mailing, places: int, terms: SendingTerms, by: Acting) -> Job:
    """Add the next run of a mailing, reserve its places, and begin it at once. Raises QuotaExceeded, EventArchived.

    Runs in the caller's transaction.
    """
    newest = select(func.max(Reservation.run)).where(Reservation.mailing_id == mailing.id)
    run = 1 + (tx.scalar(newest) or 0)
    _reserve(tx, mailing, run, places, by.now, terms=terms)
    return begin_run(tx, mailing, run, by.now, by)


def begin_run(tx: Session, mailing: Mailing, run: int, starts_at: datetime, by: Acting) -> Job:
    """Begin a run whose places are reserved. It and they keep the mail service that is set now (S13)."""
    entry = (Reservation.mailing_id == mailing.id, Reservation.run == run)
    tx.execute(update(Reservation).where(*entry).values(provider=service()))
    job = Job(
        mailing_id=mailing.id, run=run, state=JobState.RUNNING, request_id=by.request_id, created_at=by.now,
        starts_at=starts_at, provider=service(),
    )  # fmt: skip
    tx.add(job)
    tx.flush()
    return job


def _reserve(tx: Session, mailing: Mailing, run: int, places: int, due_at: datetime, *, terms: SendingTerms) -> None:
    edit.refuse_archived(tx, mailing.event_id)
    entry = Reservation(mailing_id=mailing.id, run=run, due_at=due_at, reserved=places)
    records.reserve(tx, entry, terms.limits)
