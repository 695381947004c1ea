"""What the rule of a segment finds in the database is what it says, for guests of every kind."""

import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from eventmail import value_parsing
from eventmail.db import fresh, transaction
from eventmail.domain.audience import rule as audience_rule
from eventmail.domain.audience import rule_sql, segments, value_index
from eventmail.domain.audience.rule import Kind
from eventmail.domain.guests import values as guest_values
from eventmail.models import Guest, Segment, SegmentField
from tests.support import seeding
from tests.support.budgets import budget

COLUMNS = ("Größe", "size", 'a "b\\', "tag", "x.y[0]")
WORDS = (
    "Müller", "MÜLLER", "Mu\u0308ller", "Muller", "groß", "GROSS", "1,5", "1.5", "-2", "1.234,5", "2027-05-01",
    "1.5.2027", "30.02.2027", "2026-12-31T10:00", "", " a  b ", "50%", "a_b", "\\", "İ", "ﬁn", "vip", "Vip", "שלום",
    "ada@x.org", "9", "9.0", "9,00", "1.50", "1,000", "01.05.2027", "2027-05-01 18:00", "05/01/2027",
    "12345678901234567", "12345678901234568",
)  # fmt: skip
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6))
TAG_WORDS = [word for word in WORDS if word.strip() and "," not in word]
TAGS = st.one_of(st.sampled_from(TAG_WORDS), st.text("abÄß%_", min_size=1, max_size=3))
KEYS = {
    "status": Kind.STATUS, "tags": Kind.TAG, "first_name": Kind.FIRST_NAME, "last_name": Kind.LAST_NAME,
    "email": Kind.EMAIL, **dict.fromkeys(("Größe", "SIZE", 'a "b\\', "attribute:tag", "x.y[0]"), Kind.ATTRIBUTE),
}  # fmt: skip
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["invited", "confirmed", "declined"]),
            "first_name": TEXTS,
            "last_name": TEXTS,
            "email": st.sampled_from([None, "ada@x.org", "ADA@X.org", "bö@münchen.example"]),
            "tags": st.lists(TAGS, max_size=3, unique_by=str.casefold),
            "attributes": st.dictionaries(st.sampled_from(COLUMNS), TEXTS.filter(bool), max_size=4),
        }
    ),
    min_size=1,
    max_size=4,
)


def values_for(op: audience_rule.Op) -> st.SearchStrategy[str]:
    """Values that `op` can compare with."""
    if op in audience_rule.BARE:
        return st.just("")
    read = (
        value_parsing.day
        if op in audience_rule.DAYS
        else value_parsing.number
        if op in audience_rule.NUMBERS
        else value_parsing.folded
    )
    return TEXTS.filter(lambda word: read(word) not in (None, ""))


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, str]:
    """One condition that can be answered."""
    field, kind = draw(st.sampled_from(sorted(KEYS.items())))
    op = draw(st.sampled_from(sorted(audience_rule.FITTING[kind])))
    values = st.sampled_from(["invited", "Confirmed", "declined"]) if kind is Kind.STATUS else values_for(op)
    return {"field": field, "op": op, "value": draw(values)}


RULES = st.builds(
    lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), st.lists(conditions(), min_size=1, max_size=3)
)


def theirs(person: dict[str, Any], field: str) -> list[str]:
    """What stands in a field of a guest; of tags there are several."""
    if field == "tags":
        return list(person["tags"])
    if field in ("status", "first_name", "last_name", "email"):
        return [person[field] or ""]
    name = {"SIZE": "size", "attribute:tag": "tag"}.get(field, field)
    return [person["attributes"].get(name, "")]


def plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def equal(word: str, part: dict[str, str], reading: int) -> bool:
    """Whether a guest's value is the value asked for: by its letters, as a short number, as a day without a time."""
    value = part["value"]
    if plain(word) == plain(value):
        return True
    if reading == audience_rule.LETTERS or part["field"] in ("tags", "first_name", "last_name", "email", "status"):
        return False
    number, day = value_parsing.number(value), value_parsing.day(value)
    short = sum(sign in "0123456789" for sign in value) <= 15
    return (number is not None and short and value_parsing.number(word) == number) or (
        day is not None and ":" not in value and value_parsing.day(word) == day
    )


def meets(person: dict[str, Any], part: dict[str, str], reading: int) -> bool:  # noqa: PLR0911
    """The rule in plain Python, as a person would explain it."""
    raw = [word for word in theirs(person, part["field"]) if plain(word)]
    there, wanted = [plain(word) for word in raw], plain(part["value"])
    match part["op"]:
        case "is":
            return any(equal(word, part, reading) for word in raw)
        case "is_not":
            return not any(equal(word, part, reading) for word in raw)
        case "contains":
            return any(wanted in word for word in there)
        case "starts_with":
            return any(word.startswith(wanted) for word in there)
        case "is_empty":
            return not there
        case "is_not_empty":
            return bool(there)
        case "before":
            return any(day < str(value_parsing.day(part["value"])) for word in raw if (day := value_parsing.day(word)))
        case "after":
            return any(day > str(value_parsing.day(part["value"])) for word in raw if (day := value_parsing.day(word)))
    limit = value_parsing.number(part["value"])
    numbers = [number for word in raw if (number := value_parsing.number(word)) is not None]
    assert limit is not None
    return any(number > limit if part["op"] == "greater" else number < limit for number in numbers)


