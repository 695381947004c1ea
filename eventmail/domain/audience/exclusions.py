"""The picked guests who won't get the mail, one by one, with one reason each (A2, A7)."""

from sqlalchemy import ColumnElement, Select, case, func, select, union_all
from sqlalchemy.orm import aliased

from eventmail.db import Rows
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.suppressions.reasons import EXCLUDED_AS, scopes_of
from eventmail.models import Guest, Suppression
from eventmail.states import Reason


def excluded(audience: Audience) -> Rows:
    """The statement for the picked guests who are no recipients, each with one reason (A2).

    Columns: id, email, first_name, last_name, search_key, reason, shares_with (the guest who gets the mail instead).
    """
    sharer = aliased(Guest)
    first = (
        select(func.min(sharer.id))
        .where(audiences.picks(sharer, audience), sharer.address == Guest.address)
        .correlate(Guest)
        .scalar_subquery()
    )
    reason = case(
        (Guest.address.is_(None), Reason.NO_ADDRESS.value),
        (audiences.is_listed(Guest, audience), _reason_of(audience)),
        (first != Guest.id, Reason.DUPLICATE_ADDRESS.value),
        else_=Reason.RESERVED_ADDRESS.value,
    )
    rows = select(
        Guest.id, Guest.email, Guest.first_name, Guest.last_name, Guest.search_key, reason.label("reason"),
        case((reason == Reason.DUPLICATE_ADDRESS.value, first)).label("shares_with"),
    )  # fmt: skip
    return rows.where(Guest.id.in_(_doubtful(audience)), ~audiences.is_recipient(audience))


def _doubtful(audience: Audience) -> Select[int]:
    """The picked guests who may be left out. They are few, so the other conditions need not read every row."""
    other = aliased(Guest)
    picked = audiences.picks(other, audience)
    shared = select(other.address).where(picked, other.address.is_not(None)).group_by(other.address)
    listed = select(Suppression.address).where(Suppression.scope.in_(scopes_of(audience.event_id)))
    ways = [
        Guest.address.is_(None),
        Guest.address.in_(shared.having(func.count() > 1)),
        Guest.address.in_(listed),
        *([Guest.reserved] if audience.outside else []),
    ]
    parts = (select(Guest.id).where(audiences.picks(Guest, audience), way) for way in ways)
    return select(union_all(*parts).subquery().c.id)


def _reason_of(audience: Audience) -> ColumnElement[str]:
    return (
        select(case({reason.value: shown.value for reason, shown in EXCLUDED_AS.items()}, value=Suppression.reason))
        .where(Suppression.address == Guest.address, Suppression.scope.in_(scopes_of(audience.event_id)))
        .order_by(audiences.rank_of_reason())
        .limit(1)
        .correlate(Guest)
        .scalar_subquery()
    )
