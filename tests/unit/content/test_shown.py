import pytest

from eventmail.content import checks, shown


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("a ** b", "a ** b"),
        (r"a \*\* b", "a \ufdd0\ufdd0 b"),
        ("`**` ** x", "\ufdd0\ufdd0 ** x"),
        ("**bold** *x", "bold *x"),
        ("https://a.org/_x_ *y", "https://a.org/\ufdd1x\ufdd1 *y"),
        ("[*a](https://a.org/_x_)\nb", "*a\nb"),
        ("![_a](https://a.org/x) *b", "\ufdd1a *b"),
        ("no sign at all", ""),
    ],
)
def test_signs_that_mark_nothing_are_masked_in_the_words_that_guests_see(fields, body, words):
    found = [shown.of(token) for token in checks.parse(body, fields).tokens if token.type == "inline"]
    assert found == [words]


def test_masks_are_taken_off_again_to_quote_what_was_typed():
    assert shown.typed("\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd5\ufdd6 a*") == "*_[]()# a*"
