"""Checks and reads the signed reports of a mail service about mails that it took (F1).

The scheme is Standard Webhooks, version 1 (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.
docs/operations.md shows how a few lines translate a service's own report into this form.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from eventmail.errors import BadSignature, InvalidInput
from eventmail.providers.refusals import About, judge

TOLERANCE = timedelta(minutes=5)
PREFIX = "whsec_"
LONGEST_TEXT = 500  # characters that are kept of any text
LONGEST_ANSWER = 8000  # characters that are read of an answer
MOST_REPORTS = 1000  # in one request
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_KEY = re.compile(r"[A-Za-z0-9_\-]{3,100}")


class Kind(StrEnum):
    """The outcome of a mail as a report tells it. `refused`: the address is not to blame."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    REFUSED = "refused"
    SOFT_BOUNCE = "soft_bounce"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


_KINDS = {
    "delivered": Kind.DELIVERED, "delivery": Kind.DELIVERED,
    "deferred": Kind.DEFERRED, "delayed": Kind.DEFERRED, "delivery_delayed": Kind.DEFERRED,
    "bounce": Kind.BOUNCE, "bounced": Kind.BOUNCE, "hard_bounce": Kind.BOUNCE, "hard_bounced": Kind.BOUNCE,
    "soft_bounce": Kind.SOFT_BOUNCE, "soft_bounced": Kind.SOFT_BOUNCE,
    "complaint": Kind.COMPLAINT, "complained": Kind.COMPLAINT, "spam_complaint": Kind.COMPLAINT,
}  # fmt: skip
_ADDRESS = ("email", "address", "recipient", "to")
_CODE = ("code", "status", "smtp_code")
_SAID = ("detail", "reason", "message", "description")
_HARD = frozenset({"hard", "permanent"})
_SOFT = frozenset({"soft", "transient", "temporary", "undetermined"})
_TEMPORARY = re.compile(r"\A\s*(?:smtp; ?)?4(?:\d\d\b|\.\d)")


@dataclass(frozen=True)
class ServiceReport:
    """One report about one mail; a member that the service did not tell is ""."""

    id: str  # the same however often the report comes
    kind: Kind
    key: str  # the mail's own, its X-Eventmail-Id
    email: str  # of the recipient
    code: str
    detail: str


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Returns the id of this delivery. Raises BadSignature if it is forged, changed, or five minutes off."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", message_id) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise BadSignature("This report carries no webhook-id or no webhook-timestamp.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise BadSignature("This report is not of the last five minutes.")
    signed = f"{message_id}.{timestamp}.".encode() + body
    given = [part[3:].encode("utf-8", "replace") for part in headers.get("webhook-signature", "").split()
             if part.startswith("v1,")]  # fmt: skip
    wanted = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in _keys(secret)]
    # Every pair is compared, so that the time taken tells nothing.
    if not any([hmac.compare_digest(one, other) for one in wanted for other in given]):  # noqa: C419
        raise BadSignature("The signature of this report does not match.")
    return message_id


def _keys(secret: str) -> list[bytes]:
    """The keys that a shared secret may mean: base64 after `whsec_`; without this prefix, also the text itself."""
    keys = [] if secret.startswith(PREFIX) else [secret.encode()]
    with suppress(ValueError):  # no base64
        keys.append(base64.b64decode(secret.removeprefix(PREFIX), validate=True))
    return [key for key in keys if key]


def parse(delivery_id: str, body: bytes, *, sender: str = "") -> list[ServiceReport]:
    """The reports in one delivery: one object `{"type", "data"}`, or several in an array or under `events`.

    Unknown types are left out. `sender` is the address our mails come from; an answer that names it is not about the
    recipient. Raises InvalidInput for a body that is not JSON or not of this form.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError
        raise InvalidInput("The body must be JSON.") from None
    items = given.get("events", [given]) if isinstance(given, dict) else given
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidInput("The body must be a report, or an array of reports.")
    if len(items) > MOST_REPORTS:
        raise InvalidInput(f"At most {MOST_REPORTS} reports fit into one request.")
    return list(_reports(delivery_id, items, sender))


def _reports(delivery_id: str, items: list[dict[str, Any]], sender: str) -> Iterator[ServiceReport]:
    for number, item in enumerate(items):
        data = item["data"] if isinstance(item.get("data"), dict) else item
        kind = _kind(_text(item, "type", "event"), data, sender)
        if kind:
            yield ServiceReport(
                f"{delivery_id}#{number}" if len(items) > 1 else delivery_id,
                kind,
                _mail_key(_text(data, "eventmail_id", "x_eventmail_id", "key", "message_id", "id")),
                _text(data, *_ADDRESS),
                _text(data, *_CODE),
                _text(data, *_SAID),
            )


def _kind(named: str, data: Mapping[str, Any], sender: str) -> Kind | None:
    """The kind of a report, None if unknown. The answer behind a bounce says more than its name (F5)."""
    kind = _KINDS.get(named.rpartition(".")[2].lower().replace("-", "_"))
    if kind not in (Kind.BOUNCE, Kind.SOFT_BOUNCE):
        return kind
    told = _text(data, "bounce_type", "severity", "class").lower()
    code = _text(data, *_CODE)
    said = " ".join(filter(None, (_text(data, name, longest=LONGEST_ANSWER) for name in _SAID)))
    about, _ = judge(said, code, to=_text(data, *_ADDRESS), sender=sender)
    soft = (
        kind == Kind.SOFT_BOUNCE or told in _SOFT or data.get("hard") is False or data.get("permanent") is False
        or any(_TEMPORARY.match(text) for text in (code, said))
    )  # fmt: skip
    match about:
        case About.SENDER | About.US | About.LINE:
            return Kind.REFUSED
        case About.FULL:
            return Kind.SOFT_BOUNCE
        case About.NOTHING if (code or said) and not soft and not _is_hard(named, told, data):
            return Kind.REFUSED  # an answer that tells nothing ends no address; a bounce without an answer does
    return Kind.SOFT_BOUNCE if soft else Kind.BOUNCE


def _is_hard(named: str, told: str, data: Mapping[str, Any]) -> bool:
    """Whether the service itself says that the address is dead."""
    return "hard" in named.lower() or told in _HARD or data.get("hard") is True or data.get("permanent") is True


def _mail_key(text: str) -> str:
    """The mail's key in an X-Eventmail-Id or in a Message-ID that we made of it."""
    key = text.strip("<> ").partition("@")[0]
    return key if _KEY.fullmatch(key) else ""


def _text(data: Mapping[str, Any], *names: str, longest: int = LONGEST_TEXT) -> str:
    """The first of `names` that has a value, as one line that any database can keep."""
    for name in names:
        value = data.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return " ".join(_UNPRINTABLE.sub(" ", str(value)).split())[:longest]
    return ""
