"""The event's links as JSON and on the page, and calendar mails by JSON (K1, K2)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import Event, Mailing
from eventmail.settings import Settings
from tests.browser.steps import body
from tests.support.live import outbox
from tests.support.web import Client, words

BODY = {
    "kind": "calendar", "subject": "Save the date", "body": "{calendar.links}", "audience": {"statuses": ["confirmed"]},
}  # fmt: skip
AWKWARD = 'R&D + 100% #1 "it\'s" <b>; a, b \\ שלום 🎉'
NAMES = {"google", "outlook", "office365", "yahoo", "ics"}


@pytest.fixture
def url(event_id: int, add_guests: Any) -> str:
    add_guests([{"email": "ada@guests.example.net", "first_name": "Ada"}])
    return f"/admin/events/{event_id}"


@pytest.fixture
def set_event(app: Flask, event_id: int) -> Callable[..., None]:
    """set_event(title="x"): write columns of the event as no form would."""

    def write(**columns: Any) -> None:
        with app.app_context(), transaction() as tx:
            tx.execute(update(Event).where(Event.id == event_id).values(**columns))

    return write


@pytest.fixture
def post(api: Any, url: str) -> Callable[..., Any]:
    """post(send_at=…): a calendar mail by JSON."""

    def call(key: str = "k", **more: Any) -> Any:
        return api.post(f"{url}/mailings", json={**BODY, **more}, headers={"Idempotency-Key": key})

    return call


def test_K1_the_links_are_these_five_and_decode_to_the_event(
    api: Any, url: str, set_event: Callable[..., None]
) -> None:
    set_event(title=AWKWARD, location=AWKWARD)
    answer = api.get(f"{url}/calendar")
    assert (answer.status_code, set(answer.json)) == (200, NAMES)
    asked = {name: parse_qs(urlsplit(link).query) for name, link in answer.json.items() if name != "ics"}
    titles = [
        asked["google"]["text"],
        asked["outlook"]["subject"],
        asked["office365"]["subject"],
        asked["yahoo"]["TITLE"],
    ]
    assert titles == [[AWKWARD]] * 4
    assert answer.json["ics"].startswith("http://")
    assert api.get(urlsplit(answer.json["ics"]).path).status_code == 200


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"starts_wall": None, "ends_wall": None}, "MISSING_EVENT_TIME"),
        ({"timezone": "Mars/Olympus"}, "INVALID_TIMEZONE"),
        ({"timezone": "+02:00"}, "INVALID_TIMEZONE"),
    ],
)
def test_K2_without_a_time_that_calendars_hold_there_are_no_links_and_nothing_leaves(
    api: Any, url: str, post: Any, set_event: Callable[..., None], rows: Any, columns: dict[str, Any], code: str
) -> None:
    set_event(**columns)
    answers = [api.get(f"{url}/calendar"), post(), post(dry_run=True), post(send_at="2027-04-30T18:00")]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(400, code)] * 4
    assert rows(Mailing) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"ends_wall": datetime(2027, 6, 19, 17, 0)},  # noqa: DTZ001  before the start
        {"ends_wall": datetime(2027, 6, 19, 18, 0)},  # noqa: DTZ001  no length
        {"ends_wall": None},
    ],
)
def test_K1a_an_end_that_is_none_becomes_an_hour_in_every_link_and_the_page_says_so(
    api: Any, client: Client, url: str, set_event: Callable[..., None], columns: dict[str, Any]
) -> None:
    set_event(**columns)
    links = api.get(f"{url}/calendar").json
    assert parse_qs(urlsplit(links["google"]).query)["dates"] == ["20270619T180000/20270619T190000"]
    assert parse_qs(urlsplit(links["outlook"]).query)["enddt"] == ["2027-06-19T17:00:00Z"]
    assert parse_qs(urlsplit(links["yahoo"]).query)["ET"] == ["20270619T190000"]
    assert "No end is set, so calendars get one hour" in words(client.get(f"{url}/calendar").text)


def test_K4_without_a_place_the_fallback_is_read_and_the_links_stay(
    api: Any, url: str, post: Any, set_event: Callable[..., None], settings: Settings, work: Any
) -> None:
    set_event(location="")
    assert post(body="At {event.location|a place we tell you}.\n\n{calendar.links}").status_code == 202
    work()
    [mail] = outbox(settings.instance)
    text = body(mail)
    assert "At a place we tell you." in text
    assert api.get(f"{url}/calendar").json["google"] in text
    assert "location" not in parse_qs(urlsplit(api.get(f"{url}/calendar").json["google"]).query)


def test_a_calendar_mail_by_json_is_one_wherever_it_is_told(api: Any, url: str, post: Any, work: Any) -> None:
    sent, replayed = post(), post()
    assert (sent.status_code, sent.json["kind"], sent.json["recipient_count"]) == (202, "calendar", 1)
    assert (replayed.json["id"], replayed.headers["Idempotent-Replayed"]) == (sent.json["id"], "true")
    assert post(kind="one_time").json["code"] == "IDEMPOTENCY_KEY_REUSED"
    draft = post("k2", draft=True).json
    assert (draft["kind"], draft["state"]) == ("calendar", "draft")
    planned = post("k3", send_at="2027-04-30T18:00", timezone="Europe/Berlin").json
    assert (planned["kind"], planned["state"]) == ("calendar", "scheduled")
    work()
    kinds = [item["kind"] for item in api.get(f"{url}/mailings").json["items"]]
    assert kinds == ["calendar", "calendar"]
    assert api.get(f"{url}/calendar/{sent.json['id']}").json["kind"] == "calendar"
    assert post("k4", dry_run=True).json["kind"] == "calendar"


def test_a_message_of_another_kind_leads_to_its_own_page(client: Client, api: Any, url: str, post: Any) -> None:
    ours, other = post("k1", draft=True).json["id"], post("k2", draft=True, kind="one_time").json["id"]
    html = {"Accept": "text/html"}
    led = [client.get(f"{url}/{page}/{one}", headers=html) for page, one in
           (("messages", ours), ("calendar", other), ("mailings", ours), ("calendar", ours))]  # fmt: skip
    assert [(answer.status_code, answer.headers.get("Location", "")) for answer in led] == [
        (303, f"{url}/calendar/{ours}"), (303, f"{url}/messages/{other}"), (303, f"{url}/calendar/{ours}"), (200, ""),
    ]  # fmt: skip


def test_a_message_without_links_is_worth_a_look(client: Client, url: str) -> None:
    typed = {"subject": "Hi", "body": "See you.", "statuses": "confirmed"}
    said = "The message has no calendar links"
    assert said in words(client.submit(f"{url}/calendar/preview", typed).text)
    assert said not in words(client.submit(f"{url}/calendar/preview", {**typed, "body": "{calendar.links}"}).text)
    assert said not in words(client.submit(f"{url}/messages/preview", typed).text)


def test_K3a_a_program_tells_who_has_the_old_time_or_decides_that_nobody_is_told(
    api: Any, url: str, post: Any, set_event: Callable[..., None], work: Any
) -> None:
    post()
    work()
    assert api.get(f"{url}/calendar/updates").json == {"items": [], "quiet": False}
    set_event(location="New Hall")
    [group] = api.get(f"{url}/calendar/updates").json["items"]
    assert (group["before"]["where"], group["now"]["where"], len(group["guests"])) == (
        "Old Town Hall, Berlin",
        "New Hall",
        1,
    )
    told = api.post(f"{url}/calendar/updates", json={"told": group["told"]})
    draft = api.get(told.headers["Location"]).json
    assert (told.status_code, draft["id"], draft["kind"]) == (201, told.json["mailing"], "calendar")
    assert draft["audience"]["guests"] == group["guests"]
    unknown = api.post(f"{url}/calendar/updates", json={"told": "x"})
    assert (unknown.status_code, unknown.json["code"]) == (409, "NOTHING_TO_DO")
    quiet = [api.post(f"{url}/calendar/updates/silence", json={"quiet": each}).json["quiet"] for each in (True, False)]
    assert quiet == [True, False]
