"""Entries of the do-not-mail list whose address was erased: found by the address all the same, and named again."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from eventmail import erased
from eventmail.db.sql import erased_form
from eventmail.models import Guest, Suppression


def same(column: InstrumentedAttribute[Any], address: str) -> ColumnElement[bool]:
    """Whether `column` holds this address, or the pseudonym of it; `address` may be a pseudonym itself."""
    if erased.is_pseudonym(address):
        return erased_form(column) == address
    return column.in_([address, erased_form(address)])


def named(tx: Session, address: str) -> str:
    """The address of a pseudonym, where a guest has it again by now; else what was given."""
    if not erased.is_pseudonym(address):
        return address
    again = select(Guest.address).where(Guest.address.is_not(None), erased_form(Guest.address) == address)
    return tx.scalar(again.limit(1)) or address


def recall(tx: Session, addresses: Collection[str]) -> None:
    """Whoever is typed in again is known by the pseudonym: the entries about these addresses name them again.

    Guests need no such call; the database does it when one is written.
    """
    pseudonyms = set(tx.scalars(select(Suppression.address).where(Suppression.address.startswith(erased.PREFIX))))
    for address in addresses if pseudonyms else ():
        pseudonym = tx.scalar(select(erased_form(address)))
        if pseudonym in pseudonyms:
            tx.execute(
                update(Suppression).where(Suppression.address == pseudonym).values(address=address),
                execution_options={"synchronize_session": False},
            )
