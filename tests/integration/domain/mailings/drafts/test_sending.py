"""A draft is the very row that is sent: once, as it was read, by whoever was first."""

from dataclasses import replace
from typing import Any

import pytest

from eventmail.db import fresh
from eventmail.domain.audience import snapshots
from eventmail.domain.mailings import drafts, query
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.send import Message
from eventmail.domain.outcomes import overview
from eventmail.errors import (
    AlreadySent,
    AudienceChanged,
    PastEditWindow,
    StaleRevision,
)
from eventmail.models import Content, DraftText, Job, Mailing, Recipient
from eventmail.records import Acting
from tests.support.drafting import HERE, PAGE, held, save, send, written


def test_a_sent_draft_keeps_its_id_and_says_who_sent_it_when_S1(
    event_id: int, begun: int, anna: Acting, add_guests: Any, row: Any, count: Any
) -> None:
    add_guests(2)
    sent = send(event_id, DraftVersion(begun, 1), anna)
    mailing = row(Mailing)
    assert (sent.mailing_id, mailing.id, mailing.state) == (begun, begun, "sending")
    assert (mailing.created_by, mailing.created_at, mailing.recipient_count) == (anna.user_id, anna.now, 2)
    assert (count(DraftText), count(Job), row(Content).id) == (0, 1, mailing.content_id)
    assert drafts.find(event_id, begun) is None


def test_what_was_begun_first_and_sent_last_is_the_last_message(
    event_id: int, begun: int, oscar: Acting, add_guests: Any
) -> None:
    add_guests(1)
    between = send(event_id, None, oscar, key="other").mailing_id
    send(event_id, DraftVersion(begun, 1), replace(oscar, now=oscar.now.replace(year=oscar.now.year + 1)))
    last = overview.facts(event_id).last
    assert last is not None
    assert last.mailing.id == begun
    assert [row[0].id for row in fresh().execute(query.newest_first(event_id))] == [begun, between]


def test_of_two_who_send_one_draft_the_second_is_told_by_whom(
    event_id: int, begun: int, oscar: Acting, anna: Acting, add_guests: Any, count: Any
) -> None:
    add_guests(2)
    send(event_id, DraftVersion(begun, 1, PAGE), oscar)
    with pytest.raises(AlreadySent, match=r"^Oscar Organizer sent this a moment ago. It was not sent a second time.$"):
        send(event_id, DraftVersion(begun, 1), anna)
    assert (count(Mailing), count(Recipient)) == (1, 2)


def test_what_a_colleague_wrote_after_the_review_is_not_sent_over(
    event_id: int, begun: int, oscar: Acting, anna: Acting, add_guests: Any, count: Any
) -> None:
    add_guests(2)
    save(event_id, DraftVersion(begun, 1), written("Anna's"), anna)
    with pytest.raises(StaleRevision, match=r"Nothing was sent."):
        send(event_id, DraftVersion(begun, 1, PAGE), oscar)
    assert (held(begun), count(Job), count(Recipient)) == ((2, "Anna's"), 0, 0)


def test_a_refused_send_leaves_the_draft_as_it_was_S1(
    event_id: int, begun: int, oscar: Acting, add_guests: Any, count: Any
) -> None:
    add_guests(1)
    asked = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
    token = snapshots.freeze(mailing_send.prepare(event_id, asked, HERE).audience, oscar)
    add_guests([{"email": "new@guests.org"}])
    message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]}, token)
    with pytest.raises(AudienceChanged):
        mailing_send.send(event_id, message, key="k", terms=HERE, by=oscar, draft=DraftVersion(begun, 1))
    found = drafts.find(event_id, begun)
    assert (found and found.revision, count(Recipient), count(Job)) == (1, 0, 0)


def test_a_save_after_the_sending_is_refused(event_id: int, begun: int, oscar: Acting, add_guests: Any) -> None:
    add_guests(1)
    send(event_id, DraftVersion(begun, 1), oscar)
    later = replace(oscar, now=oscar.now.replace(year=oscar.now.year + 1))
    with pytest.raises(PastEditWindow, match=r"^You sent this at \d\d:\d\d\."):
        save(event_id, DraftVersion(begun, 1, PAGE), written("late"), later)


def test_a_save_that_comes_after_its_page_has_sent_makes_no_draft(
    event_id: int, oscar: Acting, add_guests: Any, count: Any
) -> None:
    add_guests(1)
    send(event_id, DraftVersion(page="fast"), oscar)
    with pytest.raises(PastEditWindow):
        save(event_id, DraftVersion(page="fast"), written(), oscar)
    assert count(Mailing) == 1


def test_a_send_that_does_not_know_yet_that_its_page_made_a_draft_sends_that(
    event_id: int, begun: int, oscar: Acting, add_guests: Any, count: Any
) -> None:
    add_guests(1)
    assert send(event_id, DraftVersion(page=PAGE), oscar).mailing_id == begun
    assert (count(Mailing), count(DraftText)) == (1, 0)
