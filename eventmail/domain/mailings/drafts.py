"""Drafts: several people save one in turn while they write, until one of them sends it (D5)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy import delete as delete_
from sqlalchemy.orm import Session, aliased

from eventmail import ids, records
from eventmail.content.markdown import DIALECT
from eventmail.db import Rows, fresh, transaction
from eventmail.domain.mailings import contents, draft_rows, origin, query
from eventmail.domain.mailings.origin import Origin
from eventmail.domain.mailings.send_time import Plan, computed, plan_of
from eventmail.errors import DomainError, NotFound, PastEditWindow
from eventmail.models import DraftText, Event, Mailing, User
from eventmail.records import Acting, Keyed
from eventmail.states import MailingKind, MailingState

_NOT_SAVED = "What you wrote since was not saved."
_NOTHING = "Nothing of this request was saved or sent."


@dataclass(frozen=True)
class Written:
    """The text and audience of a draft. Saving checks nothing, sending does (C2).

    `origin` is the design that the text was just taken from; with None a draft keeps the one it has (D3).
    """

    text: contents.Text
    audience: Mapping[str, list[str]]
    plan: Plan | None = None
    origin: Origin | None = None
    asked: Mapping[str, Any] | None = None  # the request of a program: what the key covers then
    kind: MailingKind = MailingKind.ONE_TIME  # of a new draft; a save changes neither this nor `about`
    about: Mapping[str, str] | None = None  # what the event must still be when it leaves (K3a)

    @property
    def is_blank(self) -> bool:
        return not (any(part.strip() for part in asdict(self.text).values()) or any(self.audience.values()))

    def as_json(self) -> dict[str, Any]:
        """What an idempotency key stands for."""
        named = {name: value for name, value in self.columns().items() if name != "plan" or value}
        written = {**named, **(self.origin.as_json() if self.origin else {}), "draft": True}
        written |= {"kind": self.kind} if self.kind != MailingKind.ONE_TIME else {}
        return written if self.asked is None else dict(self.asked)

    def columns(self) -> dict[str, Any]:
        """The values of a draft's row."""
        picked = {part: list(ids) for part, ids in self.audience.items() if ids}
        return {**asdict(self.text), "audience": picked, "plan": self.plan.as_json() or None if self.plan else None}


@dataclass(frozen=True)
class Saved:
    """A draft after a save; `made` when this was its first."""

    mailing_id: int
    revision: int
    made: bool = False


@dataclass(frozen=True)
class Made:
    """The answer to a draft that a program made: the same under the same key."""

    mailing_id: int
    status: int
    answer: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True)
class Shown:
    """A draft; `author` began it, `saver` saved it last, each None when the account is gone."""

    id: int
    text: contents.Text
    audience: Mapping[str, list[str]]
    revision: int
    saved_at: datetime
    dialect: int
    author: str | None
    saver: str | None
    plan: Plan | None = None
    origin: Origin | None = None
    kind: MailingKind = MailingKind.ONE_TIME
    about: Mapping[str, str] | None = None


def save(event_id: int, read: draft_rows.DraftVersion, written: Written, by: Acting) -> Saved | None:
    """Save what is written, as a new draft when `read` names none; returns None for a blank new one.

    An unchanged text keeps its revision. Raises StaleRevision, PastEditWindow when it was sent, NotFound.
    """
    with transaction() as tx:
        mailing_id = draft_rows.id_of(tx, event_id, read, by)
        if mailing_id is None:
            if written.is_blank:
                return None
            made = make(tx, event_id, written, by, page=read.page)
            if read.page:
                draft_rows.remember(tx, event_id, read, made.id, by)
            return Saved(made.id, 1, made=True)
        held = _held(tx, event_id, mailing_id, by)
        before, after = _columns(held), written.columns()
        if before == after and not _takes(tx, mailing_id, written.origin):
            if not read.page and read.revision != held.revision:  # a program would send a text it has not read
                raise draft_rows.stale(tx, mailing_id, by, _NOTHING, read=read)
            return Saved(mailing_id, held.revision)
        revision = tx.scalar(
            update(DraftText)
            .where(DraftText.mailing_id == mailing_id, draft_rows.unchanged(read))
            .values(**after, revision=DraftText.revision + 1, saved_by=by.user_id, saved_at=by.now,
                    saved_from=read.page, dialect=DIALECT)
            .returning(DraftText.revision),
            execution_options={"synchronize_session": False},
        )  # fmt: skip
        if revision is None:
            raise draft_rows.stale(tx, mailing_id, by, _NOT_SAVED if read.page else _NOTHING, read=read)
        if written.origin:
            origin.check(tx, written.origin)
            tx.execute(update(Mailing).where(Mailing.id == mailing_id).values(**written.origin.columns()))
        if held.saved_by != by.user_id:  # the log names each writer once in a row, not each save
            new = [part for part, value in after.items() if value != before[part]]
            records.audit(
                tx, by, "draft.edited", f"mailing:{mailing_id}", event_id=event_id,
                before={part: before[part] for part in new}, after={part: after[part] for part in new},
            )  # fmt: skip
    return Saved(mailing_id, revision)


