"""API tokens: a program acts as a colleague until the colleague takes the token back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from eventmail import records, signing, value_parsing
from eventmail.db import fresh, transaction
from eventmail.domain.people import users
from eventmail.errors import InvalidInput, NotFound
from eventmail.models import ApiToken, User
from eventmail.records import Acting

USED_EVERY = timedelta(minutes=1)
LONGEST_NAME = 100


@dataclass(frozen=True)
class Bearer:
    """The colleague that a token acts for, and when its last use was recorded."""

    user: User
    token_id: int
    used_at: datetime | None
    read_only: bool


_FIND = (
    select(User, ApiToken.id, ApiToken.used_at, ApiToken.read_only)
    .join(ApiToken, ApiToken.user_id == User.id)
    .where(
        ApiToken.token_hash == bindparam("hash"),
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > bindparam("now", type_=ApiToken.created_at.type)),
        User.removed_at.is_(None),
    )
)


def find(token: str, now: datetime) -> Bearer | None:
    """The colleague that a good API token acts for. One statement, built once."""
    row = fresh().execute(_FIND, {"hash": signing.hashed(token), "now": now}).one_or_none()
    return Bearer(*row) if row else None


def used(bearer: Bearer, now: datetime) -> None:
    """Record that a token is in use, at most once a minute. Never waits for another writer."""
    if bearer.used_at is not None and bearer.used_at > now - USED_EVERY:
        return
    with transaction(patience_ms=0) as tx:
        long_ago = or_(ApiToken.used_at.is_(None), ApiToken.used_at <= now - USED_EVERY)
        tx.execute(
            update(ApiToken).where(ApiToken.id == bearer.token_id, long_ago).values(used_at=now),
            execution_options={"synchronize_session": False},
        )


def listed(user_id: int) -> Sequence[ApiToken]:
    """The tokens that one person has not taken back, newest first, expired ones included."""
    mine = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return fresh().scalars(mine.order_by(ApiToken.id.desc()).limit(200)).all()


def issue_to(email: str, name: str, by: Acting, *, days: int | None = None, read_only: bool = False) -> str:
    """Add a token for the colleague at `email` and return it, for this once. Raises NotFound for a stranger."""
    name = checked(name)
    with transaction() as tx:
        return add(tx, users.colleague(tx, email).id, name, by, days=days, read_only=read_only)[1]


def add(
    tx: Session, user_id: int, name: str, by: Acting, *, days: int | None = None, read_only: bool = False
) -> tuple[int, str]:
    """Add a token, in the caller's transaction; returns (id, token), the token for this once."""
    token = "em_" + signing.new_token()
    expires_at = by.now + timedelta(days=days) if days else None
    made = ApiToken(user_id=user_id, name=name, token_hash=signing.hashed(token), created_at=by.now,
                    expires_at=expires_at, read_only=read_only)  # fmt: skip
    tx.add(made)
    tx.flush()
    detail: dict[str, Any] = {"read_only": True} if read_only else {}
    detail |= {"until": expires_at.isoformat()} if expires_at else {}
    records.audit(tx, by, "api_token.added", f"user:{user_id}", name=name, **detail)
    return made.id, token


def revoke(user_id: int, token_id: int, by: Acting) -> None:
    """Take back a token of one's own. Raises NotFound for one that is over or somebody else's."""
    with transaction() as tx:
        end(tx, user_id, token_id, by)


def end(tx: Session, user_id: int, token_id: int, by: Acting) -> None:
    """`revoke` in the caller's transaction."""
    name = tx.scalar(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=by.now)
        .returning(ApiToken.name)
    )
    if name is None:
        raise NotFound
    records.audit(tx, by, "api_token.revoked", f"user:{user_id}", name=name)


def checked(name: str) -> str:
    """Returns the name of a new token as it is stored. Raises InvalidInput."""
    name = value_parsing.clean_value(name)
    if not name or len(name) > LONGEST_NAME:
        message = f"Say what the token is for, in at most {LONGEST_NAME} characters."
        raise InvalidInput.at("name", "REQUIRED" if not name else "TOO_LONG", message)
    return name
