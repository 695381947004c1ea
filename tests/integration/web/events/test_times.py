"""The times of an event over HTTP: JSON, and a form that asks only where it has to (H2)."""

import re
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail.domain.events import edit
from eventmail.models import Event
from tests.support.forms import filled
from tests.support.seeding import acting
from tests.support.web import Client, words

EVENTS = "/admin/events"
NIGHT = {"title": "Night", "timezone": "Europe/Berlin", "starts_at": "2027-10-31T02:30", "ends_at": "2027-10-31T05:00"}
FORM = {"title": "Night", "timezone": "Europe/Berlin", "location": ""}
FIRST, SECOND = "First 02:30 (CEST)", "Second 02:30 (CET)"


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def asked(page: TestResponse) -> list[tuple[str, str, str, bool]]:
    """The choices between two equal times: (field, value, words, ticked)."""
    rows = re.findall(r'<label class="choice".*?</label>', page.text, re.DOTALL)
    found = [(row, re.search(r'name="(\w+_fold)" value="(\d)"', row)) for row in rows]
    return [(tag[1], tag[2], unescape(words(row)), " checked" in row) for row, tag in found if tag]


def errors(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json["errors"]]


def test_H2_json_is_asked_which_of_two_times_it_means_and_then_keeps_the_answer(api: Any) -> None:
    refused = api.post(EVENTS, json=NIGHT)
    assert (refused.status_code, refused.json["code"], errors(refused)) == (
        400, "AMBIGUOUS_TIME", [("starts_at", "AMBIGUOUS_TIME")],
    )  # fmt: skip
    assert refused.json["detail"] == (
        "2027-10-31 02:30 occurs twice in Europe/Berlin: the clocks go back then. "
        "Choose the first 02:30 (CEST) or the second 02:30 (CET)."
    )
    made = api.post(EVENTS, json={**NIGHT, "starts_fold": 1})
    assert made.status_code == 201
    shown = ("starts_at", "starts_fold", "ends_at", "ends_fold")
    assert [made.json[name] for name in shown] == ["2027-10-31T01:30:00Z", 1, "2027-10-31T04:00:00Z", None]
    assert api.get(made.headers["Location"]).json == made.json


def test_H2_json_changes_the_choice_and_null_clears_it(api: Any, add_event: Any) -> None:
    event = f"{EVENTS}/{add_event()}"
    both = {"starts_at": "2027-10-31T02:30", "ends_at": "2027-10-31T02:30", "starts_fold": 0, "ends_fold": 1}
    changed = api.patch(event, json=both).json
    assert (changed["starts_at"], changed["ends_at"]) == ("2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z")
    cleared = api.patch(event, json={"ends_fold": None})
    assert (cleared.status_code, errors(cleared)) == (400, [("ends_at", "AMBIGUOUS_TIME")])
    ended = api.patch(event, json={"ends_at": None, "ends_fold": None}).json
    assert (ended["starts_fold"], ended["ends_at"], ended["ends_fold"]) == (0, None, None)


@pytest.mark.parametrize("fold", [2, -1, True, "second", 0.5, [], {}])
def test_H2_a_choice_that_is_none_is_refused_at_its_field(api: Any, count: Any, fold: object) -> None:
    answer = api.post(EVENTS, json={**NIGHT, "starts_fold": fold})
    assert (answer.status_code, answer.json["code"], errors(answer)) == (
        400, "INVALID_INPUT", [("starts_fold", "VALUE_ERROR")],
    )  # fmt: skip
    assert answer.json["errors"][0]["message"] == "Choose 0 for the first of two equal times, or 1 for the second."
    assert count(Event) == 0


