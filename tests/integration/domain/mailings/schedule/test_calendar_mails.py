"""A calendar mail never leaves without a time that calendars hold (K2), by whatever way it is to leave."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from eventmail.db import fresh
from eventmail.domain.mailings import control, draft_copies, drafts, test_sends
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Written
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.errors import DomainError, InvalidTimezone, MissingEventTime
from eventmail.models import Job, Mailing, Recipient, Reservation
from eventmail.states import MailingKind
from tests.integration.domain.mailings.schedule.conftest import BOTH, SEND_AT, Planned, on
from tests.support.time import FrozenClock
from tests.support.written import PLACE, TEXT

CALENDAR = MailingKind.CALENDAR
CONFIRMED = {"statuses": ["confirmed"]}
NO_CALENDAR_HOLDS_IT: list[tuple[dict[str, Any], type[DomainError]]] = [
    ({"starts_wall": None, "ends_wall": None}, MissingEventTime),
    ({"starts_wall": None}, MissingEventTime),
    ({"timezone": "Mars/Olympus"}, InvalidTimezone),
    ({"timezone": "+02:00"}, InvalidTimezone),
    ({"timezone": ""}, InvalidTimezone),
]


def stored() -> list[int]:
    """How many mailings that are no drafts, recipients, runs and reservations there are."""
    fresh().rollback()
    sent = select(func.count()).select_from(Mailing).where(Mailing.state != "draft")
    others = (select(func.count()).select_from(table) for table in (Recipient, Job, Reservation))
    return [fresh().scalar(counted) or 0 for counted in (sent, *others)]


@pytest.mark.parametrize(("columns", "error"), NO_CALENDAR_HOLDS_IT)
def test_K2_no_way_of_sending_takes_an_event_that_no_calendar_holds(
    party: Planned, columns: dict[str, Any], error: type[DomainError]
) -> None:
    party.move_event(**columns)
    message = Message(TEXT, CONFIRMED, kind=CALENDAR)
    with pytest.raises(error):
        mailing_send.prepare(party.event_id, message, PLACE)
    with pytest.raises(error):
        mailing_send.send(party.event_id, message, key="k", terms=PLACE, by=party.acting())
    with pytest.raises(error):
        party.plan(kind=CALENDAR)
    wanted = Wanted(TEXT, ("me@organizers.example",), of=CALENDAR)
    with pytest.raises(error):
        test_sends.send(party.event_id, wanted, key="t", terms=PLACE, by=party.acting())
    assert stored() == [0, 0, 0, 0]


def test_K2_any_other_message_needs_no_time(party: Planned) -> None:
    party.move_event(starts_wall=None, ends_wall=None)
    mailing_send.send(party.event_id, Message(TEXT, CONFIRMED), key="k", terms=PLACE, by=party.acting())
    assert stored() == [1, 2, 1, 1]


def test_K2_a_draft_stays_a_calendar_mail_whatever_the_request_that_sends_it_says(party: Planned) -> None:
    """The kind of its row decides, in the transaction that sends it."""
    saved = drafts.save(party.event_id, DraftVersion(page="p"), Written(TEXT, CONFIRMED, kind=CALENDAR), party.acting())
    assert saved is not None
    party.move_event(starts_wall=None, ends_wall=None)
    message, draft = Message(TEXT, CONFIRMED), DraftVersion(saved.mailing_id, saved.revision)
    with pytest.raises(MissingEventTime):
        mailing_send.send(party.event_id, message, key="k", terms=PLACE, by=party.acting(), draft=draft)
    assert stored() == [0, 0, 0, 0]
    assert drafts.find(party.event_id, saved.mailing_id) is not None
    assert draft_copies.again(party.event_id, party.plan(key="k2").id, party.acting()) > saved.mailing_id


def test_K2_its_time_goes_between_check_and_commit(party: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = mailing_send.prepare

    def slowly(*given: Any) -> mailing_send.Prepared:
        prepared = prepare(*given)
        party.move_event(starts_wall=None, ends_wall=None)
        return prepared

    monkeypatch.setattr(mailing_send, "prepare", slowly)
    with pytest.raises(MissingEventTime):
        mailing_send.send(party.event_id, Message(TEXT, CONFIRMED, kind=CALENDAR), key="k", terms=PLACE,
                          by=party.acting())  # fmt: skip
    assert stored() == [0, 0, 0, 0]


def test_K2_a_scheduled_one_takes_no_change_while_the_event_has_no_time(party: Planned) -> None:
    planned = party.plan(kind=CALENDAR)
    planned.move_event(starts_wall=None, ends_wall=None)
    with pytest.raises(MissingEventTime):
        planned.change(text=replace(TEXT, subject="Other words"))
    assert (planned.mailing.kind, planned.held.revision, planned.addresses) == ("calendar", 1, BOTH)


def test_K2_one_that_is_due_without_the_event_s_time_is_missed_and_leaves_once_there_is_one_again(
    party: Planned, now: FrozenClock
) -> None:
    planned = party.plan(kind=CALENDAR)
    planned.move_event(starts_wall=None, ends_wall=None)
    now.set(SEND_AT)
    assert (planned.start(), planned.state, planned.jobs) == ([], ("missed", "event_undated"), [])
    with pytest.raises(MissingEventTime):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting(), people=2)
    assert (planned.state, planned.jobs) == (("missed", "event_undated"), [])
    planned.move_event(**on(1))
    control.retry(planned.event_id, planned.id, PLACE, planned.acting(), people=2)
    assert (planned.state, len(planned.jobs)) == (("sending", None), 1)


def test_a_calendar_mail_written_anew_or_once_more_is_one_again(party: Planned) -> None:
    planned = party.plan(kind=CALENDAR)
    copy = draft_copies.again(planned.event_id, planned.id, planned.acting())
    anew = scheduling.reopen(planned.event_id, planned.id, planned.acting())
    kinds = [shown.kind if (shown := drafts.find(planned.event_id, one)) else "" for one in (copy, anew)]
    assert kinds == [CALENDAR, CALENDAR]
