"""An event is open to the whole team, or restricted to its members and the owners."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, transaction
from eventmail.errors import InvalidInput, RoleTooLow
from eventmail.models import Event, EventMember, User
from eventmail.models.account import Role


@dataclass(frozen=True)
class Colleague:
    """Somebody of the team, and whether they are a member of the event. Owners see it anyway."""

    user: User
    member: bool

    @property
    def owner(self) -> bool:
        return self.user.role == Role.OWNER


def colleagues(event_id: int) -> Sequence[Colleague]:
    """The whole team by name, in 1 query."""
    here = select(EventMember.id).where(EventMember.event_id == event_id, EventMember.user_id == User.id).exists()
    rows = fresh().execute(select(User, here).where(User.removed_at.is_(None)).order_by(User.name, User.id))
    return [Colleague(user, bool(member)) for user, member in rows]


def may_share(event: Event, user: User) -> bool:
    """Whether `user` may share the event: owners and its creator may."""
    return user.role == Role.OWNER or event.created_by == user.id


def share(
    event_id: int, members: Collection[int], *, restricted: bool, by: records.Acting, without_me: bool = False
) -> None:
    """Open the event to the whole team, or restrict it to `members` (ids of colleagues) and the owners.

    An open event keeps its members, so that restricting it again finds them. Raises RoleTooLow, and InvalidInput for
    a member who is no colleague. Raises InvalidInput, too, when the acting person would lose the event, unless
    `without_me`.
    """
    with transaction() as tx:
        event, acting = tx.get_one(Event, event_id), tx.get(User, by.user_id or 0)
        if acting is None or not may_share(event, acting):
            raise RoleTooLow("Only an owner, or whoever made this event, decides who sees it. Nothing was changed.")
        wanted = set(members)
        team = dict(tx.execute(select(User.id, User.name).where(User.removed_at.is_(None))).all())
        if strangers := wanted - set(team):
            message = f"{len(strangers)} of those you ticked do not belong to the team any more. Look again and save."
            raise InvalidInput.at("members", "UNKNOWN_PERSON", message)
        if restricted and acting.role != Role.OWNER and acting.id not in wanted and not without_me:
            message = "You are not ticked, so you would not see this event any more. Tick yourself, or say so below."
            raise InvalidInput.at("without_me", "LOCKS_YOU_OUT", message)
        before = _members(tx, event_id)
        if (event.restricted, before) == (restricted, wanted):
            return
        tx.execute(delete(EventMember).where(EventMember.event_id == event_id, EventMember.user_id.not_in(wanted)))
        if new := sorted(wanted - before):
            tx.execute(insert(EventMember), [{"event_id": event_id, "user_id": user_id} for user_id in new])
        was, event.restricted = event.restricted, restricted
        records.audit(tx, by, "event.shared", f"event:{event_id}", event_id=event_id,
                      before={"restricted": was, "members": _names(team, before)},
                      after={"restricted": restricted, "members": _names(team, wanted)})  # fmt: skip


def copy(tx: Session, from_: int, to: int, by: records.Acting) -> None:
    """Share event `to` as `from_` is, and with the acting person. Runs in the caller's transaction."""
    tx.get_one(Event, to).restricted = tx.get_one(Event, from_).restricted
    if members := _members(tx, from_) | ({by.user_id} if by.user_id else set()):
        tx.execute(insert(EventMember), [{"event_id": to, "user_id": user_id} for user_id in sorted(members)])


def _members(session: Session, event_id: int) -> set[int]:
    return set(session.scalars(select(EventMember.user_id).where(EventMember.event_id == event_id)))


def _names(team: dict[int, str], user_ids: Collection[int]) -> list[str]:
    return sorted(team.get(user_id, "somebody who left") for user_id in user_ids)
