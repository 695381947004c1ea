"""The bytes of a CSV file as text."""

import pytest

from eventmail.domain.imports import csv_text
from eventmail.errors import InvalidInput, TooLarge

TEXT = "email;name\r\nana@x.test;Zoë\r\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("cp1252"), "windows-1252"),
        (TEXT.encode("cp1252") + b"\x1a", "windows-1252"),
    ],
)
def test_the_encoding_is_found_out(data: bytes, encoding: str) -> None:
    found = csv_text.lines(data)
    assert (found.encoding, found.delimiter, found.header) == (encoding, "semicolon", 0)
    assert found.lines == ["email;name\r\n", "ana@x.test;Zoë\r\n"]


@pytest.mark.parametrize("encoding", csv_text.ENCODINGS)
def test_people_may_say_the_encoding(encoding: str) -> None:
    data = TEXT.encode(csv_text.ENCODINGS[encoding][1])
    assert csv_text.lines(data, encoding).lines[1] == "ana@x.test;Zoë\r\n"


def test_an_encoding_that_cannot_be_is_told_at_its_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        csv_text.lines(TEXT.encode("cp1252"), "utf-8")
    assert [(error.field, error.message) for error in refused.value.fields] == [
        ("encoding", "The file is not UTF-8 text. Choose another encoding.")
    ]


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("email", "comma"),
        ("email,name", "comma"),
        ("email;name", "semicolon"),
        ("email\tname\tSmith, Jr", "tab"),
        ('"a,b,c";email', "semicolon"),
        ("sep=,\nemail,a;b;c;d", "comma"),
        ('"sep=;"\r\nemail;a,b,c', "semicolon"),
        ("\r\nSEP=\t\r\n\r\nemail\tname", "tab"),
    ],
)
def test_the_delimiter_is_found_out_or_said_by_the_file(header: str, delimiter: str) -> None:
    found = csv_text.lines(f"{header}\nx\n".encode())
    assert found.delimiter == delimiter
    assert found.lines[found.header].startswith(("email", '"a,b,c"'))


def test_what_people_say_of_the_delimiter_counts() -> None:
    assert csv_text.lines(b"sep=;\nemail;a,b\n", delimiter="comma").delimiter == "comma"


def test_a_file_of_nothing_but_sep_is_empty() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        csv_text.lines(b"sep=;\r\n\r\n")


def test_more_bytes_than_fit_are_too_large() -> None:
    csv_text.check_size(csv_text.MOST_BYTES)
    with pytest.raises(TooLarge):
        csv_text.lines(b"x" * (csv_text.MOST_BYTES + 1))
