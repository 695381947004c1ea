"""The do-not-mail list as the team keeps it: list, add, lift with a reason, import (F1, F3).

Only owners make and lift entries for all events. An entry by a guest's own wish or complaint ends by the guest's own
link or by an owner.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from eventmail import addresses, records
from eventmail.db import fresh, transaction
from eventmail.db.sql import chunks
from eventmail.domain.suppressions import erased_addresses
from eventmail.domain.suppressions.reasons import EXCLUDED_AS, OWN_WORDS
from eventmail.errors import InvalidInput, NotFound, RoleTooLow, TooLarge
from eventmail.models import EVERYWHERE, PRACTICE, Guest, Suppression, User
from eventmail.models.account import Role
from eventmail.states import SuppressionReason

MOST_ADDRESSES = 100_000  # in one import
MOST_REJECTED = 1000  # lines that an import reports one by one
LONGEST_REASON = 500
_WIDE = EVERYWHERE, PRACTICE  # scopes of all events
ALL_EVENTS = "What is kept from all events is kept by owners. Nothing was changed."
_OWN_WISH = (
    "They said themselves that they want no mail. They can take it back by the link in any mail they got; else ask an "
    "owner to take them off. Nothing was changed."
)
_CELLS = re.compile(r'[,;\t<>"\s]+')


@dataclass(frozen=True)
class Rejected:
    """A line of an import without an address."""

    line: int
    text: str


@dataclass(frozen=True)
class ListReport:
    """The result of an import: the number of new addresses and of known ones, and the lines without an address."""

    added: int
    known: int
    rejected: Sequence[Rejected]
    rejected_count: int


def scope_of(event_id: int, *, everywhere: bool) -> str:
    """The scope of one event, or of all events."""
    return EVERYWHERE if everywhere else str(event_id)


def listed(event_id: int, user: User, *, q: str = "", reason: SuppressionReason | None = None) -> Select[Suppression]:
    """The statement for the entries that an event's page shows `user`, the newest first. `q` is part of an address.

    Of the entries for all events, a member sees those about this event's guests and those they made: the others could
    belong to an event that they may not see. An owner sees all entries (F3).
    """
    statement = select(Suppression).where(_shown(event_id, user)).order_by(Suppression.id.desc())
    if q:
        part = addresses.normalized(q)  # also lowers a part of an address
        statement = statement.where(Suppression.address.contains(part, autoescape=True))
    return statement if reason is None else statement.where(Suppression.reason == reason)


def counts(event_id: int, user: User) -> dict[SuppressionReason, int]:
    """How many entries the page shows, by reason."""
    rows = select(Suppression.reason, func.count()).where(_shown(event_id, user)).group_by(Suppression.reason)
    return {SuppressionReason(reason): number for reason, number in fresh().execute(rows)}


def find(event_id: int, suppression_id: int, user: User) -> Suppression:
    """One entry of the event's page. Raises NotFound when `user` may not see it."""
    return _find(fresh(), event_id, suppression_id, user)


def entries(event_id: int, addresses_: Collection[str], user: User) -> dict[tuple[str, str], int]:
    """The ids of the entries about these addresses that `user` may lift, by address and reason of exclusion (A2)."""
    where = [Suppression.address.in_(addresses_), _shown(event_id, user)]
    if user.role != Role.OWNER:  # as `may_lift` says
        where += [Suppression.scope.not_in(_WIDE), Suppression.reason.not_in(OWN_WORDS)]
    rows = select(Suppression.id, Suppression.address, Suppression.reason).where(*where).order_by(Suppression.id)
    return {(row.address, EXCLUDED_AS[SuppressionReason(row.reason)]): row.id for row in fresh().execute(rows)}


def may_lift(entry: Suppression, user: User) -> bool:
    """Whether `user` may lift this entry."""
    return user.role == Role.OWNER or (entry.scope not in _WIDE and entry.reason not in OWN_WORDS)


def add(event_id: int, email: str, *, everywhere: bool, by: records.Acting) -> tuple[Suppression, bool]:
    """Put an address on the list by hand. Returns the entry, and whether it is new.

    Raises InvalidInput, and RoleTooLow for an entry for all events by anybody but an owner.
    """
    address = addresses.normalized(addresses.checked(email, field="address"))
    scope = scope_of(event_id, everywhere=everywhere)
    with transaction() as tx:
        _refuse_for_all(tx, scope, by)
        erased_addresses.recall(tx, [address])
        same = select(Suppression).where(Suppression.address == address, Suppression.scope == scope)
        if known := tx.scalars(same).one_or_none():
            return known, False
        made = Suppression(address=address, reason=SuppressionReason.MANUAL, source="by hand", **_made(scope, by))
        tx.add(made)
        records.audit(tx, by, "suppression.added", f"address:{address}", event_id=event_id, scope=_word(scope))
        tx.flush()
        return made, True


