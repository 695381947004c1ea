"""Events over HTTP: a page, a form and JSON of the same thing."""

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail.models import Content, Event, Job, Mailing
from tests.support.seeding import Person
from tests.support.web import Client, words

EVENTS = "/admin/events"
BALL = {
    "title": "Spring Ball",
    "description": "Dance & dinner",
    "location": "Harbour <Hall>",
    "timezone": "Europe/Berlin",
    "starts_at": "2027-05-01T18:00",
    "ends_at": "2027-05-02T01:30",
    "all_day": False,
    "url": "https://ball.example/?a=1&b=2",
    "sender_name": "Ball Team",
    "reply_to": "ball@organizers.example",
    "busy": False,
    "reminder_minutes": 60,
}
FORM: dict[str, Any] = {**BALL, "busy": "no", "reminder_minutes": "60"}
IN_CALENDARS: dict[str, Any] = {"busy": True, "reminder_minutes": None}

OPEN = {
    "restricted": False, "archived_at": None, "cancelled_at": None, "starts_fold": None, "ends_fold": None,
}  # fmt: skip


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json["errors"]]


def values(answer: TestResponse) -> dict[str, str]:
    """What the form with the event's own fields is filled with."""
    form = next(part for part in re.findall(r"<form .*?</form>", answer.text, re.DOTALL) if 'name="title"' in part)
    inputs = re.findall(r"<input [^>]*>", form)
    found = {}
    for tag in inputs:
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox":
            found[attributes["name"]] = "on" if " checked" in tag else ""
        elif "name" in attributes and attributes["name"] not in ("csrf_token", "seen"):
            found[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, text in re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select [^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_json_creates_an_event_and_shows_it(api: Any) -> None:
    made = api.post(EVENTS, json=BALL)
    assert made.status_code == 201
    assert made.json == {
        **BALL, "id": made.json["id"], "starts_at": "2027-05-01T16:00:00Z", "ends_at": "2027-05-01T23:30:00Z", **OPEN,
    }  # fmt: skip
    assert made.headers["Location"] == f"{EVENTS}/{made.json['id']}"
    assert api.get(made.headers["Location"]).json == made.json


def test_a_title_and_a_zone_are_enough(api: Any) -> None:
    made = api.post(EVENTS, json={"title": "Ball", "timezone": "UTC", "starts_at": None})
    assert made.json == {
        "id": made.json["id"], "title": "Ball", "timezone": "UTC", "starts_at": None, "ends_at": None, "all_day": False,
        **dict.fromkeys(("description", "location", "url", "sender_name", "reply_to"), ""), **IN_CALENDARS, **OPEN,
    }  # fmt: skip


def test_a_form_creates_an_event_and_leads_to_it(client: Client, row: Any) -> None:
    answer = client.submit(EVENTS, {**FORM, "all_day": "yes"})
    event = row(Event)
    assert (answer.status_code, answer.location) == (303, f"{EVENTS}/{event.id}")
    assert (event.title, event.all_day, event.starts_wall.isoformat()) == ("Spring Ball", True, "2027-05-01T18:00:00")


def test_the_new_form_begins_with_the_zone_of_the_last_event(client: Client, event_id: int) -> None:
    assert values(client.get(f"{EVENTS}/new"))["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("change", "status", "code", "errors"),
    [
        ({"starts_at": "2027-03-28T02:30"}, 400, "NONEXISTENT_TIME", [("starts_at", "NONEXISTENT_TIME")]),
        ({"timezone": "Mars/Olympus"}, 400, "INVALID_TIMEZONE", [("timezone", "INVALID_TIMEZONE")]),
        ({"title": "  "}, 400, "INVALID_INPUT", [("title", "REQUIRED")]),
        ({"timezone": None}, 400, "INVALID_INPUT", [("timezone", "REQUIRED")]),
        ({"ends_at": "2027-04-01T18:00"}, 400, "INVALID_INPUT", [("ends_at", "INVALID_END")]),
        ({"starts_at": "2027-05-01T18:00Z"}, 400, "INVALID_INPUT", [("starts_at", "VALUE_ERROR")]),
        ({"starts_at": "2027-05-01T18:00+02:00"}, 400, "INVALID_INPUT", [("starts_at", "VALUE_ERROR")]),
        ({"starts_at": 1_800_000_000}, 400, "INVALID_INPUT", [("starts_at", "VALUE_ERROR")]),
        ({"starts_at": "2027-13-01T18:00"}, 400, "INVALID_INPUT", [("starts_at", "VALUE_ERROR")]),
        ({"starts_at": "0001-01-01T00:00"}, 400, "INVALID_INPUT", [("starts_at", "INVALID_YEAR")]),
        ({"title": 7}, 400, "INVALID_INPUT", [("title", "STRING_TYPE")]),
        ({"title": "\ud800"}, 400, "INVALID_INPUT", [("title", "STRING_UNICODE")]),
        ({"titel": "Ball"}, 400, "INVALID_INPUT", [("titel", "EXTRA_FORBIDDEN")]),
        ({"all_day": "sometimes"}, 400, "INVALID_INPUT", [("all_day", "BOOL_PARSING")]),
        ({"busy": "maybe"}, 400, "INVALID_INPUT", [("busy", "VALUE_ERROR")]),
        ({"busy": 1.5}, 400, "INVALID_INPUT", [("busy", "VALUE_ERROR")]),
        ({"busy": []}, 400, "INVALID_INPUT", [("busy", "VALUE_ERROR")]),
        ({"reminder_minutes": 1.5}, 400, "INVALID_INPUT", [("reminder_minutes", "VALUE_ERROR")]),
        ({"reminder_minutes": True}, 400, "INVALID_INPUT", [("reminder_minutes", "VALUE_ERROR")]),
        ({"reminder_minutes": -15}, 400, "INVALID_INPUT", [("reminder_minutes", "INVALID_REMINDER")]),
        ({"reminder_minutes": 40_321}, 400, "INVALID_INPUT", [("reminder_minutes", "INVALID_REMINDER")]),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    *, change: dict[str, Any], status: int, code: str, errors: list[tuple[str, str]], api: Any, count: Any
) -> None:
    answer = api.post(EVENTS, json={**BALL, **change})
    assert (answer.status_code, answer.json["code"], codes(answer)) == (status, code, errors)
    assert answer.json["detail"]
    assert count(Event) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes, api: Any) -> None:
    answer = api.post(EVENTS, data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "INVALID_INPUT")


def test_patch_changes_what_is_given_and_null_clears(api: Any, event_id: int) -> None:
    before = api.get(f"{EVENTS}/{event_id}").json
    answer = api.patch(f"{EVENTS}/{event_id}", json={"title": "Ball", "ends_at": None, "location": None})
    assert answer.status_code == 200
    assert answer.json == {**before, "title": "Ball", "ends_at": None, "location": ""}
    assert api.get(f"{EVENTS}/{event_id}").json == answer.json


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"title": None}, "INVALID_INPUT"),
        ({"timezone": None}, "INVALID_TIMEZONE"),
        ({"starts_at": None}, "INVALID_INPUT"),
    ],
)
def test_patch_cannot_clear_what_an_event_needs(body: dict[str, Any], code: str, api: Any, event_id: int) -> None:
    before = api.get(f"{EVENTS}/{event_id}").json
    answer = api.patch(f"{EVENTS}/{event_id}", json={"location": "Harbour", **body})
    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert api.get(f"{EVENTS}/{event_id}").json == before


