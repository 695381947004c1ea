"""The list of designs: filters, counts and pages tell of the same rows, whatever others write meanwhile (D2)."""

from typing import Any

import pytest

from eventmail.db import transaction
from eventmail.domain.designs import edit, lifecycle, listing, revisions
from eventmail.domain.designs.edit import DesignVersion
from eventmail.domain.designs.listing import Filters, State
from eventmail.domain.mailings import test_sends
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.models import Design
from eventmail.records import Acting
from eventmail.states import MessageType
from tests.support.designing import design, save
from tests.support.queries import count_queries
from tests.support.written import PLACE

EVERY_FILTER = [
    Filters(state, type_, q) for state in (None, *State) for type_ in (None, *MessageType) for q in ("", "day", "zebra")
]


@pytest.fixture
def mixed(event_id: int, oscar: Acting) -> list[int]:
    """Thirty designs of every state and type."""
    made = []
    for number in range(30):
        type_ = list(MessageType)[number % 5]
        name = f"{'Day' if number % 2 else 'Night'} {number:02}"
        made.append(design(event_id, oscar, name=name, message_type=type_))
        if number % 3:
            revisions.publish(event_id, made[-1], oscar)
        if number % 3 == 2:
            save(event_id, made[-1], oscar, "Changed")
        if number % 7 == 6:
            lifecycle.archive(event_id, made[-1], oscar)
    return made


def page(event_id: int, filters: Filters, number: int = 1, size: int = 50) -> listing.Page[edit.Shown]:
    total = listing.counts(event_id, filters).by_state[filters.state]
    return listing.listing(event_id, filters, page=number, size=size, total=total)


def names(event_id: int, filters: Filters, size: int = 50) -> list[str]:
    """The names on all pages, one after the other."""
    pages = page(event_id, filters, size=size).pages
    return [one.name for number in range(1, pages + 1) for one in page(event_id, filters, number, size).items]


def test_D2_each_count_is_the_number_of_rows_behind_that_filter(
    event_id: int, oscar: Acting, mixed: list[int], add_event: Any
) -> None:
    design(add_event(), oscar, name="Day of another event")
    behind = {filters: len(names(event_id, filters)) for filters in EVERY_FILTER}
    for filters in EVERY_FILTER:
        counts = listing.counts(event_id, filters)
        for state in (None, *State):
            assert counts.by_state[state] == behind[Filters(state, filters.message_type, filters.q)]
        for type_ in (None, *MessageType):
            assert counts.by_type[type_] == behind[Filters(filters.state, type_, filters.q)]
        assert counts.event == 30


def test_D2_a_filter_finds_what_its_badge_says(event_id: int, mixed: list[int]) -> None:
    def found(state: State | None) -> list[edit.Shown]:
        return list(page(event_id, Filters(state)).items)

    assert {(one.published is None, one.archived_at is None) for one in found(State.DRAFT)} == {(True, True)}
    assert {(one.published is None, one.diverged) for one in found(State.PUBLISHED)} == {(False, True), (False, False)}
    assert {(one.diverged, one.archived_at is None) for one in found(State.CHANGED)} == {(True, True)}
    assert {one.archived_at is None for one in found(State.ARCHIVED)} == {False}
    assert sorted(one.id for state in (None, State.ARCHIVED) for one in found(state)) == mixed


@pytest.mark.parametrize("size", [1, 7, 200])
def test_D2_the_pages_together_are_the_list_each_row_once_by_name(event_id: int, mixed: list[int], size: int) -> None:
    for filters in (Filters(), Filters(State.PUBLISHED), Filters(None, MessageType.UPDATE), Filters(q="day")):
        assert names(event_id, filters, size) == sorted(names(event_id, filters, 200))


def test_D2_a_page_past_the_end_shows_the_last(event_id: int, mixed: list[int]) -> None:
    total = listing.counts(event_id, Filters()).by_state[None]
    last = page(event_id, Filters(), 10**9, 7)
    assert (last.number, last.pages, last.total) == (4, 4, total)
    assert [one.name for one in last.items] == names(event_id, Filters())[21:]
    nothing = page(event_id, Filters(q="zebra"), 3)
    assert (nothing.number, nothing.pages, nothing.total, nothing.items) == (1, 1, 0, [])


