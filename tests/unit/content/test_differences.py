"""What changed between two texts: nothing of either is lost, and no text takes long."""

import time

import pytest

from eventmail.content.differences import MOST_WORDS, Kind, Piece, by_words


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Hi Oscar, doors open at 18:00", "Hi Anna, doors open at 19:00"),
        ("", "new"),
        ("old", ""),
        ("<b>שלום</b>\n\n- one", "<b>שלום</b>\n- one\n- two"),
        ("word " * (MOST_WORDS + 1), "other " * (MOST_WORDS + 1)),
    ],
)
def test_both_texts_stand_whole_in_their_difference(before: str, after: str) -> None:
    found = by_words(before, after)
    assert "".join(piece.text for piece in found if piece.kind != Kind.AFTER) == before
    assert "".join(piece.text for piece in found if piece.kind != Kind.BEFORE) == after


def test_words_are_told_apart_not_letters() -> None:
    assert by_words("at 18:00 sharp", "at 19:00 sharp") == [
        Piece(Kind.BOTH, "at "), Piece(Kind.BEFORE, "18:00"), Piece(Kind.AFTER, "19:00"), Piece(Kind.BOTH, " sharp"),
    ]  # fmt: skip
    assert by_words("same", "same") == [Piece(Kind.BOTH, "same")]
    assert by_words("", "") == []


def test_a_long_text_is_compared_in_no_time() -> None:
    begun = time.process_time()  # what others do on this box is not counted
    by_words("a b " * 40_000, "b c " * 40_000)
    assert time.process_time() - begun < 1


def test_C1_a_merge_field_is_one_word_whatever_its_fallback() -> None:
    """Else a piece would hold half a field, which no page can show by its name."""
    assert by_words("Hi {guest.firstName|my friend}, hello", "Hi {guest.firstName|my guest}, hello") == [
        Piece(Kind.BOTH, "Hi "), Piece(Kind.BEFORE, "{guest.firstName|my friend},"),
        Piece(Kind.AFTER, "{guest.firstName|my guest},"), Piece(Kind.BOTH, " hello"),
    ]  # fmt: skip
    assert by_words("{ a\nb", "{ a\nc") == [Piece(Kind.BOTH, "{ a\n"), Piece(Kind.BEFORE, "b"), Piece(Kind.AFTER, "c")]
