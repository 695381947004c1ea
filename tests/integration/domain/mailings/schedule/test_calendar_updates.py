"""Who has the event otherwise in a mail than it is now, and the draft that goes to exactly them (K3a)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from eventmail.db import fresh, transaction
from eventmail.domain.events import lifecycle
from eventmail.domain.mailings import calendar_updates, control, drafts
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.send import Message
from eventmail.errors import EventChanged, NothingToDo
from eventmail.models import AuditEntry, Event, Guest, Mailing, Recipient
from eventmail.records import practice_mode
from eventmail.states import MailingKind
from tests.integration.domain.mailings.schedule.conftest import NOW, PLAN, SEND_AT, Planned, on
from tests.support.time import FrozenClock
from tests.support.written import PLACE, TEXT

CONFIRMED = {"statuses": ["confirmed"]}
LINKED = replace(TEXT, body="{calendar.links}")


@pytest.fixture
def event(party: Planned) -> Callable[[], Event]:
    """event(): the event as it is now."""

    def read() -> Event:
        fresh().rollback()
        return fresh().get_one(Event, party.event_id, populate_existing=True)

    return read


@pytest.fixture
def hand_out(party: Planned, now: FrozenClock) -> Callable[..., int]:
    """hand_out(guests=["1"]): a calendar mail that has arrived; its id."""
    keys = iter(range(100))

    def send(text: Any = LINKED, kind: MailingKind = MailingKind.CALENDAR, state: str = "sent", **audience: Any) -> int:
        now.advance(seconds=1)
        message = Message(text, audience or CONFIRMED, kind=kind)
        sent = mailing_send.send(party.event_id, message, key=f"k{next(keys)}", terms=PLACE, by=party.acting())
        with transaction() as tx:
            tx.execute(update(Recipient).where(Recipient.mailing_id == sent.mailing_id).values(state=state))
        return sent.mailing_id

    return send


def told(event: Callable[[], Event], at: datetime = NOW) -> list[tuple[list[str], list[tuple[str, str, str]]]]:
    """Who is to be told (the first parts of their addresses), and of which changes."""
    groups = calendar_updates.outdated(event(), at)
    named = {row.id: (row.address or "").partition("@")[0] for row in fresh().scalars(select(Guest))}
    return [(sorted(named[guest] for guest in group.guests), group.changes) for group in groups]


def begin_update(party: Planned, event: Callable[[], Event]) -> drafts.Shown:
    """The draft of the one update that is offered."""
    [group] = calendar_updates.outdated(event(), NOW)
    shown = drafts.find(party.event_id, calendar_updates.begin(event(), group.key, party.acting()))
    assert shown is not None
    return shown


def send_draft(party: Planned, shown: drafts.Shown, key: str) -> None:
    """Send it as it stands."""
    message, draft = Message(shown.text, shown.audience), DraftVersion(shown.id, shown.revision)
    mailing_send.send(party.event_id, message, key=key, terms=PLACE, by=party.acting(), draft=draft)


MOVED = ("When", "1 May 2027, 18:00–23:00, Europe/Berlin", "2 May 2027, 18:00–23:00, Europe/Berlin")


def test_nobody_is_to_be_told_while_nothing_changed_or_nothing_was_handed_out(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    hand_out(TEXT, MailingKind.ONE_TIME)
    party.move_event(**on(2))
    assert told(event) == []  # that mail had no links
    hand_out()
    assert told(event) == []
    party.move_event(title="Another title", description="x")
    assert told(event) == []


@pytest.mark.parametrize("kind", [MailingKind.CALENDAR, MailingKind.ONE_TIME])
def test_who_has_the_links_is_told_of_a_new_time_and_place_whatever_kind_of_message_had_them(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int], kind: MailingKind
) -> None:
    hand_out(kind=kind)
    party.move_event(**on(2), location="New Hall")
    assert told(event) == [(["ada", "ben"], [MOVED, ("Where", "Old Town Hall, Berlin", "New Hall")])]


@pytest.mark.parametrize(
    ("state", "who"),
    [("sent", ["ada", "ben"]), ("unknown", ["ada", "ben"]), ("queued", ["ada", "ben"]), ("failed", []),
     ("suppressed", []), ("cancelled", [])],
)  # fmt: skip
def test_only_who_has_or_gets_the_old_one_is_told(
    *, party: Planned, event: Callable[[], Event], hand_out: Callable[..., int], state: str, who: list[str]
) -> None:
    hand_out(state=state)
    party.move_event(**on(2))
    assert [people for people, _ in told(event)] == ([who] if who else [])


def test_the_newest_mail_of_each_counts_and_groups_read_what_they_were_told(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    ada, _ben = sorted(fresh().scalars(select(Guest.id)))
    hand_out()
    party.move_event(**on(2))
    hand_out(guests=[str(ada)])
    assert [people for people, _ in told(event)] == [["ben"]]
    party.move_event(**on(3))
    assert [(people, changes[0][1][:5]) for people, changes in told(event)] == [(["ben"], "1 May"), (["ada"], "2 May")]
    party.move_event(**on(1))  # as Ben has it
    assert [people for people, _ in told(event)] == [["ada"]]


def test_a_scheduled_mail_has_told_nobody_yet(party: Planned, event: Callable[[], Event]) -> None:
    party.plan(text=LINKED, kind=MailingKind.CALENDAR)
    party.move_event(**on(2))
    assert told(event) == []


def test_nobody_is_told_of_a_past_or_an_undated_event(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    hand_out()
    party.move_event(**on(2))
    assert told(event, datetime.fromisoformat("2027-05-02T20:59:59Z")) != []
    assert told(event, datetime.fromisoformat("2027-05-02T21:00:00Z")) == []
    party.move_event(starts_wall=None, ends_wall=None)
    assert told(event) == []


def test_a_cancellation_is_told_and_so_is_its_end(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    hand_out()
    lifecycle.cancel(party.event_id, party.acting())
    [group] = calendar_updates.outdated(event(), NOW)
    assert (group.count, group.is_cancellation, group.is_reinstated) == (2, True, False)
    hand_out()  # the links alone do not say it
    assert calendar_updates.outdated(event(), NOW)[0].count == 2
    send_draft(party, begin_update(party, event), "cancelled")
    assert told(event) == []
    lifecycle.reinstate(party.event_id, party.acting())
    [group] = calendar_updates.outdated(event(), NOW)
    assert (group.count, group.is_cancellation, group.is_reinstated) == (2, False, True)


def test_the_draft_goes_to_exactly_them_once_and_sent_it_leaves_nobody_to_tell(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    ada, _ben = sorted(fresh().scalars(select(Guest.id)))
    hand_out(guests=[str(ada)])
    party.move_event(**on(2))
    [group] = calendar_updates.outdated(event(), NOW)
    shown, again = (begin_update(party, event) for _ in range(2))
    assert (shown.id == again.id, shown.kind, shown.audience["guests"]) == (True, MailingKind.CALENDAR, [str(ada)])
    assert "before: 1 May 2027" in shown.text.body
    send_draft(party, shown, "u")
    assert [*fresh().scalars(select(Recipient.guest_id).where(Recipient.mailing_id == shown.id))] == [ada]
    assert told(event) == []
    with pytest.raises(NothingToDo, match="No draft was made"):
        calendar_updates.begin(event(), group.key, party.acting())


def test_S13_what_practice_mode_took_is_in_nobody_s_mailbox(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_out()
    with transaction() as tx:
        tx.execute(update(Recipient).values(provider="outbox"))
    party.move_event(**on(2))
    assert [people for people, _ in told(event)] == [["ada", "ben"]]
    monkeypatch.setattr(practice_mode, "service", lambda: "smtp")
    assert told(event) == []


def test_more_than_fit_into_one_draft_stay_to_be_told(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_updates, "MOST", 1)
    hand_out()
    party.move_event(**on(2))
    hand_out(guests=begin_update(party, event).audience["guests"])
    assert [len(people) for people, _ in told(event)] == [1]


def test_a_draft_that_was_deleted_or_sent_to_others_is_made_anew(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    ada, ben = sorted(fresh().scalars(select(Guest.id)))
    hand_out(guests=[str(ada)])
    party.move_event(**on(2))
    first = begin_update(party, event)
    drafts.delete(party.event_id, first.id, 1, party.acting())
    second = begin_update(party, event)
    send_draft(party, replace(second, audience={"guests": [str(ben)]}), "b")
    third = begin_update(party, event)
    assert (len({first.id, second.id, third.id}), third.audience["guests"]) == (3, [str(ada)])


def test_a_later_message_with_the_links_does_not_count_as_having_told(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    hand_out(kind=MailingKind.ONE_TIME)
    party.move_event(**on(2))
    hand_out(replace(LINKED, body="Dress code: black tie. {calendar.links}"), MailingKind.ONE_TIME)
    assert told(event) == [(["ada", "ben"], [MOVED])]


@pytest.mark.parametrize("since", ["moved again", "moved back", "cancelled"])
def test_an_update_leaves_only_while_what_it_tells_holds(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int], since: str
) -> None:
    hand_out()
    party.move_event(**on(2))
    shown = begin_update(party, event)
    if since == "cancelled":
        lifecycle.cancel(party.event_id, party.acting())
    else:
        party.move_event(**on(3 if since == "moved again" else 1))
    with pytest.raises(EventChanged, match="write it anew from the event’s overview"):
        send_draft(party, shown, "u")
    assert drafts.find(party.event_id, shown.id) is not None


def test_a_scheduled_update_is_missed_once_it_does_not_hold_and_goes_by_no_button(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int], now: FrozenClock
) -> None:
    hand_out()
    lifecycle.cancel(party.event_id, party.acting())
    shown = begin_update(party, event)
    message, draft = Message(shown.text, shown.audience, plan=PLAN), DraftVersion(shown.id, shown.revision)
    scheduling.create(party.event_id, message, key="s", terms=PLACE, by=party.acting(), draft=draft)
    [group] = calendar_updates.outdated(event(), NOW)
    assert (calendar_updates.begin(event(), group.key, party.acting()), group.begun) == (shown.id, [shown.id])
    planned = replace(party, id=shown.id)
    lifecycle.reinstate(party.event_id, party.acting())
    with pytest.raises(EventChanged):
        planned.change(text=shown.text, guests=shown.audience["guests"])
    now.set(SEND_AT)
    assert (planned.start(), planned.state) == ([], ("missed", "event_moved"))
    with pytest.raises(EventChanged):
        control.retry(party.event_id, shown.id, PLACE, party.acting())
    assert (planned.state, planned.jobs) == (("missed", "event_moved"), [])


def test_to_tell_nobody_is_kept_until_the_event_changes_again_and_can_be_taken_back(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    hand_out()
    party.move_event(**on(2))
    calendar_updates.be_quiet(party.event_id, party.acting())
    assert calendar_updates.is_quiet(event())
    calendar_updates.be_quiet(party.event_id, party.acting(), quiet=False)
    assert not calendar_updates.is_quiet(event())
    calendar_updates.be_quiet(party.event_id, party.acting())
    party.move_event(**on(3))
    assert not calendar_updates.is_quiet(event())
    actions = [action for action in fresh().scalars(select(AuditEntry.action)) if "change" in action]
    assert actions == ["event.change_kept_quiet", "event.change_told_after_all", "event.change_kept_quiet"]


def test_a_mail_from_before_what_was_told_was_noted_offers_nothing(
    party: Planned, event: Callable[[], Event], hand_out: Callable[..., int]
) -> None:
    mailing = hand_out()
    with transaction() as tx:
        tx.execute(update(Mailing).where(Mailing.id == mailing).values(told=None))
    party.move_event(**on(2))
    assert told(event) == []
