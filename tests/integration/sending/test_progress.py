"""The recipients of a mailing, page by page, as the page of the mailing shows them (T1)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from eventmail import records
from eventmail.db import transaction
from eventmail.domain.mailings import control
from eventmail.domain.terms import SendingTerms
from eventmail.models import Recipient
from eventmail.providers.base import Permanent, Transient
from eventmail.sending import progress
from eventmail.states import RecipientState
from tests.support.recording import Recording
from tests.support.seeding import Person, acting
from tests.support.time import FrozenClock

ADDRESSES = [f"{letter}@guests.example.net" for letter in "dcba"]


@pytest.fixture
def run(send: Callable[..., Any]) -> Any:
    """A mailing of five, of which the first and the fourth were cancelled; others before and after it."""
    send("x@guests.example.net")
    run = send(*ADDRESSES)
    send()
    frozen = [recipient.id for recipient in run.recipients]
    with transaction() as tx:
        gone = [Recipient.id.in_([frozen[0], frozen[3]])]
        assert records.move_recipients(tx, gone, RecipientState.QUEUED, RecipientState.CANCELLED)
    return run


def listed(run: Any, state: RecipientState | None, **paging: int) -> list[str]:
    return [
        row.email for row in progress.page_of_recipients(run.mailing, state, **{"page": 1, "size": 50, **paging}).items
    ]


def test_T1_recipients_of_different_states_stand_in_the_order_they_were_frozen(run: Any) -> None:
    frozen = [recipient.email for recipient in run.recipients]
    assert len(frozen) == 5
    assert listed(run, None) == frozen
    assert [listed(run, None, page=page, size=2) for page in (1, 2, 3)] == [frozen[:2], frozen[2:4], frozen[4:]]
    assert listed(run, None, page=9, size=2) == frozen[4:]
    assert listed(run, RecipientState.CANCELLED) == [frozen[0], frozen[3]]
    assert listed(run, RecipientState.QUEUED, page=2, size=2) == [frozen[4]]
    assert listed(run, RecipientState.SENT) == []


def test_T1_a_page_of_recipients_is_one_query_and_knows_how_many_there_are(run: Any, count_queries: Any) -> None:
    mailing = run.mailing
    with count_queries() as queries:
        page = progress.page_of_recipients(mailing, None, page=2, size=2)
    assert (len(queries), page.number, page.pages, page.total) == (1, 2, 3, 5)
    assert progress.page_of_recipients(mailing, RecipientState.CANCELLED, page=1, size=2).total == 2
    assert progress.page_of_recipients(mailing, RecipientState.SENT, page=1, size=2).total == 0


def test_T1_the_speed_of_a_second_run_is_its_own(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, event_id: int, organizer: Person
) -> None:
    run = send(*(f"sent{number}@guests.example.net" for number in range(10)), *ADDRESSES)
    provider.answers = dict.fromkeys(ADDRESSES, Permanent("full"))
    run.drain(provider)
    by = replace(acting(organizer), now=clock.now())
    terms = SendingTerms("https://mail.example.org", run.settings.secret, outside=False)
    again = replace(run, job_id=control.retry(event_id, run.mailing_id, terms, by))
    provider.answers = {ADDRESSES[0]: Permanent("full"), **dict.fromkeys(ADDRESSES[2:], Transient("later"))}
    again.drain(provider)
    shown = progress.progress(again.mailing, clock.advance(seconds=4))
    assert (again.counts, shown.rate, shown.left) == ({"sent": 11, "failed": 1, "queued": 2}, 0.5, 4.0)
