"""Erasing an address that is on no guest list any more: who may not be erased so, and what is still kept to."""

from typing import Any

import pytest

from eventmail.domain.erasure import address
from eventmail.domain.suppressions import entries
from eventmail.errors import InvalidInput, NothingToDo
from eventmail.models import AuditEntry, Erasure, Suppression
from tests.support import seeding
from tests.support.seeding import Person


@pytest.fixture
def by(owner: Person) -> Any:
    return seeding.acting(owner)


def test_F1_an_address_on_the_do_not_mail_list_alone_is_erased_and_still_kept_to(
    event_id: int, add_guest: Any, by: Any, rows: Any
) -> None:
    entries.add(event_id, "ada@guests.example", everywhere=True, by=by)
    address.erase("Ada@guests.example", by)
    assert [row.address.partition(":")[0] for row in rows(Suppression)] == ["erased"]
    add_guest("ada@guests.example")
    assert [row.address for row in rows(Suppression)] == ["ada@guests.example"]


@pytest.mark.parametrize(
    ("typed", "error", "said"),
    [
        ("ada@guests.example", InvalidInput, "on the guest list of “Fixture Gala”"),
        ("oscar@organizers.example", InvalidInput, "the address of a colleague"),
        ("nobody@guests.example", NothingToDo, "Nothing is known"),
        ("", NothingToDo, "Nothing is known"),
        ("%", NothingToDo, "Nothing is known"),
    ],
)
def test_an_address_that_somebody_has_or_nobody_had_is_not_erased(
    *, organizer: Person, add_guest: Any, by: Any, rows: Any, typed: str, error: type[Exception], said: str
) -> None:
    add_guest("ada@guests.example")
    before = len(rows(AuditEntry))
    with pytest.raises(error, match=said):
        address.erase(typed, by)
    assert (len(rows(AuditEntry)), rows(Erasure)) == (before, [])