def _takes(tx: Session, mailing_id: int, taken: Origin | None) -> bool:
    """Whether the text of a draft is taken from another snapshot of a design than before."""
    return taken is not None and taken != origin.of(tx.get_one(Mailing, mailing_id))


def create(event_id: int, written: Written, *, key: str, by: Acting) -> Made:
    """Make a draft, once per `key` and person. Raises IdempotencyKeyReused."""
    keyed = Keyed(draft_rows.scope(event_id, by), key, records.body_hash(written.as_json()))
    with transaction() as tx:
        if replay := records.replayable(tx, keyed):
            return Made(replay.mailing_id or 0, replay.status, replay.answer, replayed=True)
        origin.check(tx, written.origin)
        mailing = make(tx, event_id, written, by)
        answer = described(mailing, _held(tx, event_id, mailing.id, by))
        records.remember(tx, keyed, mailing.id, answer, by)
    return Made(mailing.id, 202, answer)


def delete(event_id: int, mailing_id: int, revision: int, by: Acting) -> None:
    """Delete a draft at the revision that was read. Raises StaleRevision and PastEditWindow."""
    with transaction() as tx:
        held = _held(tx, event_id, mailing_id, by)
        guarded = delete_(DraftText).where(DraftText.mailing_id == mailing_id, DraftText.revision == revision)
        if tx.scalar(guarded.returning(DraftText.id), execution_options={"synchronize_session": False}) is None:
            raise draft_rows.stale(tx, mailing_id, by, "Nothing was deleted.")
        tx.execute(delete_(Mailing).where(Mailing.id == mailing_id, Mailing.state == MailingState.DRAFT))
        records.audit(tx, by, "draft.deleted", f"mailing:{mailing_id}", event_id=event_id, before=_columns(held))


def find(event_id: int, mailing_id: int) -> Shown | None:
    """One draft of the event; None for a message that is no draft any more. Raises NotFound."""
    found = fresh().execute(_ONE, {"event": event_id, "mailing": mailing_id}).one_or_none()
    if found is None:
        raise NotFound
    return shown(found) if found.DraftText else None


def unsent(event_id: int, mailing_id: int, by: Acting) -> Shown:
    """One draft. Raises NotFound, and PastEditWindow for a message that is no draft any more."""
    found = find(event_id, mailing_id)
    if found is None:
        raise draft_rows.sent(fresh(), mailing_id, by, PastEditWindow, "Nothing was changed.")
    return found


def newest(event_id: int, user_id: int, kind: MailingKind) -> Shown | None:
    """The draft of this person and this kind that was saved last, if there is one."""
    mine = newest_first(event_id).where(Mailing.created_by == user_id, Mailing.kind == kind).limit(1)
    found = fresh().execute(mine).one_or_none()
    return shown(found) if found else None


def newest_first(event_id: int) -> Rows:
    """All drafts of the event, the one that was saved last first; `shown` makes one of a row."""
    return _WRITTEN.where(Mailing.event_id == event_id).order_by(DraftText.saved_at.desc(), DraftText.id.desc())