def test_an_empty_patch_is_fine(api: Any, event_id: int) -> None:
    assert api.patch(f"{EVENTS}/{event_id}", json={}).json == api.get(f"{EVENTS}/{event_id}").json


def test_the_settings_form_shows_every_field_and_saves_it(client: Client, api: Any, event_id: int) -> None:
    path = f"{EVENTS}/{event_id}/settings"
    shown = values(client.get(path))
    assert shown == {
        "title": "Fixture Gala", "starts_at": "2027-06-19T18:00", "ends_at": "2027-06-19T23:00", "all_day": "",
        "timezone": "Europe/Berlin", "location": "Old Town Hall, Berlin", "url": "", "description": "",
        "sender_name": "Gala Team", "reply_to": "", "busy": "yes", "reminder_minutes": "",
    }  # fmt: skip
    answer = client.submit(path, {**{name: FORM[name] for name in shown}, "all_day": "yes"})
    assert (answer.status_code, answer.location) == (303, f"{path}?saved=1")
    assert values(client.get(answer.location)) == {**FORM, "all_day": "on"}
    assert "Saved" in words(client.get(answer.location))
    saved = api.get(f"{EVENTS}/{event_id}").json
    assert (saved["all_day"], saved["busy"], saved["reminder_minutes"]) == (True, False, 60)


