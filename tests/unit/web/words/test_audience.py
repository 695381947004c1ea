"""An audience in words."""

from typing import Any

import pytest

from eventmail.web.words import audience as word_audience


@pytest.mark.parametrize(
    ("audience", "words"),
    [
        ({"statuses": ["confirmed"]}, "confirmed guests"),
        ({"statuses": ["invited", "confirmed"], "guests": ["1"]}, "invited or confirmed guests and 1 picked by hand"),
        (
            {"statuses": ["confirmed"], "segments": ["7", "8"], "segment_names": ["A", "B"], "guests": ["1"] * 1234,
             "exclude_segments": ["9"], "exclude_segment_names": ["C"]},
            "confirmed guests, guests in “A” or “B” and 1\u2009234 picked by hand, but nobody in “C”",
        ),
        ({"segments": ["7"], "segment_names": ["A"], "list_as_of": ["2027-05-01T10:00:00Z"]},
         "guests in “A”, exactly who was on the list as it was looked at"),
        ({}, "nobody"),
    ],
)  # fmt: skip
def test_who_was_meant_reads_as_a_sentence(audience: Any, words: str) -> None:
    assert word_audience.text(audience) == words


def test_a_name_on_a_page_is_text_with_a_direction_of_its_own() -> None:
    audience = {"segments": ["7"], "segment_names": ["<b>מוזמנים"], "exclude_segment_names": ["&"]}
    assert word_audience.marked(audience) == (
        "guests in <bdi>“&lt;b&gt;מוזמנים”</bdi>, but nobody in <bdi>“&amp;”</bdi>"
    )
    assert word_audience.text(audience) == "guests in “<b>מוזמנים”, but nobody in “&”"