def expected(people: dict[int, dict[str, Any]], rule: dict[str, Any], reading: int = audience_rule.READING) -> set[int]:
    ((word, parts),) = rule.items()
    ask = all if word == "all" else any
    return {guest for guest, person in people.items() if ask(meets(person, part, reading) for part in parts)}


def found(event_id: int, rule: dict[str, Any], *, kept: bool, reading: int = audience_rule.READING) -> set[int]:
    read = audience_rule.parse(rule, segments.fields(event_id), reading)
    places = value_index.places(read, value_index.kept(fresh(), event_id)) if kept else ()
    met = rule_sql.rule_condition(Guest, event_id, read, places)
    return set(fresh().scalars(select(Guest.id).where(Guest.event_id == event_id, met)))


def put(event_id: int, person: dict[str, Any], guest_id: int | None = None) -> tuple[int, dict[str, Any]]:
    """The guest as written by the product's own hand, and what they hold now."""
    with transaction() as tx:
        guest = tx.get(Guest, guest_id) if guest_id else None
        if guest is None:
            now = seeding.acting().now
            guest = Guest(event_id=event_id, attributes={}, created_at=now, updated_at=now)
        given_ = {**person, "last_name": person["last_name"] or "x"}
        guest_values.apply(
            tx, guest, {**given_, "attributes": {name: person["attributes"].get(name) for name in COLUMNS}}
        )
        tx.add(guest)
        tx.flush()
        state = {**guest_values.state(guest), "tags": [tag.tag for tag in guest.tags]}
        return guest.id, state


@pytest.fixture
def _columns(event_id: int) -> None:
    with transaction() as tx:
        guest_values.record_columns(tx, event_id, COLUMNS)


def forget(event_id: int) -> None:
    with transaction() as tx:
        for table in (Guest, Segment, SegmentField):
            tx.execute(delete(table).where(table.event_id == event_id))
        assert tx.scalar(text("SELECT count(*) FROM guest_value")) == 0


@pytest.mark.usefixtures("_columns")
@settings(
    max_examples=budget(20, soaked=150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=PEOPLE, later=PEOPLE, rule=RULES, reading=st.sampled_from([audience_rule.LETTERS, audience_rule.READING]))
def test_a_rule_finds_whom_it_says_kept_or_not_before_and_after_a_change(
    *, event_id: int, people: list[dict[str, Any]], later: list[dict[str, Any]], rule: dict[str, Any], reading: int
) -> None:
    """Asked of the guests themselves, of the values kept from then on, and of those after guests changed and came."""
    forget(event_id)
    there = dict(put(event_id, person) for person in people)
    assert found(event_id, rule, kept=False, reading=reading) == expected(there, rule, reading)
    segments.create(event_id, {"name": "S", "rule": rule}, seeding.acting())
    assert found(event_id, rule, kept=True, reading=reading) == expected(there, rule, reading)
    known = [*there]
    for n, person in enumerate(later):
        there |= [put(event_id, person, known[n] if n < len(known) else None)]
    for kept in (True, False):
        assert found(event_id, rule, kept=kept, reading=reading) == expected(there, rule, reading)


@pytest.mark.usefixtures("_columns")
def test_what_is_kept_follows_guests_that_come_and_change(event_id: int) -> None:
    """The examples beside the property above: a wildcard is a letter, who has nothing "is not", a change counts."""
    blank: dict[str, Any] = {
        "status": "invited",
        "first_name": "",
        "last_name": "",
        "email": None,
        "tags": [],
        "attributes": {},
    }
    rule = {"all": [{"field": "size", "op": "contains", "value": "50%"}]}
    other = {"all": [{"field": "size", "op": "is not", "value": "50% OFF"}]}
    for name, one in (("A", rule), ("B", other)):
        segments.create(event_id, {"name": name, "rule": one}, seeding.acting())
    first, _ = put(event_id, {**blank, "attributes": {"size": "50% off"}})
    second, _ = put(event_id, {**blank, "attributes": {"size": "500"}})
    third, _ = put(event_id, blank)
    for kept in (True, False):
        assert found(event_id, rule, kept=kept) == {first}
        assert found(event_id, other, kept=kept) == {second, third}
    put(event_id, {**blank, "attributes": {"size": "now 50%"}}, second)
    put(event_id, blank, first)
    for kept in (True, False):
        assert found(event_id, rule, kept=kept) == {second}
        assert found(event_id, other, kept=kept) == {first, second, third}
