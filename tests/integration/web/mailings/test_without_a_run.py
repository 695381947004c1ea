"""A message that is stored and has no run yet: every list and page shows it, and each button does what it says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from eventmail.db import db, transaction
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.models import Content, Job, Mailing, Recipient, Reservation
from eventmail.states import MailingState
from tests.support.drafting import HERE
from tests.support.seeding import Person, acting
from tests.support.web import refused


@pytest.fixture
def stored(app: Flask, event_id: int, party: list[int], organizer: Person) -> int:
    """A message to two guests whose run is still to come: its id."""
    with app.app_context():
        by = acting(organizer)
        message = Message(Text("Later", "", "Hi"), {"statuses": ["confirmed"]})
        prepared = mailing_send.prepare(event_id, message, HERE)
        with transaction() as tx:
            mailing, _ = mailing_send.commit(tx, prepared, MailingState.SENDING, by.now, terms=HERE, by=by)
        return mailing.id


def test_a_message_without_a_run_stands_in_every_list(api: Any, event_id: int, stored: int, party: list[int]) -> None:
    root = f"/admin/events/{event_id}"
    [listed] = api.get(f"{root}/mailings").get_json()["items"]
    assert (listed["id"], listed["job"], listed["counts"]["queued"]) == (str(stored), None, 2)
    assert api.get(f"{root}/mailings/{stored}").get_json()["job"] is None
    recipients = api.get(f"{root}/mailings/{stored}/recipients").get_json()["items"]
    assert [(row["state"], row["attempts"]) for row in recipients] == [("queued", 0)] * 2


PAGES = (
    "", "/mailings", "/mailings/{id}", "/messages/{id}", "/guests/{guest}/history", "/why?address=ben@guests.org",
    "/mailings/{id}/receipt",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_that_tells_of_messages_tells_of_one_without_a_run(
    client: Any, event_id: int, stored: int, party: list[int], path: str
) -> None:
    where = path.format(id=stored, guest=party[1])
    answer = client.get(f"/admin/events/{event_id}{where}", buffered=True)
    assert answer.status_code == 200
    assert "Later" in answer.text


def test_S9_a_message_that_is_to_leave_later_holds_places_of_its_day_and_no_job(
    app: Flask, event_id: int, party: list[int], organizer: Person, row: Callable[..., Any], count: Callable[..., int]
) -> None:
    with app.app_context():
        by = acting(organizer)
        later = by.now + timedelta(days=9)
        prepared = mailing_send.prepare(event_id, Message(Text("Later", "", "Hi"), {"statuses": ["confirmed"]}), HERE)
        assert (count(Mailing), count(Content)) == (0, 0)
        with transaction() as tx:
            mailing, _ = mailing_send.commit(tx, prepared, MailingState.FINISHED, later, terms=HERE, by=by)
        entry = row(Reservation)
        assert (row(Mailing).state, count(Recipient), count(Job)) == ("finished", 2, 0)
        assert (entry.run, entry.reserved, entry.due_at, entry.provider) == (1, 2, later, None)
        with transaction() as tx:
            mailing_send.begin_run(tx, mailing, 1, later, by)
        assert (row(Reservation).provider, row(Job).provider, row(Job).run) == ("outbox", "outbox", 1)


def test_S9_the_run_after_one_that_only_holds_places_holds_its_own(
    app: Flask, stored: int, organizer: Person, rows: Callable[..., list[Any]]
) -> None:
    with app.app_context(), transaction() as tx:
        mailing_send.add_run(tx, tx.get_one(Mailing, stored), 1, HERE, acting(organizer))
    assert [(entry.run, entry.reserved) for entry in rows(Reservation)] == [(1, 2), (2, 1)]


def test_a_message_without_a_run_is_cancelled_and_gives_its_places_back(
    api: Any, event_id: int, stored: int, row: Callable[..., Any], count: Callable[..., int]
) -> None:
    answer = api.post(f"/admin/events/{event_id}/mailings/{stored}/cancellation")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")
    assert (row(Mailing).n_cancelled, row(Reservation).refunded, count(Job)) == (2, 2, 0)


@pytest.mark.parametrize(
    ("what", "body", "sentence"),
    [
        ("retries", {}, "Nobody failed, so there is nothing to try again."),
        ("decisions", {"decision": "send_again", "all": True},
         "Only mails that may have been sent can be decided on. Reload the page to see them."),
    ],
)  # fmt: skip
def test_what_only_a_run_leaves_behind_is_not_there_to_act_on(
    api: Any, event_id: int, stored: int, what: str, body: dict[str, Any], sentence: str
) -> None:
    answer = api.post(f"/admin/events/{event_id}/mailings/{stored}/{what}", json=body)
    assert (refused(answer)[:2], answer.get_json()["detail"]) == ((409, "NOTHING_TO_DO"), sentence)


def test_a_message_in_a_state_of_its_own_stands_in_no_list_of_sent_ones(
    app: Flask, client: Any, event_id: int, stored: int, party: list[int]
) -> None:
    """As a planned one will: neither draft nor sent."""
    with app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("UPDATE mailing SET state = 'planned'")
        connection.commit()
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
    for path in PAGES[:2] + PAGES[4:6]:
        where = path.format(guest=party[1])
        assert "Later" not in client.get(f"/admin/events/{event_id}{where}").text, path
