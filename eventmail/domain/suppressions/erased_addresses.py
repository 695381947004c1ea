"""Entries of the do-not-mail list whose address was erased. They hold its pseudonym and still count for the address."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from eventmail import erased
from eventmail.db.sql import erased_form
from eventmail.models import Guest, Suppression


def same(column: InstrumentedAttribute[Any], address: str) -> ColumnElement[bool]:
    """Whether `column` holds this address or its pseudonym. `address` may itself be a pseudonym."""
    if erased.is_pseudonym(address):
        return erased_form(column) == address
    return column.in_([address, erased_form(address)])


def named(tx: Session, address: str) -> str:
    """The address of a pseudonym, when a guest has that address again. Otherwise `address` as it is."""
    if not erased.is_pseudonym(address):
        return address
    again = select(Guest.address).where(Guest.address.is_not(None), erased_form(Guest.address) == address)
    return tx.scalar(again.limit(1)) or address


def recall(tx: Session, addresses: Collection[str]) -> None:
    """Write these addresses back into entries that hold their pseudonyms. Runs in the caller's transaction.

    A trigger does the same when a guest is written.
    """
    pseudonyms = set(tx.scalars(select(Suppression.address).where(Suppression.address.startswith(erased.PREFIX))))
    for address in addresses if pseudonyms else ():
        pseudonym = tx.scalar(select(erased_form(address)))
        if pseudonym in pseudonyms:
            named_again = update(Suppression).where(Suppression.address == pseudonym).values(address=address)
            tx.execute(named_again, execution_options={"synchronize_session": False})