def shown(row: Any) -> Shown:
    """A row of `newest_first`."""
    held: DraftText = row.DraftText
    text, audience = contents.Text(held.subject, held.preheader, held.body), criteria(held.audience)
    return Shown(
        held.mailing_id, text, audience, held.revision, held.saved_at, held.dialect, row.author, row.saver,
        plan_of(held.plan), origin.of(row), MailingKind(row.kind), row.about,
    )  # fmt: skip


def state(event_id: int, mailing_id: int) -> dict[str, Any]:
    """A draft as answers show it. Raises NotFound, also for a message that is no draft any more."""
    held = draft_rows.find(fresh(), event_id, mailing_id)
    if held is None:
        raise NotFound
    return described(fresh().get_one(Mailing, mailing_id), held)


def described(mailing: Mailing, held: DraftText) -> dict[str, Any]:
    """A draft as answers show it: a mailing, with the revision that a change has to name."""
    audience = {part: list(picked) for part, picked in criteria(held.audience).items()}
    return {
        **query.described(mailing, held, None), **described_plan(mailing.event_id, plan_of(held.plan)),
        "revision": held.revision, "audience": audience,
    }  # fmt: skip


def described_plan(event_id: int, plan: Plan | None) -> dict[str, Any]:
    """The plan of a draft as answers show it; no instant while it means none."""
    at, plan = None, plan or Plan()
    with suppress(DomainError):
        at = computed(plan, fresh().get_one(Event, event_id)).at if plan.has_time else None
    return {"send_at": query.instant(at), "timezone": plan.timezone or None, "fold": plan.fold,
            "relative": plan.relative, "audience_mode": str(plan.audience_mode) if plan.has_time else None}  # fmt: skip


def _rows(*, also_sent: bool = False) -> Rows:
    """What `shown` needs of each draft. A message that was sent has no text."""
    author, saver = aliased(User), aliased(User)
    return (
        select(
            DraftText,
            author.name.label("author"),
            saver.name.label("saver"),
            Mailing.kind,
            Mailing.about,
            *origin.COLUMNS,
        )
        .select_from(Mailing)
        .join(DraftText, DraftText.mailing_id == Mailing.id, isouter=also_sent)
        .outerjoin(author, author.id == Mailing.created_by)
        .outerjoin(saver, saver.id == DraftText.saved_by)
    )


# built once: every tracker asks first whether its message is a draft
_WRITTEN = _rows()
_ONE = _rows(also_sent=True).where(
    Mailing.event_id == bindparam("event"), Mailing.id == bindparam("mailing"), ~Mailing.is_test
)


def make(
    tx: Session, event_id: int, written: Written, by: Acting, *, page: str = "", dialect: int = DIALECT
) -> Mailing:
    """Make a draft. Runs in the caller's transaction."""
    mailing = Mailing(
        event_id=event_id, kind=written.kind, state=MailingState.DRAFT, key=ids.token(16), content_id=None,
        audience={}, excluded={}, constants={}, reply_to="", recipient_count=0, created_by=by.user_id,
        created_at=by.now, about=written.about, **(written.origin.columns() if written.origin else {}),
    )  # fmt: skip
    tx.add(mailing)
    tx.flush()
    tx.add(
        DraftText(
            mailing_id=mailing.id, **written.columns(), revision=1, saved_by=by.user_id, saved_at=by.now,
            saved_from=page, dialect=dialect,
        )
    )  # fmt: skip
    tx.flush()
    records.audit(tx, by, "draft.begun", f"mailing:{mailing.id}", event_id=event_id)
    return mailing


def _held(tx: Session, event_id: int, mailing_id: int, by: Acting) -> DraftText:
    held = draft_rows.find(tx, event_id, mailing_id)
    if held is None:
        raise draft_rows.sent(tx, mailing_id, by, PastEditWindow, _NOT_SAVED)
    return held


def _columns(held: DraftText) -> dict[str, Any]:
    return {name: getattr(held, name) for name in ("subject", "preheader", "body", "audience", "plan")}


def criteria(audience: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The criteria alone; a message that was sent stores more with its audience."""
    return {part: list(audience.get(part, [])) for part in ("statuses", "segments", "guests", "exclude_segments")}
