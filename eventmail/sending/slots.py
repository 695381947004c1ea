"""The bytes of a hand-over journal: a header, and one slot for each mail in hand. Pure: bytes in, values out.

The header and each slot carry a checksum over their other bytes. A slot that is empty, half written, cut or changed by
a single bit reads as None: then nothing is known of that mail.
"""

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple
from zlib import crc32

from eventmail.providers.base import Accepted, Outcome, Permanent, ProviderError, Refused, Transient, Unclear

HEADER_BYTES = 4096  # a page, so that no slot shares one with it
SLOT_BYTES = 512
SLOTS = 48
SIZE = HEADER_BYTES + SLOTS * SLOT_BYTES
_MAGIC = b"eventmail hand-over 1\n"
_HEADER = struct.Struct("<22sQQ64s256s")
_SLOT = struct.Struct("<BBHQQQ32s")  # stage, kind, length of the payload, row, attempt, mark, service
_CHECKSUM = struct.Struct("<I")
_ROOM = SLOT_BYTES - _CHECKSUM.size - _SLOT.size
_TEXT_LIMITS = (350, 60, 0)  # bytes of each text of an outcome, tried in turn; JSON may need six times as many
_TAKEN = b"+"  # no JSON begins like this
_BEGUN = struct.Struct("<IB")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_OUTCOMES = {kind.__name__: kind for kind in (Accepted, Transient, Permanent, Unclear, Refused)}


class Kind(IntEnum):
    """The table of the row that a slot names."""

    RECIPIENT = 1
    ACCOUNT_MAIL = 2


class Stage(IntEnum):
    """The stage of a mail's hand-over."""

    MARKED = 1
    BEGUN = 2
    TOLD = 3


@dataclass(frozen=True)
class Header:
    """The owner of a journal, and the file it was made as; `boot` is the kernel's name for this run of the box."""

    owner: str
    boot: str
    device: int
    inode: int


class Entry(NamedTuple):
    """One mail in hand: its row, attempt and mail service, and the number of the mark that the row stores too."""

    kind: Kind
    row: int
    attempt: int
    mark: int
    service: str


class Slot(NamedTuple):
    """The journal's state of one mail; `outcome` is the mail service's answer once the stage is TOLD."""

    entry: Entry
    stage: Stage
    outcome: Outcome | None = None


_CRC_OF_BEGUN = crc32(bytes([Stage.BEGUN]))


def header_bytes(header: Header) -> bytes:
    """The first HEADER_BYTES of a journal."""
    return _sealed(
        _HEADER.pack(_MAGIC, header.device, header.inode, _cut(header.boot, 64), _cut(header.owner, 256)), HEADER_BYTES
    )


def read_header(data: bytes) -> Header | None:
    """The header of a whole journal; None unless it is an intact journal of SIZE bytes."""
    body = _opened(data[:HEADER_BYTES], HEADER_BYTES)
    if len(data) != SIZE or body is None:
        return None
    magic, device, inode, boot, owner = _HEADER.unpack_from(body)
    return Header(_text(owner), _text(boot), device, inode) if magic == _MAGIC else None


def slot_bytes(entry: Entry, stage: Stage, outcome: Outcome | None = None) -> bytes:
    """The SLOT_BYTES of one slot."""
    payload = b"" if outcome is None else _outcome_bytes(outcome)
    kind, row, attempt, mark, service = entry
    return _sealed(_SLOT.pack(stage, kind, len(payload), row, attempt, mark, service.encode()) + payload, SLOT_BYTES)


def begun_bytes(marked: bytes) -> bytes:
    """The slot of a BEGUN mail, made of its MARKED one: only checksum and stage differ."""
    rest = marked[_CHECKSUM.size + 1 :]
    return _BEGUN.pack(crc32(rest, _CRC_OF_BEGUN), Stage.BEGUN) + rest


def read_slots(data: bytes) -> list[Slot]:
    """Every intact slot of a whole journal."""
    starts = range(HEADER_BYTES, SIZE, SLOT_BYTES)
    return [slot for start in starts if (slot := read_slot(data[start : start + SLOT_BYTES]))]


def read_slot(data: bytes) -> Slot | None:
    """One slot; None when it is not intact, or this version does not know its values."""
    body = _opened(data, SLOT_BYTES)
    if body is None:
        return None
    stage, kind, length, row, attempt, mark, service = _SLOT.unpack_from(body)
    try:
        entry = Entry(Kind(kind), row, attempt, mark, _text(service))
        payload = body[_SLOT.size : _SLOT.size + length]
        return Slot(entry, Stage(stage), _outcome(payload) if stage == Stage.TOLD else None)
    except (ValueError, KeyError, TypeError):
        return None


def offset(number: int) -> int:
    """The offset of slot `number` (from 0)."""
    return HEADER_BYTES + number * SLOT_BYTES


def _sealed(body: bytes, size: int) -> bytes:
    padded = body.ljust(size - _CHECKSUM.size, b"\0")
    return _CHECKSUM.pack(crc32(padded)) + padded


def _opened(data: bytes, size: int) -> bytes | None:
    if len(data) != size:
        return None
    body = data[_CHECKSUM.size :]
    return body if _CHECKSUM.unpack_from(data)[0] == crc32(body) else None


def _outcome_bytes(outcome: Outcome) -> bytes:
    """The class of an outcome and its values; texts are cut when the slot has no room for them."""
    if isinstance(outcome, Accepted) and not outcome.complained:  # nearly every mail, so no JSON
        return _TAKEN + _cut(outcome.id, _TEXT_LIMITS[0])
    for limit in _TEXT_LIMITS:
        held = {name: _shortened(value, limit) for name, value in vars(outcome).items()}
        payload = _JSON.encode([type(outcome).__name__, held]).encode()
        if len(payload) <= _ROOM:
            return payload
    return b""  # reads as no outcome at all


def _outcome(payload: bytes) -> Outcome:
    if payload.startswith(_TAKEN):
        return Accepted(payload[len(_TAKEN) :].decode("utf-8", "ignore"))
    name, held = json.loads(payload)
    kind = _OUTCOMES[name]
    if issubclass(kind, ProviderError):
        error = kind(held["detail"])
        vars(error).update(held)
        return error
    return Accepted(**held)


def _shortened(value: Any, limit: int) -> Any:
    return _cut(value, limit).decode("utf-8", "ignore") if isinstance(value, str) else value


def _cut(text: str, limit: int) -> bytes:
    return text.encode("utf-8", "replace")[:limit]


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "ignore")
