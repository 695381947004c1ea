import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eventmail.content.tokens import FIELDS, Token, Unresolved, find, known_fields, nearest, unresolved
from eventmail.value_parsing import clean_value
from tests.support.budgets import budget

MODERATE = settings(max_examples=budget(100))


def test_C1_a_token_is_a_scope_a_name_and_perhaps_a_fallback():
    assert find("Hi {guest.firstName|dear friend}, at {event.location}") == [
        Token(3, "{guest.firstName|dear friend}", "guest.firstName", "guest.firstName", "dear friend"),
        Token(37, "{event.location}", "event.location", "event.location", None),
    ]


def test_C1_blanks_just_inside_the_braces_are_tolerated():
    assert [(t.field, t.fallback) for t in find("{ guest.firstName | there }")] == [("guest.firstName", "there")]


def test_C1_an_imported_column_is_named_exactly_as_its_header():
    fields = known_fields({"Größe (cm.)": "", "seat": "any seat"})
    assert [t.field for t in find("{guest.Größe (cm.)}")] == ["guest.Größe (cm.)"]
    assert unresolved({"body": "{guest.Größe (cm.)} {guest.seat}"}, fields) == []
    assert [u.written for u in unresolved({"body": "{guest.Seats}"}, fields)] == ["{guest.Seats}"]
    assert (fields["guest.Größe (cm.)"].default, fields["guest.seat"].default) == ("not stated", "any seat")


def test_C1_a_token_names_its_field_in_whatever_case_and_unicode_form():
    fields = known_fields({"Größe": "", "Straße": ""})
    apart = "{GUEST.firstname} {guest.GR\u004f\u0308SSE} {Guest.gro\u0308\u00dfe} {guest.STRASSE|x}"
    assert [t.field for t in find(apart, fields)] == [
        "guest.firstName", "guest.Größe", "guest.Größe", "guest.Straße",
    ]  # fmt: skip
    assert [t.written for t in find(apart, fields)] == apart.split(" ")


def test_C1_of_two_columns_that_differ_in_case_alone_each_is_named_exactly():
    fields = known_fields({"Tisch": "", "tisch": ""})
    assert [t.field for t in find("{guest.Tisch} {guest.tisch}", fields)] == ["guest.Tisch", "guest.tisch"]
    assert [u.written for u in unresolved({"body": "{guest.TISCH}"}, fields)] == ["{guest.TISCH}"]


def test_C1_an_escaped_brace_begins_and_ends_no_token_and_may_stand_in_a_fallback():
    assert find(r"\{guest.firstName} \{ x \}") == []
    assert [(t.start, t.written, t.fallback) for t in find(r"\\{guest.firstName|a \} b}")] == [
        (2, r"{guest.firstName|a \} b}", "a } b")
    ]


def test_C1_a_column_never_replaces_a_standard_field():
    assert known_fields({"firstName": "X"})["guest.firstName"] == FIELDS["guest.firstName"]


@pytest.mark.parametrize("text", ["{ 1, 2 }", "{}", "a { b", "{ }", "}{", "{1}", "a } b", '{"a": 1}', "{{}}", "{|x}"])
def test_C2_harmless_braces_are_text(text):
    assert find(text) == []


@pytest.mark.parametrize(
    "written",
    [
        "{firstName}",
        "{first name}",
        "{guest.fristName}",
        "{{guest.firstName}}",
        "{{ guest.firstName|there }}",
        "{guest.firstName}}",
        "{{guest.firstName}",
        "{guest.firstName",
        "{guest.}",
        "{guest}",
        "{guest:firstName}",
        "{.firstName}",
        "{foo.bar}",
        "guest.firstName}",
        "guest.firstName|there}",
        "\uff5bguest.firstName\uff5d",
        "\uff5bfirstName|there\uff5d",
    ],
)
def test_C2_what_looks_like_a_token_and_is_none_is_unresolved_never_literal(written):
    assert [u.written for u in unresolved({"body": f"Hi {written}\nyou"}, FIELDS)] == [written]


def test_C2_an_unresolved_token_says_where_it_stands():
    parts = {"subject": "Hi {x.y}", "preheader": "", "body": "Hello\n\n  {guest.fristName},"}
    assert unresolved(parts, FIELDS) == [
        Unresolved("{x.y}", "subject", 1, 4, None),
        Unresolved("{guest.fristName}", "body", 3, 3, "guest.firstName"),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("guest.fristName", "guest.firstName"),
        ("firstName", "guest.firstName"),
        ("first_name", "guest.firstName"),
        ("GUEST.FIRSTNAME", "guest.firstName"),
        ("name", "guest.fullName"),
        ("email", "guest.email"),
        ("location", "event.location"),
        ("event.place", "event.date"),
        ("unsubscribe", "unsubscribe.url"),
        ("xyzzy", None),
    ],
)
def test_C2_the_nearest_real_name_forgives_case_scope_and_spelling(written, meant):
    assert nearest(written, FIELDS) == meant


def test_C3_every_field_has_a_default_that_reads_as_text():
    assert [
        name for name, field in FIELDS.items() if clean_value(field.default) != field.default or not field.default
    ] == []


def test_C3_a_fallback_of_blanks_counts_as_none():
    assert [t.fallback for t in find("{guest.firstName|   }{guest.firstName|}")] == [None, None]


@pytest.mark.parametrize("value", [None, "", " ", "\t\r\n", "\x00\x1f\x7f", "\u200b\ufeff", "\u200d\u200e", "\u202e"])
def test_C3_blank_and_invisible_values_are_missing(value):
    assert clean_value(value) == ""


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("Ada\r\nBcc: x@example.org", "Ada Bcc: x@example.org"),
        ("a\x00b\x1bc\x85d\x9fe\x7f", "abc de"),
        ("  a \t  b\u2028c ", "a b c"),
        ("abc\u202edef\u2066g\ud800", "abcdefg"),
        ("👩‍👩‍👧 مرحبا", "👩‍👩‍👧 مرحبا"),
    ],
)
def test_C4_values_lose_control_characters_and_become_one_line(value, cleaned):
    assert clean_value(value) == cleaned


@MODERATE
@given(st.text())
def test_C4_a_cleaned_value_is_one_trimmed_line_and_cleaning_again_changes_nothing(value):
    cleaned = clean_value(value)
    assert cleaned == clean_value(cleaned) == cleaned.strip()
    assert cleaned.splitlines() in ([], [cleaned])
    cleaned.encode()


@MODERATE
@given(st.text(alphabet="{}|. \nguestfirstName1,", max_size=60))
def test_C1_tokens_stand_where_they_say_and_never_overlap(text):
    end = 0
    for token in find(text):
        assert text[token.start : token.start + len(token.written)] == token.written
        assert token.start >= end
        end = token.start + len(token.written)


@MODERATE
@given(
    st.text(st.characters(exclude_characters="{}|", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1),
    st.text(st.characters(exclude_characters="{}", exclude_categories=("Cc", "Cs", "Zl", "Zp"))),
)
def test_C1_any_column_and_any_fallback_survive(column, fallback):
    assume(not column.endswith("\\") and not fallback.endswith("\\"))  # a backslash would write the brace behind it
    token = f"{{guest.{column}|{fallback}}}"
    assert [(t.written, t.field, t.fallback) for t in find(f"x {token} y")] == [
        (token, f"guest.{column}", clean_value(fallback) or None)
    ]


def test_C2_a_page_of_braces_is_read_in_linear_time():
    assert find("{" * 200_000) == []
    assert find("{a" * 100_000) == []
