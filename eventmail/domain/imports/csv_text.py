"""Reading a CSV file's bytes as lines of text: encoding, delimiter, the `sep=` line of spreadsheets. Pure."""

import io
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from eventmail.errors import InvalidInput, TooLarge

MOST_BYTES = 25_000_000
MOST_LINES = 250_000

# word -> (name that people choose, Python's codec)
ENCODINGS: Mapping[str, tuple[str, str]] = {
    "utf-8": ("UTF-8", "utf-8-sig"),
    "utf-16": ("UTF-16", "utf-16"),
    "windows-1252": ("Windows-1252 (Western Europe)", "cp1252"),
    "windows-1250": ("Windows-1250 (Central Europe)", "cp1250"),
    "macintosh": ("Mac Roman", "mac_roman"),
}
DELIMITERS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}

_EMPTY = "The file is empty. Its first line must name the columns, one of them “email”."
_NO_TEXT = "This is not a text file. Save the guest list as “CSV UTF-8” and try again."
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Lines:
    """The file's lines with their line ends, the index of the header, and the words of encoding and delimiter."""

    lines: list[str]
    header: int
    encoding: str
    delimiter: str


def check_size(size: int) -> None:
    """Raise TooLarge for a file of more than MOST_BYTES, since an import holds it in memory."""
    if size > MOST_BYTES:
        said = f"The file is larger than {MOST_BYTES // 1_000_000} MB. Nothing was imported."
        raise TooLarge(f"{said} Please split it and import the parts.")


def lines(data: bytes, encoding: str = "", delimiter: str = "") -> Lines:
    """The lines of a CSV file. Encoding and delimiter are guessed unless given.

    Raises InvalidInput when the file is empty or no text, TooLarge beyond `MOST_BYTES`.
    """
    check_size(len(data))
    text, encoding = _decoded(data, encoding)
    found = list(io.StringIO(text, newline=""))
    if len(found) > MOST_LINES:
        raise InvalidInput(f"The file has more than {MOST_LINES:,} lines. Please split it and import the parts.")
    header = _next_with_text(found, 0)
    if said := _SEP.fullmatch(found[header]):
        header = _next_with_text(found, header + 1)
    return Lines(found, header, encoding, delimiter or _delimiter(found[header], said[1] if said else ""))


def _decoded(data: bytes, encoding: str) -> tuple[str, str]:
    """(the text, the word of its encoding)."""
    if not data.strip():
        raise InvalidInput(_EMPTY)
    if data.startswith(_SPREADSHEETS):
        raise InvalidInput("This is a spreadsheet or zip file. In the spreadsheet choose “Save as”, “CSV UTF-8”.")
    if not encoding:
        text, encoding = _guessed(data)
    else:
        name, codec = ENCODINGS[encoding]
        if codec == "utf-16" and not data.startswith(_UTF_16):
            codec = "utf-16-le"  # Windows writes this without a byte order mark
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            message = f"The file is not {name} text. Choose another encoding."
            raise InvalidInput.at("encoding", "NOT_THIS_ENCODING", message) from None
    if "\0" in text:
        raise InvalidInput(_NO_TEXT)
    return text.removeprefix("\ufeff").rstrip("\x1a"), encoding  # DOS ends a text with \x1a


def _guessed(data: bytes) -> tuple[str, str]:
    if data.startswith(_UTF_16):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise InvalidInput("The file is UTF-16 text that was cut off or damaged. Save it again.") from None
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8-sig"), "utf-8"
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise InvalidInput(_NO_TEXT) from None
    if _CONTROLS.search(text.rstrip("\x1a")):  # cp1252 decodes nearly every byte, even of a picture
        raise InvalidInput(_NO_TEXT)
    return text, "windows-1252"


def _next_with_text(found: list[str], start: int) -> int:
    number = next((number for number in range(start, len(found)) if found[number].strip()), None)
    if number is None:
        raise InvalidInput(_EMPTY)
    return number


def _delimiter(header: str, said: str) -> str:
    for word, sign in DELIMITERS.items():
        if sign == said:
            return word
    if said:
        message = f"The file separates its cells by “{said}”. Please use commas, semicolons or tabs."
        raise InvalidInput.at("delimiter", "UNKNOWN_DELIMITER", message)
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=lambda word: unquoted.count(DELIMITERS[word]))  # the comma wins a tie