def lift(event_id: int, suppression_id: int, reason: str, user: User, by: records.Acting) -> str:
    """Take an entry off the list. Returns its address.

    Raises InvalidInput without a reason, NotFound, and RoleTooLow for an entry that only an owner may lift.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        missing = "Say why this address may get mail again; it stays in the log."
        message = f"The reason may have {LONGEST_REASON} characters." if reason else missing
        raise InvalidInput.at("reason", "INVALID_REASON", message)
    with transaction() as tx:
        entry = _find(tx, event_id, suppression_id, user)
        if not _is_owner(tx, by):
            if entry.reason in OWN_WORDS:
                raise RoleTooLow(_OWN_WISH)
            if entry.scope in _WIDE:
                raise RoleTooLow(f"{ALL_EVENTS} Ask an owner to take the address off.")
        since, subject = entry.created_at.isoformat(), f"address:{entry.address}"
        before = {"reason": entry.reason, "scope": _word(entry.scope), "source": entry.source, "since": since}
        tx.delete(entry)
        records.audit(tx, by, "suppression.lifted", subject, event_id=event_id, before=before, why=reason)
        return entry.address


def import_(event_id: int, text: str, *, everywhere: bool, by: records.Acting) -> ListReport:
    """Put the first address of each line of `text` on the list. Entries that exist stay as they are.

    A first line without an @-sign is a header. Raises InvalidInput for a text without an address, TooLarge beyond
    MOST_ADDRESSES, and RoleTooLow as `add` does.
    """
    found, rejected = _read(text)
    if not found:
        raise InvalidInput.at("addresses", "INVALID_INPUT", "There is no email address in this. Nothing was added.")
    if len(found) > MOST_ADDRESSES:
        raise TooLarge(f"At most {MOST_ADDRESSES} addresses fit into one import. Nothing was added.")
    scope = scope_of(event_id, everywhere=everywhere)
    with transaction() as tx:
        _refuse_for_all(tx, scope, by)
        erased_addresses.recall(tx, found)
        here = select(Suppression.address).where(Suppression.scope == scope)
        known = {
            address
            for chunk in chunks(found, 500)
            for address in tx.scalars(here.where(Suppression.address.in_(chunk)))
        }
        new = [address for address in found if address not in known]
        common = {"reason": SuppressionReason.IMPORT, "source": "import", **_made(scope, by)}
        tx.add_all(Suppression(address=address, **common) for address in new)
        if new:
            said = {"added": len(new), "known": len(known), "scope": _word(scope)}
            records.audit(tx, by, "suppression.imported", f"event:{event_id}", event_id=event_id, **said)
    return ListReport(len(new), len(known), rejected[:MOST_REJECTED], len(rejected))


def _made(scope: str, by: records.Acting) -> dict[str, Any]:
    return {"scope": scope, "created_by": by.user_id, "created_at": by.now}


def _read(text: str) -> tuple[list[str], list[Rejected]]:
    """(the addresses in the order of their lines, each once; the lines without an address)."""
    addresses.few_foreign([text])
    found: dict[str, None] = {}
    rejected = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        cells = [cell for cell in _CELLS.split(line) if cell]
        candidates = [cell.removeprefix("mailto:") for cell in cells if "@" in cell]
        address = next((cell for cell in candidates if addresses.is_valid(cell)), None)
        if address:
            found[addresses.normalized(address)] = None
        elif cells and (candidates or number > 1):
            rejected.append(Rejected(number, line.strip()[:80]))
    return list(found), rejected


def _find(session: Session, event_id: int, suppression_id: int, user: User) -> Suppression:
    one = select(Suppression).where(Suppression.id == suppression_id, _shown(event_id, user))
    if (entry := session.scalars(one).one_or_none()) is None:
        raise NotFound
    return entry


def _shown(event_id: int, user: User) -> ColumnElement[bool]:
    own, everywhere = Suppression.scope == str(event_id), Suppression.scope.in_(_WIDE)
    if user.role == Role.OWNER:
        return or_(own, everywhere)
    guest = exists().where(Guest.event_id == event_id, Guest.address == Suppression.address)
    return or_(own, and_(everywhere, or_(guest, Suppression.created_by == user.id)))


def _refuse_for_all(tx: Session, scope: str, by: records.Acting) -> None:
    if scope == EVERYWHERE and not _is_owner(tx, by):
        raise RoleTooLow(f"{ALL_EVENTS} Add the address for this event, or ask an owner.")


def _is_owner(tx: Session, by: records.Acting) -> bool:
    """Whether the acting person is an owner now. Their role may have changed since the request began."""
    owner = select(User.id).where(User.id == by.user_id, User.role == Role.OWNER, User.removed_at.is_(None))
    return tx.scalar(owner) is not None


def _word(scope: str) -> str:
    return scope if scope in _WIDE else "event"