def test_a_reminder_that_a_program_chose_is_offered_in_the_form_and_kept(
    client: Client, api: Any, event_id: int
) -> None:
    path = f"{EVENTS}/{event_id}"
    assert api.patch(path, json={"reminder_minutes": 45, "busy": False}).json["reminder_minutes"] == 45
    form = values(client.get(f"{path}/settings"))
    assert (form["reminder_minutes"], form["busy"]) == ("45", "no")
    assert "45 minutes before" in words(client.get(f"{path}/settings"))
    client.submit(f"{path}/settings", form)
    assert api.get(path).json["reminder_minutes"] == 45
    cleared = api.patch(path, json={"reminder_minutes": None, "busy": None}).json
    assert (cleared["reminder_minutes"], cleared["busy"]) == (None, True)


def test_a_choice_that_is_none_is_refused_at_its_field(client: Client, event_id: int, row: Any) -> None:
    path = f"{EVENTS}/{event_id}/settings"
    answer = client.submit(path, {**values(client.get(path)), "busy": "maybe"})
    assert (answer.status_code, row(Event).busy) == (400, True)
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', answer.text) == ["busy"]
    assert "Choose whether the time counts as taken (true) or as free (false)." in words(answer)


def test_an_unticked_box_and_an_emptied_field_are_saved_too(client: Client, api: Any, event_id: int) -> None:
    path = f"{EVENTS}/{event_id}/settings"
    form = values(client.get(path))
    client.submit(path, {**form, "all_day": "yes"})
    form.pop("all_day")
    client.submit(path, {**form, "ends_at": "", "location": ""})
    saved = api.get(f"{EVENTS}/{event_id}").json
    assert (saved["all_day"], saved["ends_at"], saved["location"]) == (False, None, "")


@pytest.mark.parametrize(
    ("form_page", "change", "message"),
    [
        ("new", {"timezone": "Mars/Olympus"}, "“Mars/Olympus” is not a time zone we know"),
        ("new", {"title": ""}, "An event needs a title"),
        ("new", {"starts_at": "2027-03-28T02:30"}, "2027-03-28 02:30 does not exist in Europe/Berlin"),
        ("new", {"ends_at": "2027-04-01T10:00"}, "The event ends before it begins."),
        ("settings", {"timezone": "Mars/Olympus"}, "“Mars/Olympus” is not a time zone we know"),
        ("settings", {"title": ""}, "An event needs a title."),
        ("settings", {"starts_at": "2027-03-28T02:30"}, "2027-03-28 02:30 does not exist in Europe/Berlin"),
        ("settings", {"url": "ball.example"}, "The event page must start with https:// or http://."),
        ("settings", {"reply_to": "ball@"}, "“ball@” is not an email address"),
        ("settings", {"description": "x" * 5001}, "Please keep this below 5000 characters."),
        (
            "settings",
            {"reminder_minutes": "0"},
            "A reminder rings at least 1 minute and at most 4 weeks before the event.",
        ),
        ("settings", {"reminder_minutes": "soon"}, "Give whole minutes, such as 15, or nothing for no reminder."),
    ],
)
def test_what_was_typed_survives_a_refusal_and_the_field_says_why(
    *, form_page: str, change: dict[str, str], message: str, client: Client, event_id: int, rows: Any
) -> None:
    path, shown_at = (EVENTS, f"{EVENTS}/new") if form_page == "new" else (f"{EVENTS}/{event_id}/settings",) * 2
    names = values(client.get(shown_at)).keys() - {"all_day"}
    typed = {name: FORM[name] for name in names} | change
    answer = client.submit(path, typed)
    assert answer.status_code == 400
    assert values(answer) == {**typed, "all_day": ""}
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', answer.text) == [*change]
    assert message in words(answer)
    assert [event.title for event in rows(Event)] == ["Fixture Gala"]


def test_a_ticked_box_survives_a_refusal(client: Client) -> None:
    answer = client.submit(EVENTS, {"title": "", "timezone": "UTC", "all_day": "yes"})
    assert values(answer)["all_day"] == "on"


def test_the_list_shows_ones_events_newest_first(client: Client, api: Any, add_event: Any, event_id: int) -> None:
    second = add_event(title="Spring Ball")
    assert [(item["id"], item["title"]) for item in api.get(EVENTS).json["items"]] == [
        (str(second), "Spring Ball"), (str(event_id), "Fixture Gala"),
    ]  # fmt: skip
    assert re.findall(r'href="(/admin/events/\d+)"', client.get(EVENTS).text) == [
        f"{EVENTS}/{second}", f"{EVENTS}/{event_id}",
    ]  # fmt: skip


