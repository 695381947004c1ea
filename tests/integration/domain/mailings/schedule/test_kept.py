"""What stays of scheduled messages and what goes: by housekeeping, by an erasure, when their author leaves."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from eventmail.db import fresh, transaction
from eventmail.domain.erasure import guest as erasure
from eventmail.domain.instance import housekeeping
from eventmail.domain.mailings import changes_since
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send_time import Plan
from eventmail.domain.people import colleagues
from eventmail.models import Content, Event, Guest, Mailing, Recipient, Schedule, User
from eventmail.sending import drain
from tests.integration.domain.mailings.schedule.conftest import EXACT, PLAN, SEND_AT, Planned
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.written import PLACE

# Housekeeping


def test_a_scheduled_message_keeps_its_text_and_its_time_however_long_it_waits_and_after_it(
    planned: Planned, now: FrozenClock
) -> None:
    missed = planned.plan(replace(PLAN, wall="2027-03-05T12:00"), key="missed", text=Text("Missed", "", "a"))
    now.set(SEND_AT)
    for _ in range(2):
        housekeeping.purge(now.now())
        fresh().rollback()
        subjects = fresh().scalars(select(Content.subject).order_by(Content.id)).all()
        assert subjects == ["Hi {guest.firstName}", "Missed"]
        assert fresh().scalars(select(Schedule.mailing_id).order_by(Schedule.id)).all() == [planned.id, missed.id]
        planned.start()
        now.advance(days=365)
    assert (planned.state[0], missed.state) == ("sending", ("missed", "late"))


def test_a_text_that_was_replaced_goes_after_a_day(planned: Planned, now: FrozenClock) -> None:
    planned.change(text=Text("Another", "", "a"))
    now.advance(days=1, seconds=1)
    housekeeping.purge(now.now())
    fresh().rollback()
    assert fresh().scalars(select(Content.subject)).all() == ["Another"]


# Erasure


def words_in(planned: Planned, *words: str) -> list[str]:
    """Where these words stand in the database: each column of each table."""
    fresh().rollback()
    found = []
    with closing(sqlite3.connect(planned.settings.database)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"').fetchall():
                found += [f"{table}: {value}" for value in row if any(word in str(value).lower() for word in words)]
    return found


@pytest.mark.parametrize("plan", [PLAN, EXACT], ids=["whoever matches", "exactly these"])
def test_an_erased_guest_leaves_a_scheduled_message_and_nothing_of_them_stays(
    party: Planned, now: FrozenClock, plan: Plan
) -> None:
    zoe = seeding.add_guest(party.event_id, "zoe@quokka.example.net", first_name="<b>Zoë</b>", last_name="Quokka")
    audience = {"statuses": ["confirmed"], "guests": [str(zoe)]}
    planned = party.plan(plan, audience=audience)
    assert planned.places == (3, 0, 0, SEND_AT)

    assert erasure.erase(party.event_id, zoe, "zoe@quokka.example.net", planned.acting()) == 1

    assert words_in(planned, "zoe", "zoë", "quokka") == []
    assert (planned.mailing.n_queued, planned.mailing.n_cancelled, planned.places) == (2, 1, (3, 0, 1, SEND_AT))
    assert planned.mailing.audience["guests"] == []
    now.set(SEND_AT)
    planned.start()
    waiting = [address for address, state in planned.addresses.items() if state == "queued"]
    assert (planned.state, waiting) == (("sending", None), ["ada@guests.example.net", "ben@guests.example.net"])
    assert words_in(planned, "zoe", "zoë", "quokka") == []


def test_a_message_to_an_erased_guest_alone_fails_when_it_is_due(party: Planned, now: FrozenClock) -> None:
    guest = fresh().scalars(select(Guest.id).where(Guest.first_name == "Ada")).one()
    planned = party.plan(EXACT, audience={"guests": [str(guest)]})
    erasure.erase(party.event_id, guest, "ada@guests.example.net", planned.acting())
    now.set(SEND_AT)
    planned.start()
    assert (planned.state, planned.places) == (("failed", "no_recipients"), (1, 0, 1, SEND_AT))


# An author who leaves


def from_header(planned: Planned) -> tuple[str, str | None, str | None]:
    """(From name, {organizer.name}, {organizer.email}) as guests read them."""
    mailing = planned.mailing
    return mailing.from_name, mailing.constants["organizer.name"], mailing.constants["organizer.email"]


def test_H6b_a_message_of_a_colleague_who_left_goes_out_from_the_event_and_leads_no_answer_to_them(
    party: Planned, owner: Person, now: FrozenClock
) -> None:
    party.move_event(sender_name="", reply_to="")
    planned = party.plan()
    assert from_header(planned) == ("Oscar Organizer", "Oscar Organizer", "oscar@organizers.example")
    colleagues.remove(party.by.id, replace(seeding.acting(owner), now=now.now()))

    fresh().rollback()
    event = fresh().get_one(Event, party.event_id)
    seen = changes_since.values_now(event, planned.mailing.created_by, PLACE)
    told = {change.name: (change.before, change.after) for change in
            changes_since.changes(planned.mailing, planned.held, seen)}  # fmt: skip
    assert told == {
        "sender": ("Oscar Organizer", "Fixture Gala"), "organizer.name": ("Oscar Organizer", "Fixture Gala"),
        "organizer.email": ("oscar@organizers.example", ""),
    }  # fmt: skip
    now.set(SEND_AT)
    [job_id] = planned.start()
    assert from_header(planned) == ("Fixture Gala", "Fixture Gala", "")
    mails = Recording()
    drain.drain(job_id, mails, planned.settings)
    assert sorted(mails.addresses) == ["ada@guests.example.net", "ben@guests.example.net"]
    assert planned.state == ("finished", None)


def test_H6b_a_message_whose_author_is_no_row_any_more_goes_out(party: Planned, now: FrozenClock) -> None:
    party.move_event(sender_name="", reply_to="")
    planned = party.plan()
    with transaction() as tx:
        tx.execute(delete(User).where(User.id == party.by.id))
    assert (planned.mailing.created_by, planned.held.scheduled_by) == (None, None)
    now.set(SEND_AT + timedelta(minutes=1))
    assert len(planned.start()) == 1
    assert from_header(planned) == ("Fixture Gala", "Fixture Gala", "")
    assert (fresh().scalars(select(Mailing.state)).one(), len(fresh().scalars(select(Recipient.id)).all())) == (
        "sending", 2,
    )  # fmt: skip
