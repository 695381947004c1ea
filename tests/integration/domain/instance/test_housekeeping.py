"""What is forgotten, and what never is."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, text

from eventmail.db import Base, db, fresh, transaction
from eventmail.domain.audience import snapshots
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.designs import edit as designs
from eventmail.domain.designs import presence
from eventmail.domain.instance import housekeeping
from eventmail.domain.mailings import contents, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.people import sign_in_links
from eventmail.domain.terms import SendingTerms
from eventmail.models import Content, DesignOpen, IdempotencyRecord, SignInLink, Snapshot
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


def test_D5_a_page_of_a_design_that_was_closed_is_forgotten(
    event_id: int, organizer: Person, clock: FrozenClock, rows: Callable[..., list[Any]]
) -> None:
    by = replace(seeding.acting(organizer), now=clock.now())
    design_id, _ = designs.create(event_id, {"name": "Hello", "message_type": "update"}, by)
    presence.others(event_id, design_id, "page", by)

    assert housekeeping.purge(clock.now() + presence.GONE) == 0
    assert housekeeping.purge(clock.now() + presence.GONE + presence.RENEWED) == 1

    assert rows(DesignOpen) == []


def test_a_link_that_nobody_can_use_any_more_is_forgotten(
    organizer: Person, clock: FrozenClock, rows: Callable[..., list[Any]]
) -> None:
    sign_in_links.issue(organizer.email, replace(seeding.acting(organizer), now=clock.now()))

    assert housekeeping.purge(clock.advance(hours=1)) == 0
    housekeeping.purge(clock.advance(days=2))

    assert rows(SignInLink) == []


@pytest.fixture
def looked_at(event_id: int, organizer: Person, clock: FrozenClock) -> Callable[[str], int]:
    """Keep a text that somebody only looked at: its id."""

    def look(subject: str) -> int:
        by = replace(seeding.acting(organizer), now=clock.now())
        content_id = contents.preview(event_id, Text(subject, "", "Hi"), by).content_id
        assert content_id
        return content_id

    return look


@pytest.fixture
def revision() -> Iterator[Table]:
    """A table of tomorrow that keeps a text, as a design's revision will."""
    table = Table(
        "revision_of_a_test", Base.metadata, Column("id", Integer, primary_key=True),
        Column("content_id", ForeignKey("content.id")),
    )  # fmt: skip
    table.create(db.engine)
    yield table
    Base.metadata.remove(table)


def test_a_text_is_kept_for_every_table_that_points_at_it_also_for_one_that_is_new(
    looked_at: Callable[[str], int], revision: Table, clock: FrozenClock, rows: Callable[..., list[Any]]
) -> None:
    owned, _ = looked_at("Of a design"), looked_at("Of nobody")
    with transaction() as tx:
        tx.execute(revision.insert().values(content_id=owned))

    assert housekeeping.purge(clock.advance(days=2)) == 1

    assert [content.subject for content in rows(Content)] == ["Of a design"]
    assert fresh().execute(revision.select()).all() == [(1, owned)]


@pytest.mark.parametrize("checked", ["", "DEFERRABLE INITIALLY DEFERRED"])
def test_a_row_that_a_foreign_key_keeps_does_not_stop_the_sweep(
    checked: str, organizer: Person, looked_at: Callable[[str], int], clock: FrozenClock,
    rows: Callable[..., list[Any]], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    _, kept, _ = looked_at("First"), looked_at("Kept by a stranger"), looked_at("Last")
    sign_in_links.issue(organizer.email, replace(seeding.acting(organizer), now=clock.now()))
    with transaction() as tx:
        tx.execute(text(f"CREATE TABLE stranger (content_id INTEGER REFERENCES content (id) {checked})"))
        tx.execute(text(f"INSERT INTO stranger VALUES ({kept})"))

    with caplog.at_level(logging.WARNING):
        assert housekeeping.purge(clock.advance(days=2)) == 3

    assert [content.id for content in rows(Content)] == [kept]
    assert rows(SignInLink) == []
    assert f"content {kept} is old, but something still refers to it: FOREIGN KEY constraint failed" in caplog.text
