"""What was sent stays as it was sent: texts, addresses, events, counters."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from eventmail.db import fresh, transaction
from eventmail.domain.events import edit
from eventmail.domain.guests import edit as guest_edit
from eventmail.domain.mailings import query
from eventmail.errors import NotFound
from eventmail.models import Content, Exclusion, Mailing, Recipient, Reservation
from tests.support import seeding
from tests.support.seeding import acting
from tests.support.written import TEXT, message


def test_the_constants_are_those_of_the_moment_it_was_sent(
    event_id: int, party: list[int], send: Any, row: Any
) -> None:
    send()
    edit.edit(event_id, {"title": "Renamed", "sender_name": "Others", "reply_to": "o@organizers.org"}, acting())
    mailing = row(Mailing)
    assert [mailing.constants[name] for name in ("event.title", "organizer.name")] == ["Fixture Gala", "Gala Team"]
    assert mailing.reply_to == ""


def test_S6_a_guest_who_is_deleted_leaves_their_row_of_the_mailing(
    event_id: int, party: list[int], send: Any, rows: Any, row: Any
) -> None:
    send()
    for guest in (party[1], party[3]):
        guest_edit.delete(event_id, guest, acting())
    assert [(r.guest_id, r.email, r.state) for r in rows(Recipient)] == [
        (party[0], "Ada@Guests.example.net", "queued"), (None, "ben@guests.example.net", "cancelled"),
    ]  # fmt: skip
    assert sorted((e.guest_id or 0, e.reason) for e in rows(Exclusion)) == [
        (0, "bounced"), (party[2], "no_address"), (party[4], "duplicate_address"),
    ]  # fmt: skip
    mailing, reservation = row(Mailing), row(Reservation)
    assert (mailing.n_queued, mailing.n_cancelled, mailing.recipient_count, reservation.refunded) == (1, 1, 2, 1)


def test_A7_who_shares_the_address_of_a_deleted_guest_takes_the_waiting_mail_over(
    event_id: int, party: list[int], send: Any, rows: Any, row: Any
) -> None:
    send()

    assert guest_edit.delete(event_id, party[0], acting()) == 0

    assert [(r.guest_id, r.email, r.state) for r in rows(Recipient)] == [
        (party[4], "Ada@Guests.example.net", "queued"), (party[1], "ben@guests.example.net", "queued"),
    ]  # fmt: skip
    assert sorted((e.guest_id, e.reason) for e in rows(Exclusion)) == [
        (party[2], "no_address"), (party[3], "bounced"),
    ]  # fmt: skip
    assert row(Mailing).excluded == {"no_address": 1, "bounced": 1}


def test_an_address_that_is_corrected_later_does_not_move_a_mail(
    event_id: int, party: list[int], send: Any, rows: Any
) -> None:
    send()
    guest_edit.edit(event_id, party[1], {"email": "other@guests.example.net"}, acting())
    assert [r.email for r in rows(Recipient)] == ["Ada@Guests.example.net", "ben@guests.example.net"]


@pytest.mark.parametrize(
    "values",
    [{"n_queued": 1}, {"n_sent": 1}, {"recipient_count": 3}, {"n_queued": 3, "n_sent": -1}, {"state": "paused"},
     {"kind": "letter"}],
)  # fmt: skip
def test_the_database_keeps_counters_and_states_inside_the_rules_s2(
    party: list[int], send: Any, values: dict[str, Any]
) -> None:
    send()
    with pytest.raises(IntegrityError, match="CHECK constraint failed"), transaction() as tx:
        tx.execute(update(Mailing).values(**values))


def test_an_address_can_not_be_twice_in_a_mailing_s1(party: list[int], send: Any) -> None:
    send()
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed"), transaction() as tx:
        tx.execute(update(Recipient).values(address="ada@guests.example.net"))


def test_the_same_text_is_one_row_in_its_event_and_never_shared_with_another(
    event_id: int, party: list[int], send: Any, add_event: Any, rows: Any
) -> None:
    other = add_event()
    seeding.add_guest(other)
    send(key="1"), send(key="2"), send(key="3", where=other)
    mailings_ = rows(Mailing)
    assert len({mailing.content_id for mailing in mailings_}) == 2
    assert [content.event_id for content in rows(Content)] == [event_id, other]
    assert [mailing.content_id == mailings_[0].content_id for mailing in mailings_] == [True, True, False]


def test_a_mailing_of_another_event_is_not_found(party: list[int], send: Any, add_event: Any, event_id: int) -> None:
    mailing_id, other = send().mailing_id, add_event()
    assert query.find(event_id, mailing_id).id == mailing_id
    for event_, mailing in ((other, mailing_id), (event_id, 999)):
        with pytest.raises(NotFound):
            query.find(event_, mailing)
    assert fresh().execute(query.newest_first(other)).all() == []


def test_the_list_begins_with_the_newest(event_id: int, party: list[int], send: Any) -> None:
    for n in range(3):
        send(message(replace(TEXT, subject=f"No {n}")), key=str(n))
    assert [row.subject for row in fresh().execute(query.newest_first(event_id))] == ["No 2", "No 1", "No 0"]


def test_only_guests_of_the_event_are_ever_recipients(
    event_id: int, party: list[int], send: Any, add_event: Any, rows: Any
) -> None:
    seeding.add_guest(add_event(), "foreign@guests.example.net")
    send()
    assert {r.guest_id for r in rows(Recipient)} | {e.guest_id for e in rows(Exclusion)} == set(party)
