"""What guests will read otherwise than when a message was scheduled (H6b), and the mail service it would take (S13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eventmail.content import tokens
from eventmail.db import fresh, service
from eventmail.domain.mailings import merge_values
from eventmail.domain.terms import SendingTerms
from eventmail.models import Event, Mailing, Schedule

_DERIVED = "calendar."  # links that are made of the values named beside them


@dataclass(frozen=True)
class Changed:
    """One value. `name` is `sender`, `reply_to`, `service`, or the merge field, whose `label` is in words."""

    name: str
    label: str
    before: str
    after: str


def values_now(event: Event, author_id: int | None, terms: SendingTerms) -> Mapping[str, Any]:
    """What guests would read now in a message that this author scheduled; the same for all messages of the author."""
    return merge_values.frozen(event, merge_values.author(fresh(), author_id), terms)


def changes(mailing: Mailing, held: Schedule, now: Mapping[str, Any]) -> Sequence[Changed]:
    """The differences between the scheduling and `values_now`, for a message that still waits."""
    fields = tokens.known_fields({})
    rows = [
        (name, fields[name].label if name in fields else name, mailing.constants.get(name), value)
        for name, value in now["constants"].items()
        if not name.startswith(_DERIVED)
    ]
    rows += [
        ("sender", "Sender", mailing.from_name, now["from_name"]),
        ("reply_to", "Answers go to", mailing.reply_to, now["reply_to"]),
        ("service", "Mail service", held.service, service()),
    ]
    return [Changed(name, label, before or "", after or "") for name, label, before, after in rows
            if (before or "") != (after or "")]  # fmt: skip
