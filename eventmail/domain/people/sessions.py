"""Sessions of signed-in browsers: begin, find, list, end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from eventmail import records, signing
from eventmail.db import fresh, transaction
from eventmail.errors import NotFound
from eventmail.models import LoginSession, User
from eventmail.models.account import Role
from eventmail.records import Acting

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=7)  # a session without a request for this long is over
IDLE_OWNER = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
_LONGEST = 300


@dataclass(frozen=True)
class Caller:
    """The origin of a request."""

    network: str = ""  # the address as the throttle counts it
    user_agent: str = ""
    browsers: Mapping[int, str] = field(default_factory=dict)  # its name by id of each colleague who signed in with it

    def known_to(self, user_id: int) -> str:
        """The name of this browser when this colleague signed in with it before, else ""."""
        return self.browsers.get(user_id, "")


@dataclass(frozen=True)
class Present:
    """The person who is signed in, the session, and when its last use was recorded."""

    user: User
    session_id: int
    seen_at: datetime | None


NOWHERE = Caller()


def _awake(since: Any, since_owner: Any, organizer: ColumnElement[bool]) -> ColumnElement[bool]:
    last = func.coalesce(LoginSession.seen_at, LoginSession.created_at)
    return or_(last > since_owner, (last > since) & organizer)


_INSTANT = LoginSession.expires_at.type
_FIND = (
    select(User, LoginSession.id, LoginSession.seen_at)
    .join(LoginSession, LoginSession.user_id == User.id)
    .where(
        LoginSession.token_hash == bindparam("hash"),
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at > bindparam("now", type_=_INSTANT),
        _awake(bindparam("since", type_=_INSTANT), bindparam("since_owner", type_=_INSTANT), User.role != Role.OWNER),
        User.removed_at.is_(None),
    )
)


def begin(tx: Session, user_id: int, by: Acting, caller: Caller, *, by_link: bool = False) -> str:
    """Begin a session and return its token. Runs in the caller's transaction."""
    token = signing.new_token()
    tx.add(
        LoginSession(
            user_id=user_id, token_hash=signing.hashed(token), created_at=by.now, expires_at=by.now + LIFETIME,
            seen_at=by.now, user_agent=caller.user_agent[:_LONGEST], network=caller.network, by_link=by_link,
        )
    )  # fmt: skip
    records.audit(tx, by, "session.began", f"user:{user_id}")
    return token


def find(token: str, now: datetime) -> Present | None:
    """The person of a session that is still good. One statement, built once."""
    given = {"hash": signing.hashed(token), "now": now, "since": now - IDLE, "since_owner": now - IDLE_OWNER}
    row = fresh().execute(_FIND, given).one_or_none()
    return Present(*row) if row else None


def seen(present: Present, now: datetime, network: str = "") -> None:
    """Record that a session is in use, and where, at most once a minute. Never waits for another writer."""
    if present.seen_at is not None and present.seen_at > now - SEEN_EVERY:
        return
    with transaction(patience_ms=0) as tx:
        long_ago = or_(LoginSession.seen_at.is_(None), LoginSession.seen_at <= now - SEEN_EVERY)
        tx.execute(
            update(LoginSession)
            .where(LoginSession.id == present.session_id, long_ago)
            .values(seen_at=now, network=network),
            execution_options={"synchronize_session": False},
        )


def listed(user_id: int, now: datetime) -> Sequence[LoginSession]:
    """The good sessions of one person, the last used first."""
    mine = select(LoginSession).where(*_good(user_id, now)).order_by(LoginSession.seen_at.desc())
    return fresh().scalars(mine.limit(200)).all()


def sign_out(token: str, by: Acting) -> None:
    """End the session of `token`; a second time is fine."""
    with transaction() as tx:
        _end(tx, [LoginSession.token_hash == signing.hashed(token)], by)


def end_one(user_id: int, session_id: int, by: Acting) -> None:
    """End one of one's own sessions. Raises NotFound for one that ended before or is somebody else's."""
    with transaction() as tx:
        if not _end(tx, [*_good(user_id, by.now), LoginSession.id == session_id], by):
            raise NotFound
        records.audit(tx, by, "session.ended", f"user:{user_id}", sessions=1)


def end_others(user_id: int, session_id: int, by: Acting) -> int:
    """End all of one's own sessions but `session_id`; returns how many."""
    with transaction() as tx:
        if ended := _end(tx, [*_good(user_id, by.now), LoginSession.id != session_id], by):
            records.audit(tx, by, "session.ended", f"user:{user_id}", sessions=ended)
        return ended


def end_all(tx: Session, user_id: int, by: Acting) -> int:
    """End every session of one person; returns how many. Runs in the caller's transaction."""
    return _end(tx, [LoginSession.user_id == user_id], by)


def end_begun(tx: Session, user_id: int, at: datetime, by: Acting) -> None:
    """End the session that a link began at this instant. Runs in the transaction that begins its successor."""
    _end(tx, [LoginSession.user_id == user_id, LoginSession.by_link.is_(True), LoginSession.created_at == at], by)


def _good(user_id: int, now: datetime) -> list[ColumnElement[bool]]:
    organizer = LoginSession.user_id.not_in(select(User.id).where(User.role == Role.OWNER))
    return [
        LoginSession.user_id == user_id,
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at > now,
        _awake(now - IDLE, now - IDLE_OWNER, organizer),
    ]


def _end(tx: Session, where: Sequence[ColumnElement[bool]], by: Acting) -> int:
    statement = update(LoginSession).where(*where, LoginSession.revoked_at.is_(None)).values(revoked_at=by.now)
    return len(tx.scalars(statement.returning(LoginSession.id), execution_options={"synchronize_session": False}).all())
