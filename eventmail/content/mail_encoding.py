"""Text on the wire: quoted-printable, encoded words, header lines and addresses, safe for any value (C4)."""

import re
from base64 import b64encode
from binascii import b2a_qp

from eventmail.domain_names import ascii_domain
from eventmail.errors import InvalidInput
from eventmail.value_parsing import clean_value

_LINE = 78
_WORD_BYTES = 42  # an encoded word of 68 characters; RFC 2047 2 allows 75, and a header's name needs some
_PHRASE = _LINE - 12  # room of a line beside the longest name of a header with an address
_ADDRESS = re.compile(r'[^\x00-\x20\x7f-\xa0<>(),;:\\"\[\]@\s]+@[^\x00-\x20\x7f-\xa0<>(),;:\\"\[\]@\s]+')
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SPECIAL, _ESCAPED = re.compile(r'["\\]'), r"\\\g<0>"


def quoted_printable(text: str) -> bytes:
    """Returns text with newlines as quoted-printable UTF-8 with CRLF, at most 76 wide (RFC 2045 6.7)."""
    return b2a_qp(text.encode()).replace(b"\n", b"\r\n")


def header(name: str, text: str) -> bytes:
    """Returns an unstructured header with CRLF, folded at 78, encoded if necessary (RFC 2047). `text` is one line."""
    words = text.split(" ")
    literal = text.isascii() and text.isprintable() and "=?" not in text and "" not in words
    if not literal or max(map(len, words)) > _LINE - len(name) - 2:
        return f"{name}: {encoded_words(text)}\r\n".encode()
    line, out = f"{name}:", ""
    for word in words:
        if len(line) + 1 + len(word) > _LINE:
            out, line = f"{out}{line}\r\n", ""
        line += f" {word}"
    return f"{out}{line}\r\n".encode()


def encoded_words(text: str) -> str:
    """Returns the text as folded base64 encoded words, none of which cuts a character."""
    chunks: list[bytes] = []
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _WORD_BYTES:
            chunks, chunk = [*chunks, chunk], b""
        chunk += encoded
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode()}?=" for part in [*chunks, chunk])


def mailbox(name: str, address: str) -> str:
    """Returns `"Name" <address>` for a header, folded; the bare address without a name. The name keeps every character.

    A name that fits into an ASCII line is a quoted string (RFC 5322 3.2.4). Any other is encoded words (RFC 2047 5),
    which need no quotes: a relay that folds the line again cannot lose them and read addresses in a name.
    """
    shown = clean_value(name)
    if not shown:
        return address
    phrase = f'"{_SPECIAL.sub(_ESCAPED, shown)}"'
    if not shown.isascii() or "=?" in shown or len(phrase) > _PHRASE:
        phrase = encoded_words(shown)
    return f"{phrase}\r\n <{address}>" if len(phrase) + len(address) > _PHRASE else f"{phrase} <{address}>"


def wire_address(address: str) -> str:
    """Returns the address for a header and SMTP, its domain in ASCII (RFC 5891).

    Raises InvalidInput for anything but one bare `local@domain`.
    """
    local, _, domain = address.rpartition("@")
    is_bare = _ADDRESS.fullmatch(address) and clean_value(address) == address
    if not is_bare or not _DOMAIN.fullmatch(domain := ascii_domain(domain)):
        raise InvalidInput.at("email", "INVALID_INPUT", f"“{clean_value(address)[:80]}” is not an email address.")
    return f"{local}@{domain}"
