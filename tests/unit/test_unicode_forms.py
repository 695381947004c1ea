"""What is typed with joined letters and what is typed with accents apart are one (C1, A7), for any text."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail import addresses, erased, value_parsing
from eventmail.content import tokens
from eventmail.domain.audience import rule
from eventmail.domain.guests import fields as guest_fields
from eventmail.domain.guests import values
from eventmail.domain.imports import column_mapping
from eventmail.errors import InvalidInput
from eventmail.providers import refusals
from tests.support.budgets import budget

# letters that can be taken apart, marks that can be joined, and some of everything
_LETTERS = st.one_of(
    st.sampled_from("éÉöÅ\u212bǖΐᾴחִ가각ﬁßİı\u0340≮\u212a"),
    st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Nd"]),
)
WORDS = st.text(_LETTERS, min_size=1, max_size=6)


def forms(text: str) -> tuple[str, str]:
    return unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)


def known(column: str) -> dict[str, str]:
    """Where an imported heading goes among the columns of an event that has `column`."""
    return values.placed_columns([column], [column])[0]


PLACES: dict[str, Callable[[str], Any]] = {
    "a name": value_parsing.name_key,
    "a value": value_parsing.folded,
    "a search": guest_fields.words,
    "what is searched": lambda word: guest_fields.search_key(word, word, f"{word}@example.org"),
    "tags": lambda word: guest_fields.split_tags(f"a, {word}"),
    "an address": lambda word: addresses.judged(f"{word}@{word}.example"),
    "the mark of an erased address": lambda word: erased.pseudonym(b"secret", f"{word}@example.org"),
    "a status": guest_fields.status_of,
}


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=budget(60), deadline=None)
@given(word=WORDS)
def test_C1_A7_both_forms_of_a_word_are_one(place: str, word: str) -> None:
    composed, apart = forms(word)
    assert PLACES[place](composed) == PLACES[place](apart)


@settings(max_examples=budget(60), deadline=None)
@given(word=WORDS)
def test_C1_a_column_is_the_same_in_both_forms_and_any_case(word: str) -> None:
    for ours in forms(word):
        placed = [values.placed_columns([ours], [given]) for given in forms(word)]
        assert placed == [({given: ours}, []) for given in forms(word)]
        key = "guest." + ours
        assert [token.field for token in tokens.find("".join(f"{{guest.{form}}}" for form in forms(word)), [key])] == [
            key,
            key,
        ]
    fresh = [values.placed_columns([], [given]) for given in forms(word)]
    assert [new for _, new in fresh] == [[forms(word)[0]]] * 2


@settings(max_examples=budget(60), deadline=None)
@given(word=WORDS.filter(value_parsing.folded))
def test_C1_a_rule_finds_its_field_in_both_forms(word: str) -> None:
    for ours in forms(word):
        fields = rule.fields([ours])
        for typed in forms(word):
            [read] = rule.parse({"all": [{"field": "attribute:" + typed, "op": "is_empty"}]}, fields).conditions
            assert read.field.name == ours


@settings(max_examples=budget(60), deadline=None)
@given(word=WORDS)
def test_F5_a_refusal_says_the_same_in_whichever_form_it_names_the_address(word: str) -> None:
    said = {
        refusals.same_words(f"no mailbox “{named}” here", to=f"{asked}@example.org")
        for named in forms(word)
        for asked in forms(word)
    }
    assert len(said) == 1


@settings(max_examples=budget(60), deadline=None)
@given(word=WORDS)
def test_C1_one_heading_in_two_forms_is_named_twice(word: str) -> None:
    composed, apart = forms(word)
    taken = ["email", *(column_mapping.OWN + name for name in (composed, apart))]
    with pytest.raises(InvalidInput, match="Two columns are taken for"):
        column_mapping.layout(["email", composed, apart], taken)


def test_C1_of_two_columns_that_were_there_before_each_is_met_as_it_is_written() -> None:
    composed, apart = forms("Café")
    there = [apart, composed, "Table"]
    placed, new = values.placed_columns(there, [composed, apart, "CAFÉ", "table"])
    assert (placed, new) == ({composed: composed, apart: apart, "CAFÉ": apart, "table": "Table"}, [])
    assert values.twins(there) == [(apart, composed)]


def test_a_text_is_looked_for_in_each_form_it_may_have_been_kept_in() -> None:
    composed, apart = forms("Café")
    assert value_parsing.spellings(apart) == (apart, composed)
    assert value_parsing.spellings(composed) == (composed, apart)
    assert value_parsing.spellings("Table") == ("Table",)