def test_D2_pages_stay_as_they_are_while_fifty_rows_change(event_id: int, oscar: Acting, anna: Acting) -> None:
    made = [design(event_id, oscar, name=f"Design {number:03}") for number in range(60)]
    seen = [page(event_id, Filters(), 1, 20).items]
    for number, design_id in enumerate(made[10:]):
        save(event_id, design_id, anna, f"Changed {number}")
        if number % 2:
            revisions.publish(event_id, design_id, anna)
    seen += [page(event_id, Filters(), number, 20).items for number in (2, 3)]
    assert [one.id for items in seen for one in items] == made


def test_D2_rows_of_one_name_have_one_order(event_id: int, oscar: Acting) -> None:
    made = [design(event_id, oscar) for _ in range(6)]
    assert [one.id for number in (1, 2, 3) for one in page(event_id, Filters(), number, 2).items] == made


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("50%", ["50% off"]),
        ("%", ["50% off"]),
        ("_", ["under_score"]),
        ("<h", ["Über <h1> day"]),
        ("über", ["Über <h1> day"]),
        ("DAY ÜBER", ["Über <h1> day"]),
        ("off day", []),
        ("'", []),
        ("tickets", ["50% off", "under_score"]),
        ("a " * 2_000, ["Über <h1> day"]),  # only its beginning counts
        ("\\", []),
        ("\0", []),
    ],
)
def test_D2_a_search_takes_every_character_for_itself(event_id: int, oscar: Acting, q: str, found: list[str]) -> None:
    design(event_id, oscar, name="50% off", subject="Tickets")
    design(event_id, oscar, name="under_score", subject="Tickets")
    design(event_id, oscar, name="Über <h1> day", subject="Now")
    assert names(event_id, Filters(q=q)) == found


def test_D2_a_search_knows_the_newest_name_and_subject(event_id: int, begun: int, oscar: Acting) -> None:
    revisions.publish(event_id, begun, oscar)
    edit.save(event_id, begun, DesignVersion(1), {"name": "Please come", "subject": "Doors"}, oscar)
    assert [names(event_id, Filters(q=q)) for q in ("come", "doors", "save the date")] == [
        ["Please come"], ["Please come"], [],
    ]  # fmt: skip
    revisions.restore(event_id, begun, 1, oscar)
    assert [names(event_id, Filters(q=q)) for q in ("doors", "firstname")] == [[], ["Please come"]]
    copy, _ = lifecycle.copy(event_id, begun, event_id, oscar)
    assert edit.find(event_id, copy).name == "Copy of Please come"
    assert names(event_id, Filters(q="copy firstname")) == ["Copy of Please come"]


def test_D1_the_last_test_of_each_is_the_newest_with_what_became_of_it(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    untested = design(event_id, oscar)
    text, origin = revisions.snapshot(edit.find(event_id, begun), "draft")
    for key, to in (("a", "first@x.org"), ("b", "second@x.org")):
        wanted = Wanted(text, (to,), origin=origin)
        newest = test_sends.send(event_id, wanted, key=key, terms=PLACE, by=oscar).mailing_id
    test_sends.send(event_id, Wanted(text, ("plain@x.org",)), key="c", terms=PLACE, by=anna)  # of no design
    found = listing.last_tests([begun, untested])
    assert {key: (one.mailing_id, one.at) for key, one in found.items()} == {begun: (newest, oscar.now)}
    assert [(one.email, one.state) for one in found[begun].recipients] == [("second@x.org", "queued")]
    assert listing.last_tests([]) == {}


def test_D2_a_list_of_a_thousand_takes_as_many_statements_as_one_of_three(event_id: int, oscar: Acting) -> None:
    def ask() -> int:
        with count_queries() as queries:
            shown = page(event_id, Filters(q="n"), 2, 200)
            listing.last_tests([one.id for one in shown.items])
        return len(queries)

    for number in range(3):
        design(event_id, oscar, name=f"n{number}")
    few = ask()
    columns = {"dialect": 1, "digest": "d", "excerpt": "", "subject": "", "preheader": "", "body": ""}
    with transaction() as tx:
        tx.add_all(
            Design(event_id=event_id, name=f"n{number}", search_key=f"n{number}", message_type="update", revision=1,
                   saved_at=oscar.now, saved_from="", created_at=oscar.now, **columns)
            for number in range(997)
        )  # fmt: skip
    assert listing.counts(event_id, Filters()).event == 1_000
    assert ask() == few
