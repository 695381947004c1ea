"""The complete message (RFC 5322): a skeleton is prepared once per mailing, then each guest's values are spliced in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from eventmail.content.compiled import Compiled
from eventmail.content.mail_encoding import header, mailbox, quoted_printable, wire_address
from eventmail.content.personalise import Values, chosen, filled, shortened, slots, strings
from eventmail.content.pieces import Choice, Piece, Pieces, Slot
from eventmail.content.tokens import Field
from eventmail.errors import InvalidInput
from eventmail.value_parsing import clean_value

_SOFT_BREAK = b"=\r\n"
_ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_KEY = re.compile(r"[A-Za-z0-9._~+-]{1,200}")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
# The header must not be folded, and RFC 5322 2.1.1 allows 998 characters in a line.
_URL = re.compile(r"https?://[!-;=?-~]{1,900}", re.IGNORECASE)


@dataclass(frozen=True)
class Envelope:
    """What all mails of a mailing share. `date` is aware and the same in a retry, so that the bytes are, too."""

    from_email: str
    from_name: str
    reply_to: str | None
    date: datetime
    message_id_domain: str
    list_id: str | None


@dataclass(frozen=True, slots=True)
class _Fork:
    """A Choice with encoded sides."""

    choice: Choice
    linked: "_Pieces"
    plain: "_Pieces"


_Pieces = tuple[bytes | Slot | _Fork, ...]


class Skeleton:
    """The message of a mailing without its guests. `prefix` ("[Test] ") begins the subject.

    `bound` is best content with the shared values already in it (`bind`); `names` are the fields that `mail` fills.
    Raises InvalidInput for an address, domain or list id that cannot stand in a header.
    """

    def __init__(self, bound: Compiled, envelope: Envelope, fields: Mapping[str, Field], prefix: str = "") -> None:
        self._fields = fields
        self._domain = _matching(_DOMAIN, envelope.message_id_domain, "domain of the message ids")
        self._prefix = f"{clean_value(prefix)} " if clean_value(prefix) else ""
        self._subject = bound.subject
        self.names = frozenset(slot.field for part in (bound.subject, bound.html, bound.text) for slot in slots(part))
        self._from = f"From: {mailbox(envelope.from_name, wire_address(envelope.from_email))}\r\n".encode()
        reply_to = f"Reply-To: {wire_address(envelope.reply_to)}\r\n" if envelope.reply_to else ""
        list_id = f"List-Id: <{_matching(_DOMAIN, envelope.list_id, 'list id')}>\r\n" if envelope.list_id else ""
        self._shared = (
            f"{reply_to}Date: {format_datetime(envelope.date)}\r\n"
            f"MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n{list_id}"
        ).encode()
        # No quoted-printable text holds "=_", so no part holds a boundary that begins with it.
        boundary = f"=_{bound.hash[:32]}".encode()
        part = b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        self._pieces: _Pieces = (
            b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n' % boundary + part % (boundary, b"plain"),
            *_encoded(bound.text),
            b"\r\n" + part % (boundary, b"html"),
            *_encoded(bound.html),
            b"\r\n--%b--\r\n" % boundary,
        )

    def mail(self, to: str, values: Values, key: str, unsubscribe_url: str) -> bytes:
        """Returns the message for one guest with CRLF, not dot-stuffed. The same arguments give the same bytes.

        `to` is a bare address, `key` the recipient's idempotency key (S3). `unsubscribe_url` is unfolded in its header
        (F2, RFC 8058). Raises InvalidInput when one of them cannot stand in a header.
        """
        given = {**values, "unsubscribe.url": unsubscribe_url}
        data = {name: clean_value(given.get(name)) for name in self.names}
        key = _matching(_KEY, key, "key of the mail")
        url = _matching(_URL, unsubscribe_url, "unsubscribe address")
        subject = shortened(self._prefix + "".join(strings(self._subject, data, self._fields)))
        out = [
            self._from,
            f"To: {wire_address(to)}\r\n".encode(),
            header("Subject", subject),
            self._shared,
            f"Message-ID: <{key}@{self._domain}>\r\nX-Eventmail-Id: {key}\r\nList-Unsubscribe: <{url}>\r\n".encode(),
            _ONE_CLICK if url[:8].lower() == "https://" else b"",
        ]
        self._splice(self._pieces, data, out)
        return b"".join(out)

    def _splice(self, pieces: _Pieces, data: Mapping[str, str], out: list[bytes]) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                out.append(piece)
            elif isinstance(piece, Slot):
                out += (quoted_printable(filled(piece, data, self._fields)), _SOFT_BREAK)
            else:
                linked = chosen(piece.choice, data, self._fields) is piece.choice.linked
                self._splice(piece.linked if linked else piece.plain, data, out)


def _encoded(pieces: Pieces) -> _Pieces:
    """Returns the pieces in quoted-printable, each on lines of its own.

    Soft breaks around every slot keep lines below 77 characters whatever the value, and the decoded text exact.
    """
    return tuple(map(_piece, pieces))


def _piece(piece: Piece) -> bytes | Slot | _Fork:
    if isinstance(piece, Slot):
        return piece
    if isinstance(piece, Choice):
        return _Fork(piece, _encoded(piece.linked), _encoded(piece.plain))
    encoded = quoted_printable(piece)
    return encoded if encoded.endswith(b"\r\n") else encoded + _SOFT_BREAK


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        message = f"The {what} “{clean_value(text)[:80]}” cannot stand in a mail header."
        raise InvalidInput.at("headers", "INVALID_INPUT", message)
    return text
