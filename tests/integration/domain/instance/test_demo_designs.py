"""The demo's designs: how many of which kind, that each may be sent, and that repeating adds none."""

import re
from collections import Counter
from dataclasses import astuple

import pytest
from sqlalchemy import func, select

from eventmail.db import fresh, transaction
from eventmail.domain.designs import edit, lifecycle, listing, revisions
from eventmail.domain.designs.edit import DesignVersion, Shown
from eventmail.domain.designs.listing import Filters, State
from eventmail.domain.instance import demo, demo_designs
from eventmail.domain.mailings import contents
from eventmail.domain.people import users
from eventmail.models import Design, Event, Mailing
from eventmail.states import MessageType
from tests.support import seeding
from tests.support.written import PLACE


def load() -> int:
    return demo.load(seeding.acting(), PLACE).event_id


def designs(event_id: int) -> list[Shown]:
    found = listing.listing(event_id, Filters(), page=1, size=200, total=200)
    return list(found.items)


def test_D1_it_has_25_designs_over_all_types() -> None:
    found = designs(load())
    assert len(found) == len({shown.name for shown in found}) == 25
    assert Counter(shown.message_type for shown in found) == {
        MessageType.INVITATION: 6, MessageType.UPDATE: 6, MessageType.REMINDER: 5, MessageType.CALENDAR: 3,
        MessageType.FOLLOW_UP: 5,
    }  # fmt: skip


def test_D3_three_are_published_one_of_them_with_later_changes_and_one_with_calendar_links() -> None:
    event_id = load()
    counts = listing.counts(event_id, Filters())
    assert counts.by_state == {
        None: 25, State.DRAFT: 22, State.PUBLISHED: 3, State.CHANGED: 1, State.ARCHIVED: 0,
    }  # fmt: skip
    published = {shown.name: shown for shown in designs(event_id) if shown.published}
    assert {name: (shown.message_type, shown.diverged) for name, shown in published.items()} == {
        "Save the date": (MessageType.INVITATION, False),
        "Invitation": (MessageType.INVITATION, True),
        "Put it in your calendar": (MessageType.CALENDAR, False),
    }
    calendar = published["Put it in your calendar"].published
    assert calendar
    assert "\n\n::: calendar-links\n:::\n\n" in calendar.text.body
    assert {(shown.id, revision.number) for shown in published.values() for revision in revisions.listing(shown.id)} \
        == {(shown.id, 1) for shown in published.values()}  # fmt: skip


def test_D4_each_draft_and_each_published_text_may_be_sent_and_leaves_nothing_to_remark() -> None:
    event_id = load()
    for shown in designs(event_id):
        texts = [shown.text, shown.published.text] if shown.published else [shown.text]
        looked = [contents.look(event_id, text) for text in texts]
        assert [(*draft.problems, *draft.remarks) for draft in looked] == [()] * len(texts), shown.name


def test_C3_each_merge_field_of_a_guest_has_a_fallback_of_its_own() -> None:
    bare = [
        field for shown in designs(load()) for field in re.findall(r"\{guest\.\w+\}", " ".join(astuple(shown.text)))
    ]
    assert bare == []


def test_the_organizer_wrote_them_on_several_days() -> None:
    found = designs(load())
    organizer = users.find(demo.ORGANIZER)
    assert organizer
    assert {shown.saver for shown in found} == {organizer.name}
    assert len({shown.saved_at.date() for shown in found}) > 10
    assert all(shown.saved_at < seeding.acting().now for shown in found)


def test_no_message_and_no_test_names_one_of_them() -> None:
    load()
    assert fresh().scalar(select(func.count()).where(Mailing.design_id.is_not(None))) == 0


def test_repeating_adds_none_and_brings_none_back_that_was_renamed_archived_or_deleted() -> None:
    event_id, by = load(), seeding.acting()
    ids = {shown.name: shown.id for shown in designs(event_id)}
    edit.save(event_id, ids["Today"], DesignVersion(1), {"name": "On the day"}, by)
    lifecycle.archive(event_id, ids["Tomorrow"], by)
    lifecycle.delete(event_id, ids["We missed you"], by)
    load()
    left = {*ids, "On the day"} - {"Today", "Tomorrow", "We missed you"}
    assert {shown.name for shown in designs(event_id)} == left
    assert fresh().scalar(select(func.count()).select_from(Design)) == 24


def test_a_demo_of_before_there_were_designs_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(demo_designs, "DESIGNS", ())
        event_id = load()
    assert designs(event_id) == []
    load()
    assert len(designs(event_id)) == 25


def test_the_event_of_the_other_team_has_none() -> None:
    event_id = load()
    assert set(fresh().scalars(select(Design.event_id))) == {event_id}


def test_D1_a_copy_of_the_gala_has_its_designs_and_what_is_published_of_each(owner: seeding.Person) -> None:
    event_id = load()
    to = seeding.add_event(owner, title="Gala of next year")
    with transaction() as tx:
        assert lifecycle.copy_all(tx, event_id, to, seeding.acting(owner)) == 25
    assert fresh().get_one(Event, to).title == "Gala of next year"
    assert listing.counts(to, Filters()) == listing.counts(event_id, Filters())
