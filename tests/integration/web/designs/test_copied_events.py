"""A copied event has the designs of the first, and its page says so before and after (D1)."""

from typing import Any

import pytest
from flask import Flask

from eventmail.domain.designs import lifecycle, revisions
from eventmail.models import Design, DesignRevision
from tests.support import seeding
from tests.support.designing import design, save
from tests.support.seeding import Person
from tests.support.web import Client, words

COPY = {"title": "Gala 2028", "timezone": "Europe/Berlin"}


@pytest.fixture
def add(app: Flask, event_id: int, organizer: Person) -> Any:
    """add(name, published=False, archived=False): a design."""

    def make(name: str, *, published: bool = False, archived: bool = False) -> int:
        by = seeding.acting(organizer)
        with app.app_context():
            made = design(event_id, by, name=name)
            if published:
                revisions.publish(event_id, made, by)
                save(event_id, made, by, "Changed since")
            if archived:
                lifecycle.archive(event_id, made, by)
        return made

    return make


@pytest.mark.parametrize(
    ("made", "said", "after"),
    [
        ([], "", ""),
        ([{}], "1 design: the draft, never published", "1 design came along."),
        ([{"published": True}], "1 design: the draft, and what is published of it", "1 design came along."),
        ([{}, {}], "2 designs: the draft of each, none of them published", "2 designs came along."),
        (
            [{}, {"published": True}, {"archived": True, "published": True}],
            "2 designs: the draft of each, and what is published of 1 of them. What is in the archive stays behind",
            "2 designs came along.",
        ),
        ([{"archived": True}], "No designs: what is in the archive stays behind", ""),
    ],
)
def test_D1_the_page_and_the_answer_say_how_many_designs_come_along(
    client: Client, event_id: int, add: Any, made: list[dict[str, bool]], said: str, after: str
) -> None:
    for number, kind in enumerate(made):
        add(f"Design {number}", **kind)
    url = f"/admin/events/{event_id}/copy"
    before = words(client.get(url)).partition("What comes along ")[2].partition(" The new event")[0]
    assert (said in before, "design" in before) == (True, bool(said))
    told = words(client.get(client.submit(url, COPY).location or ""))
    assert told.partition("Nobody is on its guest list yet.")[2].startswith(f" {after}" if after else " ")
    assert ("came along" in told) == bool(after)


def test_D1_the_copy_has_the_draft_and_what_is_published_of_each_and_is_a_list_of_its_own(
    client: Client, event_id: int, add: Any, rows: Any
) -> None:
    add("Draft")
    add("Published", published=True)
    add("Archived", archived=True)
    client.submit(f"/admin/events/{event_id}/copy", COPY)
    copied = rows(Design, Design.event_id != event_id)
    assert [(one.name, one.body, one.published, one.revision) for one in copied] == [
        ("Draft", "Come to {event.title}.", None, 1), ("Published", "Changed since", 1, 1),
    ]  # fmt: skip
    kept = rows(DesignRevision, DesignRevision.design_id.in_([one.id for one in copied]))
    assert [(one.design_id, one.number, one.body, one.is_published) for one in kept] == [
        (copied[1].id, 1, "Come to {event.title}.", True)
    ]
    page = client.get(f"/admin/events/{copied[0].event_id}/email-templates")
    assert "All 2 Draft 1 Published 1 Published + changes 1 Archived 0" in words(page)
