"""A scheduled message is changed until its cutoff, and not a second longer (H3)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from eventmail.db import fresh
from eventmail.domain.mailings import control
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import (
    DomainError,
    NoRecipients,
    PastEditWindow,
    PastSendAt,
    QuotaExceeded,
    StaleRevision,
    UnresolvedToken,
)
from eventmail.models import Content, Mailing, Recipient, Schedule
from eventmail.records import Limits
from eventmail.states import AudienceMode
from tests.integration.domain.mailings.schedule.conftest import CUTOFF, PLAN, SEND_AT, Planned
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE

MINUTE = timedelta(minutes=1)


def everything(planned: Planned) -> dict[str, Any]:
    """All that a change may touch, for comparing."""
    fresh().rollback()
    mine = Recipient.mailing_id == planned.id
    return {
        "mailing": {c.name: getattr(planned.mailing, c.key) for c in Mailing.__table__.columns},
        "schedule": {c.name: getattr(planned.held, c.key) for c in Schedule.__table__.columns},
        "recipients": fresh().execute(select(Recipient.id, Recipient.address, Recipient.state).where(mine)).all(),
        "places": planned.places,
        "texts": fresh().scalars(select(Content.subject)).all(),
        "log": planned.log,
    }


@pytest.mark.parametrize("seconds", range(-3, 4))
def test_H3_control_and_command_agree_at_every_second_around_the_cutoff(
    planned: Planned, now: FrozenClock, seconds: int
) -> None:
    now.set(CUTOFF + timedelta(seconds=seconds))
    assert scheduling.is_open(planned.held, now.now()) is (seconds < 0)
    if seconds < 0:
        planned.change(text=Text("New", "", "New"))
        assert planned.held.revision == 2
    else:
        with pytest.raises(PastEditWindow):
            planned.change(text=Text("New", "", "New"))
        assert planned.held.revision == 1


def test_H3_a_change_after_the_cutoff_changes_nothing_and_says_when_it_was_possible(
    planned: Planned, now: FrozenClock
) -> None:
    before = everything(planned)
    now.set(CUTOFF)
    with pytest.raises(PastEditWindow) as refused:
        planned.change(Plan("2027-05-02T10:00"), text=Text("Other", "", "Other"))
    assert refused.value.detail == (
        "Changes were possible until 2027-04-30 17:45 CEST (Europe/Berlin); it is due at 2027-04-30 18:00 CEST "
        "(Europe/Berlin). Nothing was changed. Press “Cancel and edit as new draft” to write it anew."
    )
    assert everything(planned) == before


def test_H3_nothing_can_be_changed_after_it_was_due_or_cancelled(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT)
    planned.start()
    with pytest.raises(PastEditWindow, match="began to go out then"):
        planned.change()
    other = planned.plan(Plan("2027-05-01T10:00"), key="k2")
    control.cancel(other.event_id, other.id, other.acting())
    with pytest.raises(PastEditWindow, match="It was cancelled"):
        other.change()


def test_H3_a_change_replaces_text_people_time_and_places(planned: Planned) -> None:
    seeding.add_guest(planned.event_id, "cem@guests.example.net", status="invited")
    planned.change(Plan("2027-04-29T09:00"), text=Text("Other", "", "Other"), statuses=["invited"])
    mailing, held = planned.mailing, planned.held
    at = datetime.fromisoformat("2027-04-29T07:00Z")
    assert (mailing.send_at, held.edit_cutoff_at, held.revision) == (at, at - 15 * MINUTE, 2)
    assert fresh().get_one(Content, mailing.content_id).subject == "Other"
    assert planned.addresses == {"cem@guests.example.net": "queued"}
    assert planned.places == (1, 0, 0, at)
    assert planned.log[-1] == (planned.by.name, "mailing.rescheduled")


def test_H3_a_change_of_the_text_alone_keeps_the_cutoff(planned: Planned) -> None:
    longer = replace(PLACE, edit_cutoff=timedelta(hours=2))
    message = Message(Text("New", "", "New"), {"statuses": ["confirmed"]}, plan=PLAN)
    scheduling.change(planned.event_id, planned.id, message, terms=longer, by=planned.acting())
    assert planned.held.edit_cutoff_at == CUTOFF


@pytest.mark.parametrize(("change", "error"), [
    ({"text": Text("Hi", "", "{guest.nickname}")}, UnresolvedToken),
    ({"statuses": ["declined"]}, NoRecipients),
    ({"plan": Plan("2020-01-01T10:00")}, PastSendAt),
    ({"revision": 7}, StaleRevision),
])  # fmt: skip
def test_H3_a_refused_change_changes_nothing(
    planned: Planned, change: dict[str, Any], error: type[DomainError]
) -> None:
    before = everything(planned)
    with pytest.raises(error):
        planned.change(**change)
    assert everything(planned) == before


def test_S9_a_change_that_the_quota_refuses_changes_nothing(planned: Planned) -> None:
    before = everything(planned)
    message = Message(Text("New", "", "New"), {"statuses": ["confirmed"]}, plan=PLAN)
    terms = replace(PLACE, limits=Limits(per_day=1))
    with pytest.raises(QuotaExceeded):
        scheduling.change(planned.event_id, planned.id, message, terms=terms, by=planned.acting())
    assert everything(planned) == before
    scheduling.change(  # its own two places do not count against it
        planned.event_id, planned.id, message, terms=replace(PLACE, limits=Limits(per_day=2)), by=planned.acting()
    )


def test_H5_exact_people_stay_through_a_change_of_the_text(party: Planned) -> None:
    exact = replace(PLAN, audience_mode=AudienceMode.EXACT)
    planned = party.plan(exact)
    before = planned.addresses
    seeding.add_guest(planned.event_id, "new@guests.example.net", status="confirmed")
    planned.change(exact, text=Text("New", "", "New"))
    assert planned.addresses == before
    planned.change(PLAN, text=Text("New", "", "New"))
    assert list(planned.addresses) == [*before, "new@guests.example.net"]


def test_D5_two_people_who_change_one_message_do_not_overwrite_each_other(planned: Planned) -> None:
    planned.change(text=Text("First", "", "First"), revision=1)
    with pytest.raises(StaleRevision, match=r"it is at revision 2\. Nothing was changed"):
        planned.change(text=Text("Second", "", "Second"), revision=1)
    assert fresh().get_one(Content, planned.mailing.content_id).subject == "First"
