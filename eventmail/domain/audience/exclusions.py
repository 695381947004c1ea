"""The picked guests who won't get the mail, one by one, with one reason each (A2, A7)."""

from sqlalchemy import ColumnElement, Select, case, func, select, union_all
from sqlalchemy.orm import aliased

from eventmail.db import Rows
from eventmail.domain.audience.resolve import Audience, is_listed, is_recipient, picks, rank_of_reason
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
        .where(picks(sharer, audience), sharer.address == Guest.address)
        .correlate(Guest)
        .scalar_subquery()
    )
    reason = case(
        (Guest.address.is_(None), Reason.NO_ADDRESS.value),
        (is_listed(Guest, audience), _reason_of(audience)),
        (first != Guest.id, Reason.DUPLICATE_ADDRESS.value),
        else_=Reason.RESERVED_ADDRESS.value,
    )
    shares_with = case((reason == Reason.DUPLICATE_ADDRESS.value, first)).label("shares_with")
    guest = (Guest.id, Guest.email, Guest.first_name, Guest.last_name, Guest.search_key)
    rows: Rows = select(*guest, reason.label("reason"), shares_with)
    return rows.where(Guest.id.in_(_doubtful(audience)), ~is_recipient(audience))


def _doubtful(audience: Audience) -> Select[int]:
    """The picked guests who may be left out. They are few, so the other conditions need not read every row."""
    other = aliased(Guest)
    theirs = select(other.address).where(picks(other, audience), other.address.is_not(None))
    shared = theirs.group_by(other.address).having(func.count() > 1)
    listed = select(Suppression.address).where(Suppression.scope.in_(scopes_of(audience.event_id)))
    reserved = [Guest.reserved] if audience.outside else []
    ways = (Guest.address.is_(None), Guest.address.in_(shared), Guest.address.in_(listed), *reserved)
    parts = (select(Guest.id).where(picks(Guest, audience), way) for way in ways)
    return select(union_all(*parts).subquery().c.id)


def _reason_of(audience: Audience) -> ColumnElement[str]:
    return (
        select(case({reason.value: shown.value for reason, shown in EXCLUDED_AS.items()}, value=Suppression.reason))
        .where(Suppression.address == Guest.address, Suppression.scope.in_(scopes_of(audience.event_id)))
        .order_by(rank_of_reason())
        .limit(1)
        .correlate(Guest)
        .scalar_subquery()
    )
