"""What is forgotten, and what never is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eventmail.domain.audience import snapshots
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.instance import housekeeping
from eventmail.domain.mailings import contents, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.people import sign_in_links
from eventmail.domain.terms import SendingTerms
from eventmail.models import Content, IdempotencyRecord, SignInLink, Snapshot
from eventmail.states import GuestStatus
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.time import FrozenClock


def test_S1_an_answer_is_kept_under_its_key_for_a_day_and_then_forgotten(
    event_id: int, organizer: Person, clock: FrozenClock, add_guests: Callable[..., Any], rows: Callable[..., list[Any]]
) -> None:
    add_guests(1)
    by = replace(seeding.acting(organizer), now=clock.now())
    message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
    send.send(event_id, message, key="k", terms=SendingTerms("http://127.0.0.1", b"0" * 32, outside=False), by=by)

    assert housekeeping.purge(clock.advance(hours=24)) == 0
    assert housekeeping.purge(clock.advance(seconds=1)) == 1

    assert rows(IdempotencyRecord) == []
    assert [content.subject for content in rows(Content)] == ["Hello"]


def test_a_text_that_was_only_looked_at_is_forgotten_and_one_that_was_sent_never_is(
    event_id: int, organizer: Person, clock: FrozenClock, rows: Callable[..., list[Any]]
) -> None:
    contents.preview(event_id, Text("Only looked at", "", "Hi"), replace(seeding.acting(organizer), now=clock.now()))

    housekeeping.purge(clock.advance(days=2))

    assert rows(Content) == []


def test_A4_the_list_of_a_look_is_forgotten_a_day_later(
    event_id: int, organizer: Person, clock: FrozenClock, add_guests: Callable[..., Any], rows: Callable[..., list[Any]]
) -> None:
    add_guests(1)
    by = replace(seeding.acting(organizer), now=clock.now())
    snapshots.freeze(Audience(event_id, (GuestStatus.CONFIRMED,), ()), by)

    assert housekeeping.purge(clock.advance(hours=24)) == 0
    assert len(rows(Snapshot)) == 1
    assert housekeeping.purge(clock.advance(seconds=1)) == 1

    assert rows(Snapshot) == []


def test_a_link_that_nobody_can_use_any_more_is_forgotten(
    organizer: Person, clock: FrozenClock, rows: Callable[..., list[Any]]
) -> None:
    sign_in_links.issue(organizer.email, replace(seeding.acting(organizer), now=clock.now()))

    assert housekeeping.purge(clock.advance(hours=1)) == 0
    housekeeping.purge(clock.advance(days=2))

    assert rows(SignInLink) == []
