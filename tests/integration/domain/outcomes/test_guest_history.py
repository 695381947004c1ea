"""One guest's history."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail import clock as clock_
from eventmail.db import transaction
from eventmail.domain.guests import bulk_change, edit, listing
from eventmail.domain.guests.bulk_change import Ticked
from eventmail.domain.mailings import send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.outcomes import guest_history
from eventmail.domain.outcomes.guest_history import Changed
from eventmail.domain.outcomes.outcome_of import News, Story
from eventmail.domain.terms import SendingTerms
from eventmail.models import AuditEntry, EmailEvent, Job
from eventmail.providers.base import Permanent
from eventmail.sending import drain
from eventmail.settings import Settings
from eventmail.states import ChangeKind
from tests.support import seeding
from tests.support.recording import Recording

ANA, BEN = "ana@guests.example.net", "ben@guests.example.net"


@pytest.fixture
def sent(event_id: int, settings: Settings, rows: Callable[..., list[Any]]) -> Callable[..., None]:
    """sent("confirmed", …): a message, sent by the worker."""
    terms = SendingTerms("https://mail.example.org", settings.secret, outside=False)

    def make(*statuses: str, subject: str = "Hello", provider: Recording | None = None, event: int = event_id) -> None:
        message = Message(Text(subject, "", "Hi"), {"statuses": list(statuses)})
        send.send(event, message, key=f"{event}-{subject}", terms=terms, by=seeding.acting())
        for job in rows(Job, Job.state == "running"):
            drain.drain(job.id, provider or Recording(), settings)

    return make


def story(what: Any) -> str:
    """One line of a history, short."""
    if isinstance(what, Story):
        return f"{what.subject}: {what.outcome}"
    if isinstance(what, News):
        return f"report: {what.kind}"
    if isinstance(what, Changed):
        return f"{what.change.kind}: {what.had} to {what.change.value}"
    assert isinstance(what, AuditEntry)
    return what.action


def read(event_id: int, guest_id: int, **page: int) -> list[str]:
    history = guest_history.history(event_id, listing.get(event_id, guest_id), **page)
    return [story(moment.what) for moment in history.items]


def test_the_history_tells_messages_reports_and_changes_newest_first(
    event_id: int, five: dict[str, int], sent: Any
) -> None:
    by = seeding.acting
    edit.edit(event_id, five["Ben"], {"status": "confirmed"}, by())
    sent("confirmed", subject="one", provider=Recording({BEN: Permanent("no such user", hard=True)}))
    sent("confirmed", subject="two")
    sent("declined", subject="not theirs")
    bulk_change.change(event_id, Ticked((five["Ben"], five["Ana"])), ChangeKind.STATUS, "declined", by())
    bulk_change.change(event_id, Ticked((five["Ben"],)), ChangeKind.ADD_TAG, "vip", by())
    assert read(event_id, five["Ben"]) == [
        "add_tag: None to vip", "status: confirmed to declined", "two: left_out", "report: bounce", "one: failed",
        "guest.edited",
    ]  # fmt: skip
    assert read(event_id, five["Ana"]) == ["status: confirmed to declined", "two: sent", "one: sent"]
    assert read(event_id, five["Eva"]) == []


def test_A7_who_shares_an_address_reads_only_their_own_part(event_id: int, five: dict[str, int], sent: Any) -> None:
    tom = edit.add(event_id, {"first_name": "Tom", "email": ANA, "status": "confirmed"}, seeding.acting())
    sent("confirmed")
    assert read(event_id, five["Ana"]) == ["Hello: sent"]
    assert read(event_id, tom) == ["Hello: left_out", "guest.added"]


def test_the_history_of_a_guest_knows_nothing_of_other_events(
    event_id: int, five: dict[str, int], sent: Any, add_event: Callable[..., int]
) -> None:
    other = add_event()
    stranger = seeding.add_guest(other, ANA)
    sent("confirmed", event=other)
    with transaction() as tx:
        for event in (event_id, other):
            tx.add(
                EmailEvent(
                    provider="p", provider_event_id=str(event), kind="complaint", address=ANA, event_id=event,
                    recipient_id=None, code="", detail="", at=clock_.now(),
                )
            )  # fmt: skip
    assert read(event_id, five["Ana"]) == ["report: complaint"]
    assert read(other, stranger) == ["report: complaint", "Hello: sent"]


def test_the_history_is_paged_and_costs_the_same_queries_for_2_and_6_moments(
    event_id: int, five: dict[str, int], sent: Any, count_queries: Any
) -> None:
    guest, costs = listing.get(event_id, five["Ana"]), []
    for number in (1, 2):
        for turn in range(number):
            sent("confirmed", subject=f"{number}-{turn}")
            edit.edit(event_id, five["Ana"], {"first_name": f"Ana {number} {turn}"}, seeding.acting())
        with count_queries() as queries:
            guest_history.history(event_id, guest)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    second = guest_history.history(event_id, guest, page=2, size=4)
    assert ([story(moment.what) for moment in second.items], second.number, second.pages, second.total) == (
        ["guest.edited", "1-0: sent"], 2, 2, 6,
    )  # fmt: skip
