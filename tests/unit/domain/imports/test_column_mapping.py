"""What the columns of a guest list are taken for."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.domain.guests import fields as guest_fields
from eventmail.domain.imports import column_mapping
from eventmail.errors import InvalidInput
from tests.support.budgets import budget


@pytest.mark.parametrize(
    ("headings", "taken"),
    [
        (["E-Mail", "Vorname", "Nachname"], ["email", "first_name", "last_name"]),
        (["Mail address", "First Name", "SURNAME"], ["email", "first_name", "last_name"]),
        (["Adresse e-mail", "Prénom", "Nom de famille"], ["email", "first_name", "last_name"]),
        (["E-mail 1 - Value", "Given Name", "Family Name"], ["email", "first_name", "last_name"]),
        (["First", "Last", "Email (private)"], ["first_name", "last_name", "email"]),
        (["first", "Full Name", "email"], ["own:first", "full_name", "email"]),
        (["Gast-Mail", "Name"], ["email", "full_name"]),
        (["Mail A", "Mail B", "email"], ["own:Mail A", "own:Mail B", "email"]),
        (["Gast-Mail", "Firmen-Mail"], ["own:Gast-Mail", "own:Firmen-Mail"]),
        (["email", "Vorname", "Name"], ["email", "first_name", "last_name"]),
        (["email", "Vorname", "Nachname", "Name"], ["email", "first_name", "last_name", "own:Name"]),
        (["Email", "Address"], ["email", "own:Address"]),
        (["Address", "Table"], ["email", "own:Table"]),
        (["email", "RSVP", "Schlagwörter", "ID"], ["email", "status", "tags", "id"]),
        (["email", "", "?"], ["email", "unnamed", "own:?"]),
        (["email", "column: Email", "Column: status"], ["email", "own:Email", "own:status"]),
    ],
)
def test_a_heading_is_matched_generously(headings: Sequence[str], taken: Sequence[str]) -> None:
    assert list(column_mapping.guessed(headings)) == taken


@pytest.mark.parametrize(
    ("taken", "fields"),
    [
        (("email", "email"), ["column-1"]),
        (("first_name", "last_name"), ["columns"]),
        (("email", "full_name", "last_name"), ["column-1"]),
        (("email", "own:Table", "own:TABLE"), ["column-2"]),
        (("email", "own:"), ["column-1"]),
        (("email", f"own:{'x' * 101}"), ["column-1"]),
        (("left_out", "own:"), ["column-1", "columns"]),
    ],
)
def test_a_correction_that_cannot_be_is_told_at_its_column(taken: Sequence[str], fields: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        column_mapping.layout(["a", "b", "c"][: len(taken)], taken)
    assert [error.field for error in refused.value.fields] == fields


def test_a_correction_says_where_everything_stands() -> None:
    layout = column_mapping.layout(["a", "b", "c", ""], ["own:Table", "left_out", "email", "unnamed"])
    assert (layout.places, layout.attributes, layout.unnamed) == ({"email": 2}, [(0, "Table")], [3])


NAMES = st.text(alphabet="eEmMaAiIlLnN :-'=ß1", min_size=1, max_size=8)
COLUMNS = st.lists(
    st.one_of(
        st.sampled_from(["Email", "E-Mail", "name", "First", "Last", "status", "column: x", "ID", "Tags", "Rsvp"]),
        NAMES,
    ).map(guest_fields.column_name).filter(bool),
    max_size=8,
    unique_by=lambda name: name.casefold(),
)  # fmt: skip


@given(own=COLUMNS)
@settings(max_examples=budget(300))
def test_an_exported_header_is_read_as_what_it_is_whatever_a_column_is_called(own: list[str]) -> None:
    headings = column_mapping.names(column_mapping.exported(own))
    layout = column_mapping.layout(headings)
    assert layout.places == {"id": 0, "email": 1, "first_name": 2, "last_name": 3, "status": 4, "tags": 5}
    assert [name for _, name in layout.attributes] == own