@pytest.mark.parametrize("path", [EVENTS, "copy", "settings"])
def test_H2_a_form_asks_about_a_time_that_occurs_twice_and_takes_the_answer(
    client: Client, event_id: int, rows: Any, path: str
) -> None:
    target, page = (EVENTS, f"{EVENTS}/new") if path == EVENTS else (f"{EVENTS}/{event_id}/{path}",) * 2
    assert asked(client.get(page)) == []
    typed = {**FORM, "starts_at": "2027-10-31T02:30", "ends_at": "2027-10-31T02:45"}
    refused = client.submit(target, typed)
    assert refused.status_code == 400
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', refused.text) == ["starts_at"]
    assert asked(refused) == [
        ("starts_fold", "0", FIRST, False), ("starts_fold", "1", SECOND, False),
        ("ends_fold", "0", "First 02:45 (CEST)", False), ("ends_fold", "1", "Second 02:45 (CET)", False),
    ]  # fmt: skip
    refused = client.submit(target, {**typed, "starts_fold": "0"})
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', refused.text) == ["ends_at"]
    assert [choice for choice in asked(refused) if choice[3]] == [("starts_fold", "0", FIRST, True)]
    saved = client.submit(target, {**typed, "starts_fold": "0", "ends_fold": "1"})
    assert saved.status_code == 303
    event = rows(Event)[-1]
    assert (event.starts_fold, event.ends_fold, event.ends_at.timestamp() - event.starts_at.timestamp()) == (0, 1, 4500)


def test_H2_a_saved_choice_comes_back_untouched_without_a_question(client: Client, add_event: Any, row: Any) -> None:
    night = {"starts_wall": wall("2027-10-31T02:30"), "starts_fold": 1, "ends_wall": wall("2027-10-31T05:00:30")}
    path = f"{EVENTS}/{add_event(**night)}/settings"
    page = client.get(path)
    assert asked(page) == [("starts_fold", "0", FIRST, False), ("starts_fold", "1", SECOND, True)]
    before = row(Event)
    saved = client.submit(path, filled(page.text, "title"))
    assert (saved.status_code, saved.location) == (303, f"{path}?saved=1")
    after = row(Event)
    names = ("starts_wall", "starts_fold", "ends_wall", "ends_fold", "updated_at", "ics_sequence")
    assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]


def test_H2_another_time_in_the_form_forgets_the_choice(client: Client, add_event: Any, row: Any) -> None:
    night = {"starts_wall": wall("2027-10-31T02:30"), "starts_fold": 1, "ends_wall": wall("2027-10-31T05:00")}
    path = f"{EVENTS}/{add_event(**night)}/settings"
    form = filled(client.get(path).text, "title")
    assert client.submit(path, {**form, "starts_at": "2027-10-31T04:30"}).status_code == 303
    assert (row(Event).starts_fold, asked(client.get(path))) == (None, [])


@pytest.mark.parametrize(
    "typed",
    [
        {"starts_at": "2027-10-31T02:30", "all_day": "yes"},
        {"starts_at": "soon"},
        {"starts_at": "2027-10-31T02:30", "timezone": "Mars/Olympus"},
        {"starts_at": "2027-10-31T02:30", "timezone": ""},
        {"starts_at": "9999-12-31T23:59"},
        {},
    ],
)
def test_H2_a_form_asks_nothing_about_any_other_time(client: Client, typed: dict[str, str]) -> None:
    refused = client.submit(EVENTS, {**FORM, "title": "", **typed})
    assert (refused.status_code, asked(refused)) == (400, [])


def test_H2_a_choice_that_somebody_else_made_meanwhile_is_not_taken_back(
    client: Client, add_event: Any, row: Any
) -> None:
    night = {"starts_wall": wall("2027-10-31T02:30"), "starts_fold": 0, "ends_wall": wall("2027-10-31T05:00")}
    event_id = add_event(**night)
    path = f"{EVENTS}/{event_id}/settings"
    form = filled(client.get(path).text, "title")
    with client.application.app_context():
        edit.edit(event_id, {"starts_fold": 1}, acting())
    refused = client.submit(path, {**form, "location": "Harbour"})
    assert refused.status_code == 409
    assert "Which start is “second” now." in words(refused)
    assert [choice for choice in asked(refused) if choice[3]] == [("starts_fold", "1", SECOND, True)]
    assert (row(Event).starts_fold, row(Event).location) == (1, "Old Town Hall, Berlin")


def test_H2_pages_say_which_start_it_is(client: Client, add_event: Any) -> None:
    night = {"starts_wall": wall("2027-10-31T02:30"), "starts_fold": 1, "ends_wall": None}
    page = client.get(f"{EVENTS}/{add_event(**night)}")
    assert "Sunday, 31 October 2027, 02:30 CET (Europe/Berlin)" in words(page)
    assert "31 Oct 2027, 02:30 CET" in words(client.get(EVENTS))
