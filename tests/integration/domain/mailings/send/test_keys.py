"""A key: the same message under it is sent once, however often and whenever it is asked for."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from eventmail.db import transaction
from eventmail.domain.guests import edit
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.send import Message, Sent
from eventmail.errors import IdempotencyKeyReused
from eventmail.models import Job, Mailing, Recipient
from tests.support import seeding
from tests.support.meanwhile import at_first_write
from tests.support.seeding import Person, acting
from tests.support.written import TEXT, empty_the_party, message


def test_the_same_key_and_message_is_one_mailing_s1(party: list[int], send: Any, count: Any) -> None:
    first, second = send(), send()
    assert (second.mailing_id, second.status, second.answer) == (first.mailing_id, 202, first.answer)
    assert (first.job_id is None, second.job_id) == (False, None)
    assert (count(Mailing), count(Job), count(Recipient)) == (1, 1, 2)


def test_the_order_of_what_was_picked_makes_no_other_message(party: list[int], send: Any, count: Any) -> None:
    guests_ = [str(guest) for guest in party[:2]]
    send(message(guests=guests_, statuses=["invited", "confirmed"]))
    send(message(statuses=["confirmed", "invited"], guests=guests_[::-1], segments=[]))
    assert count(Mailing) == 1


@pytest.mark.parametrize("change", ["empty", "grown", "deleted"])
def test_a_replay_answers_the_same_whatever_became_of_the_audience_s1(
    event_id: int, party: list[int], send: Any, add_guest: Any, change: str, count: Any
) -> None:
    first = send()
    if change == "grown":
        add_guest("new@guests.example.net")
    elif change == "empty":
        empty_the_party()
    else:
        edit.delete(event_id, party[0], acting())
    second = send()
    assert (second.answer, second.status, count(Mailing)) == (first.answer, 202, 1)


def test_a_replay_answers_even_when_the_text_would_be_refused_now_s1(
    event_id: int, party: list[int], send: Any, add_guest: Any
) -> None:
    edit.edit(event_id, party[0], {"attributes": {"Table": "7"}}, acting())
    with_column = message(replace(TEXT, body="{guest.Table}"))
    first = send(with_column)
    with transaction() as tx:
        tx.execute(text("DELETE FROM guest_field"))
    assert send(with_column).answer == first.answer


@pytest.mark.parametrize(
    "other",
    [
        message(replace(TEXT, subject="Other")),
        message(replace(TEXT, preheader="")),
        message(replace(TEXT, body="Other")),
        message(statuses=["confirmed", "invited"]),
    ],
)
def test_a_key_that_comes_with_another_message_is_refused_s1(
    party: list[int], send: Any, other: Message, count: Any
) -> None:
    send()
    with pytest.raises(IdempotencyKeyReused) as refused:
        send(other)
    assert (refused.value.status, count(Mailing)) == (422, 1)


def test_people_and_events_have_keys_of_their_own(
    event_id: int, party: list[int], send: Any, owner: Person, add_event: Any, count: Any
) -> None:
    other = add_event()
    seeding.add_guest(other)
    sent = [send(), send(by=owner), send(where=other)]
    assert len({one.mailing_id for one in sent}) == 3
    assert [one.job_id is None for one in sent] == [False] * 3


def test_of_two_clicks_at_once_the_second_lands_on_the_first_s1(
    app: Flask, party: list[int], send: Any, count: Any
) -> None:
    faster: list[Sent] = []
    with at_first_write(app, lambda: faster.append(send())):
        slower = send()
    assert (slower.mailing_id, slower.answer) == (faster[0].mailing_id, faster[0].answer)
    assert (slower.job_id, count(Mailing), count(Recipient)) == (None, 1, 2)


def test_a_key_under_a_form_stays_until_another_message_needs_one(
    event_id: int, organizer: Person, party: list[int], send: Any
) -> None:
    def laid(what: Message, key: str | None) -> str:
        return mailing_send.key_for(event_id, what, key, acting(organizer))

    assert len({laid(message(), None), laid(message(), None)}) == 2
    assert laid(message(), "k") == "k"
    send()
    assert laid(message(), "k") == "k"
    assert laid(message(statuses=["invited"]), "k") != "k"
