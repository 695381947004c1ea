"""Saving a form must not take back what others have changed since it was opened.

A form posts all its fields, so it carries a fingerprint of each as it was opened. The command that saves it compares
them with the fields as they are now, inside its transaction.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail.errors import FieldError, InvalidInput, StaleRevision
from eventmail.models import AuditEntry, Event
from eventmail.records import Acting

_OPENED = ""  # the key, beside those of the fields, of the instant when the form was opened
_LONGEST = 80
_NAMED = 5  # fields in the sentence; the others stand below it


class Overtaken(StaleRevision):
    """A field of the form has changed since the form was opened."""

    title = "This was changed while you were writing"


def fingerprints(texts: Mapping[str, str], now: datetime) -> str:
    """The value of the hidden input of a form that shows `texts` (by field) from `now` on."""
    return json.dumps({_OPENED: now.isoformat(), **{name: _fingerprint(text) for name, text in texts.items()}})


def changed(fingerprints: str, texts: Mapping[str, str]) -> list[str]:
    """The fields whose text in `texts` does not have its fingerprint any more. Raises InvalidInput."""
    prints = _read(fingerprints)
    return [name for name in prints if name != _OPENED and prints[name] != _fingerprint(texts.get(name, ""))]


def refuse(
    tx: Session,
    fingerprints: str,
    texts: Mapping[str, str],
    labels: Mapping[str, str],
    shown: Mapping[str, str] = MappingProxyType({}),
    *,
    changed_at: datetime,
    event_id: int,
    by: Acting,
) -> None:
    """Raise Overtaken when a field has changed since the form was opened. Fingerprints of "" guard nothing.

    By field: `texts` as they are now, `labels`, and `shown` when a text is not for people. `changed_at` is the instant
    of the last change; the log knows who made it. Runs in the caller's transaction.
    """
    wrong = [
        FieldError(name, "CHANGED", _is_now(labels.get(name) or _column(name), shown.get(name, texts.get(name, ""))))
        for name in (changed(fingerprints, texts) if fingerprints else ())
    ]
    if not wrong:
        return
    told = " ".join(error.message for error in wrong[:_NAMED])
    who = _who(tx, _read(fingerprints)[_OPENED], changed_at, event_id, by)
    raise Overtaken(
        f"{who} Nothing was saved. {told} What you typed is kept "
        "below; the fields you left alone show what is there now. To save it like this, press Save again.",
        fields=wrong,
    )


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`before` and `after` for the log, each with the members that differ. {} when none does."""
    changed = [name for name in after if after[name] != before[name]]
    sides = (("before", before), ("after", after))
    return {side: {name: state[name] for name in changed} for side, state in sides if changed}


def _read(fingerprints: str) -> dict[str, str]:
    try:
        prints = json.loads(fingerprints)
        json.dumps(prints, ensure_ascii=False).encode()  # a lone surrogate would break the page that names a field
    except (ValueError, RecursionError):
        prints = None
    if not (isinstance(prints, dict) and _OPENED in prints and all(isinstance(each, str) for each in prints.values())):
        raise InvalidInput("The form came without what it showed. Nothing was saved; reload the page.")
    return prints


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _column(name: str) -> str:
    return f"“{name.removeprefix('attribute:')}”"


def _is_now(label: str, text: str) -> str:
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"{label} is “{short}” now." if text else f"{label} is empty now."


def _who(tx: Session, opened: str, changed_at: datetime, event_id: int, by: Acting) -> str:
    """A sentence that says who made the change, if the log has an entry of that instant."""
    row = tx.execute(
        select(AuditEntry.actor, AuditEntry.user_id)
        .where(AuditEntry.event_id == event_id, AuditEntry.at == changed_at)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or changed_at.isoformat() < opened:
        return "Somebody changed this after you opened it."
    at = f"{changed_at.astimezone(tx.get_one(Event, event_id).zone):%H:%M}"
    if row.user_id is not None and row.user_id == by.user_id:
        return f"You changed this from somewhere else at {at}, after this page was opened."
    return f"{row.actor} changed this at {at}, after you opened it."
