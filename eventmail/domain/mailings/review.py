"""Whether a message still goes to the people of its review (A4)."""

from dataclasses import replace

from sqlalchemy.orm import Session

from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience import snapshots
from eventmail.errors import AudienceChanged, InvalidAudience, NoRecipients
from eventmail.models import Snapshot


def refuse_other_criteria(picked: audiences.Audience, reviewed: Snapshot) -> None:
    """Raise InvalidAudience when the reviewed list has other criteria than the message."""
    named = picked.as_json()
    if any(set(named[part]) != set(reviewed.audience.get(part, [])) for part in audiences.PARTS):
        said = "The list you looked at was one of another audience. Nothing was sent: look again."
        raise InvalidAudience.at("audience_snapshot", "ANOTHER_AUDIENCE", said)


def refuse_other_people(session: Session, picked: audiences.Audience, reviewed: Snapshot | None) -> None:
    """Raise AudienceChanged, with who joined and who left, when the recipients differ from the reviewed list."""
    drift = snapshots.drift(session, picked, reviewed) if reviewed else None
    if reviewed is None or drift is None:
        return
    if drift.now == 0:
        raise NoRecipients
    still = audiences.resolve(session, replace(picked, as_of=snapshots.as_of(reviewed))).count
    joined, left = ([_named(person) for person in people] for people in (drift.joined, drift.left))
    counts = {"joined_count": drift.joined_count, "left_count": drift.left_count, "exact_count": still}
    raise AudienceChanged(drift.sentence, joined=joined, left=left, **counts)


def _named(person: snapshots.Person) -> dict[str, str]:
    return {"id": str(person.id), "email": person.email, "first_name": person.first_name, "last_name": person.last_name}
