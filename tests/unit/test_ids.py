"""Ids from outside are opaque text: they stand for one row or for none."""

import re

import pytest

from eventmail import ids


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("42", 42), ("9223372036854775807", 2**63 - 1)])
def test_a_public_id_stands_for_its_row(text: str, number: int) -> None:
    assert ids.row_id(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", " 1", "1 ", "01", "1.0", "1e3", "abc", "\x00", "1\n", "1_0", "1٣", "９",
     "9223372036854775808", "9999999999999999999999"],
)  # fmt: skip
def test_anything_else_stands_for_no_row(text: str) -> None:
    assert ids.row_id(text) is None


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (None, None),
        ("", None),
        ("   ", None),
        ("abc", "abc"),
        ("  abc  ", "abc"),
        ('"abc"', "abc"),
        ('"a', '"a'),
        ("~" * 255, "~" * 255),
    ],
)
def test_an_idempotency_key_is_the_same_quoted_or_bare(raw: str | None, key: str | None) -> None:
    assert ids.idempotency_key(raw) == key


@pytest.mark.parametrize("raw", ["a b", "ä", "a\x00", '""', "x" * 256, "a\nb"])
def test_an_unusable_idempotency_key_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="1 to 255 visible ASCII characters"):
        ids.idempotency_key(raw)


def test_a_request_id_can_be_read_aloud() -> None:
    assert re.fullmatch(r"req_[a-kmnp-z2-9]{12}", ids.request_id())


def test_a_token_has_the_length_that_was_asked_for() -> None:
    assert [len(ids.token(length)) for length in (1, 16, 40)] == [1, 16, 40]


def test_no_two_tokens_are_alike() -> None:
    assert len({ids.token() for _ in range(1000)}) == 1000
