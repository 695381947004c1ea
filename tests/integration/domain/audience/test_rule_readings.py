"""How a segment's rule reads numbers and days, what it tells of them, and what keeps its former reading."""

from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import fresh, transaction
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience import rule as audience_rule
from eventmail.domain.audience import rule_readings, segments
from eventmail.domain.audience.rule_readings import Changes, ReadAs
from eventmail.domain.guests import values
from eventmail.models import AuditEntry, Guest, Segment
from tests.support import seeding
from tests.support.seeding import acting

NINE = {"all": [{"field": "Table", "op": "is", "value": "9"}]}
NOT_NINE = {"all": [{"field": "Table", "op": "is_not", "value": "9.0"}]}
ARRIVAL = {"all": [{"field": "Arrival", "op": "is", "value": "2027-05-01"}]}
TABLES = ("9", "9.0", "9,00", "09", "19", "9 a", "")
ARRIVALS = ("2027-05-01", "01.05.2027", "1. 5. 2027 18:00", "05/01/2027", "2027-05-02")


@pytest.fixture(autouse=True)
def _guests(event_id: int) -> None:
    with transaction() as tx:
        values.record_columns(tx, event_id, ["Table", "Arrival"])
    pairs = [{"Table": value} for value in TABLES] + [{"Arrival": value} for value in ARRIVALS]
    people = [
        {"email": f"{n}@x.test", "attributes": {name: text for name, text in pair.items() if text}}
        for n, pair in enumerate(pairs)
    ]
    seeding.add_guests(event_id, people)


def made(event_id: int, rule: dict[str, Any], *, former: bool = False) -> int:
    """A segment; a former one as it was saved before numbers and days counted."""
    segment_id = segments.create(event_id, {"name": "S", "rule": rule}, acting())
    if former:
        with transaction() as tx:
            tx.execute(update(Segment).where(Segment.id == segment_id).values(reading=audience_rule.LETTERS))
    return segment_id


@pytest.mark.parametrize(
    ("rule", "now", "before"),
    [
        (NINE, 4, 1),
        (NOT_NINE, len(TABLES) + len(ARRIVALS) - 4, len(TABLES) + len(ARRIVALS) - 1),
        (ARRIVAL, 3, 1),
        ({"all": [{"field": "Arrival", "op": "is", "value": "1. 5. 2027 18:00"}]}, 1, 1),
        ({"all": [{"field": "first_name", "op": "is", "value": "9"}]}, 0, 0),
    ],
)
def test_a_segment_is_equal_by_numbers_and_days_and_a_former_one_by_its_letters(
    event_id: int, rule: Any, now: int, before: int
) -> None:
    assert segments.get(event_id, made(event_id, rule)).count == now
    fresh().rollback()
    with transaction() as tx:
        tx.execute(update(Segment).values(name="Former", name_key="former"))
    former = made(event_id, rule, former=True)
    assert segments.get(event_id, former).count == before
    audience = audiences.checked(event_id, {"segments": [str(former)]}, outside=False)
    assert audiences.resolve(fresh(), audience).count == before


def test_a_former_segment_keeps_its_reading_until_its_rule_is_saved_again(event_id: int, rows: Any) -> None:
    former = made(event_id, NINE, former=True)
    assert rule_readings.changes(event_id, former) == Changes(1, 3, 0)
    segments.edit(event_id, former, {"name": "Table 9"}, acting())
    assert (segments.get(event_id, former).count, segments.get(event_id, former).reading) == (1, audience_rule.LETTERS)
    segments.edit(event_id, former, {"rule": NINE}, acting())
    assert (segments.get(event_id, former).count, rule_readings.changes(event_id, former)) == (4, None)
    told = [entry.detail for entry in rows(AuditEntry, AuditEntry.action == "segment.edited")]
    assert told[1:] == [
        {"before": {"reading": "the same letters"}, "after": {"reading": "the same letters, number or day"}}
    ]


def test_who_would_leave_is_counted_and_who_was_picked_by_hand_is_not(event_id: int, rows: Any) -> None:
    former = made(event_id, NOT_NINE, former=True)
    assert rule_readings.changes(event_id, former) == Changes(11, 0, 3)
    nine = rows(Guest)[0].id
    segments.edit(event_id, former, {"guests": [str(nine)]}, acting())
    assert rule_readings.changes(event_id, former) == Changes(11, 0, 2)


def test_a_copy_keeps_the_reading_of_what_it_was_copied_from(event_id: int, add_event: Any) -> None:
    former = made(event_id, NINE, former=True)
    assert segments.get(event_id, segments.copy(event_id, former, acting())).reading == audience_rule.LETTERS
    other = add_event()
    with transaction() as tx:
        values.record_columns(tx, other, ["Table", "Arrival"])
        segments.copy_all(tx, event_id, other, acting())
    assert {found.reading for found in segments.everyone(other)} == {audience_rule.LETTERS}


def test_what_says_the_same_in_both_readings_has_nothing_to_tell(event_id: int) -> None:
    for rule in ({"all": [{"field": "tag", "op": "is", "value": "9"}]},
                 {"all": [{"field": "Table", "op": "is", "value": "9 a"}]},
                 {"all": [{"field": "Table", "op": "greater", "value": "9"}]}):  # fmt: skip
        former = made(event_id, rule, former=True)
        assert rule_readings.changes(event_id, former) is None
        segments.remove(event_id, former, acting())


def test_guests_whose_values_may_be_read_otherwise_are_counted_and_the_commonest_is_shown(event_id: int) -> None:
    seeding.add_guests(event_id, [
        {"email": f"more{n}@x.test", "attributes": {"Table": "1,000", "Arrival": text}}
        for n, text in enumerate(("05/01/2027", "25/12/2027"))
    ])  # fmt: skip
    for asked in ("9", "1000.5", "2027-05-01"):
        rule = {"all": [{"field": "Table", "op": "is", "value": asked}]}
        assert rule_readings.told(event_id, audience_rule.parse(rule, segments.fields(event_id))) == []
    rule = {"any": [
        {"field": "Table", "op": "is", "value": "1000"}, {"field": "Arrival", "op": "before", "value": "1.6.2027"},
    ]}  # fmt: skip
    days = "“1.6.2027” is read as 1 June 2027, since between points the day comes first."
    thousands = (
        "2 guests have in “Table” what may be read otherwise. “1,000” is read as 1, since one comma is the decimal "
        "mark. Write 1000 if that is meant."
    )
    slashes = (
        "3 guests have in “Arrival” what may be read otherwise. “05/01/2027” is read as text, not as a day: it could "
        "be 5 January 2027 or 1 May 2027. Write 2027-01-05 or 2027-05-01."
    )
    expected = [
        ReadAs(1, "Arrival", "1.6.2027", days, ambiguous=False),
        ReadAs(None, "Table", "1,000", thousands, ambiguous=True),
        ReadAs(None, "Arrival", "05/01/2027", slashes, ambiguous=True),
    ]
    assert rule_readings.told(event_id, audience_rule.parse(rule, segments.fields(event_id))) == expected
    assert rule_readings.of_segment(event_id, made(event_id, rule)) == expected  # of the values that are kept, too