def test_the_list_has_pages_and_the_last_one_for_a_number_too_high(client: Client, api: Any, add_event: Any) -> None:
    added = [str(add_event()) for _ in range(5)]
    for page, shown in {1: [4, 3], 2: [2, 1], 3: [0], 9: [0]}.items():
        answer = api.get(f"{EVENTS}?page={page}&per_page=2").json
        assert [item["id"] for item in answer["items"]] == [added[place] for place in shown]
        assert (answer["page"], answer["pages"], answer["total"]) == (min(page, 3), 3, 5)
    links = re.findall(r'href="([^"]*page=[^"]*)"', client.get(f"{EVENTS}?page=2&per_page=2").text)
    assert {unescape(link) for link in links} == {f"{EVENTS}?page={number}&per_page=2" for number in (1, 2, 3)}


@pytest.mark.parametrize("kind", ["page", "json"])
def test_the_list_costs_the_same_for_1_and_for_3_events(
    kind: str, client: Client, api: Any, add_event: Any, count_queries: Any
) -> None:
    counted = []
    asking = client if kind == "page" else api
    asking.get(EVENTS)  # the first time a token or session is used is noted
    for events in (1, 2):
        for _ in range(events):
            add_event()
        with count_queries() as queries:
            asking.get(EVENTS)
        counted.append(len(queries))
    assert counted == ([4, 4] if kind == "page" else [3, 3])


def test_somebody_without_events_is_told_what_to_do(client: Client) -> None:
    page = client.get(EVENTS)
    assert "No events yet" in words(page)
    assert re.findall(r'<a class="button" href="([^"]+)"', page.text) == [f"{EVENTS}/new"]


def test_an_event_without_guests_says_what_comes_first(client: Client, event_id: int) -> None:
    page = client.get(f"{EVENTS}/{event_id}")
    said = words(page)
    assert said.index("Add guests") < said.index("Write your first message")
    assert "All guests" not in said
    assert "Saturday, 19 June 2027, 18:00 (Europe/Berlin) · Old Town Hall, Berlin" in said


def test_an_event_with_guests_shows_them_by_status(client: Client, event_id: int, add_guests: Any) -> None:
    add_guests(3)
    add_guests(2, status="invited")
    page = client.get(f"{EVENTS}/{event_id}")
    assert re.findall(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", page.text) == [
        ("Invited", "2"), ("Confirmed", "3"), ("Declined", "0"), ("All guests", "5"),
    ]  # fmt: skip
    assert "Nothing sent yet" in words(page)


def test_an_event_without_a_date_says_so(client: Client, add_event: Any) -> None:
    bare = add_event(starts_wall=None, ends_wall=None, location="")
    assert "No date yet. Set it" in words(client.get(f"{EVENTS}/{bare}"))


def test_the_overview_shows_the_last_message_and_what_waits_for_a_look(
    *, client: Client, event_id: int, writing: Any, organizer: Person, clock: Any, add_guests: Any
) -> None:
    add_guests(1)
    with writing() as tx:
        for subject, counts in {
            "Save <the> date": {"n_failed": 2, "n_unknown": 1},
            "Doors open": {"n_sent": 3},
        }.items():
            content = Content(event_id=event_id, subject=subject, preheader="", body="", compiled="{}", hash=subject,
                              size=1, created_at=clock.now())  # fmt: skip
            tx.add(content)
            tx.flush()
            mailing = Mailing(event_id=event_id, kind="one_time", state="finished", key=subject, content_id=content.id,
                              audience={}, excluded={}, constants={}, reply_to="", recipient_count=3,
                              created_at=clock.now(), **counts)  # fmt: skip
            tx.add(mailing)
            tx.flush()
            tx.add(Job(mailing_id=mailing.id, run=1, state="finished", request_id="r", created_at=clock.now(),
                       starts_at=clock.now(), provider="outbox"))  # fmt: skip
    page = client.get(f"{EVENTS}/{event_id}")
    said = words(page)
    worker = "No worker is running, so no mail leaves. Start one: .venv/bin/eventmail worker"
    assert f"This needs your attention {worker} Save <the> date : 2 failed, 1 may have been sent" in said
    assert said.index("This needs your attention") < said.index("Last message Doors open")
    assert f'href="{EVENTS}/{event_id}/mailings/1"' in page.text
    assert f'href="{EVENTS}/{event_id}/mailings/2"' in page.text


def test_what_an_organizer_typed_is_never_markup(client: Client, add_event: Any) -> None:
    event_id = add_event(title="<b>Ball</b>", location="<i>Hall</i>", description="</textarea><b>x</b>")
    for path in (EVENTS, f"{EVENTS}/{event_id}", f"{EVENTS}/{event_id}/settings"):
        assert re.findall(r"<b>|<i>", client.get(path).text) == []
