"""Addresses as people paste them."""

import time

import pytest

from eventmail.domain.guests.paste_text import entries


def read(text: str) -> list[tuple[str, str, str]]:
    """(address, first name, last name) of each entry."""
    return [(entry.email, entry.first_name, entry.last_name) for entry in entries(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Anna Berg <anna@x.test>", [("anna@x.test", "Anna", "Berg")]),
        ("a@b.test, d@e.test", [("a@b.test", "", ""), ("d@e.test", "", "")]),
        ("a@b.test d@e.test", [("a@b.test", "", ""), ("d@e.test", "", "")]),
        ("a@b.test;\td@e.test ;; ,", [("a@b.test", "", ""), ("d@e.test", "", "")]),
        ('"Berg, Anna" <anna@x.test>; Bob <bob@x.test>', [("anna@x.test", "Anna", "Berg"), ("bob@x.test", "Bob", "")]),
        ("Berg, Anna <anna@x.test>, Cem <cem@x.test>", [("anna@x.test", "Anna", "Berg"), ("cem@x.test", "Cem", "")]),
        ("Dora Maria Young\tdora@x.test", [("dora@x.test", "Dora Maria", "Young")]),
        ("dora@x.test (Dora Young)", [("dora@x.test", "Dora", "Young")]),
        ("<mailto:zed@x.test>", [("zed@x.test", "", "")]),
        ("'Zed' <zed@x.test>", [("zed@x.test", "Zed", "")]),
        ("שלום <rtl@x.test>", [("rtl@x.test", "שלום", "")]),
        ("Conan O'Brien <c@x.test>", [("c@x.test", "Conan", "O'Brien")]),
        ("nobody; eve@x.test", [("", "", ""), ("eve@x.test", "", "")]),
        ("eve@x.test, nobody", [("eve@x.test", "", ""), ("", "", "")]),
        ("just words", [("", "", "")]),
        ("Anna a@b.test Bob d@e.test", [("", "", "")]),
        ("Anna <a@b.test> <d@e.test>", [("", "", "")]),
        ("x@@y", [("", "", "")]),
        ("\n ,;\n\u200b\n", []),
    ],
)
def test_a_pasted_text_becomes_people_and_nothing_of_it_is_dropped(
    text: str, found: list[tuple[str, str, str]]
) -> None:
    assert read(text) == found


def test_an_entry_knows_its_line_and_what_stood_there() -> None:
    assert [(entry.line, entry.text) for entry in entries("a@x.test\n\nBerg, Anna <b@x.test>, cem\r\nd@x.test")] == [
        (1, "a@x.test"), (3, "Berg, Anna <b@x.test>"), (3, "cem"), (4, "d@x.test"),
    ]  # fmt: skip


@pytest.mark.parametrize("sign", ["<", '"', "(", '"a', "<a@", ","])
def test_a_hostile_text_is_read_in_no_time(sign: str) -> None:
    began = time.process_time()
    list(entries(sign * 200_000))
    assert time.process_time() - began < 2
