"""An event copied, shared, cancelled, archived and brought back, with forms and as JSON."""

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventmail.db import transaction
from eventmail.domain.events import lifecycle
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.guests import column_defaults, values
from eventmail.models import Event, EventMember, GuestField, Mailing, Recipient
from tests.support import seeding
from tests.support.seeding import Person, acting
from tests.support.web import Client, words

EVENTS = "/admin/events"
MESSAGE = {"subject": "Hello", "body": "Hi", "statuses": "confirmed", "idempotency_key": "k1"}


def codes(answer: TestResponse) -> list[str]:
    return re.findall(r'data-error-code="([A-Z_]+)"', answer.text)


@pytest.fixture
def url(event_id: int) -> str:
    return f"{EVENTS}/{event_id}"


# Archive


def test_an_archived_event_is_listed_apart_and_comes_back(
    client: Client, api: Client, url: str, event_id: int, add_event: Any
) -> None:
    add_event(title="Spring Ball")
    assert "Archived" not in words(client.get(EVENTS))
    answer = client.submit(f"{url}/archive")
    assert (answer.status_code, answer.location) == (303, url)
    assert "The event is archived. No mail was waiting." in words(client.get(url))
    assert "This event is archived: nothing can be sent from it." in words(client.get(f"{url}/guests"))
    titles = {state: [item["title"] for item in api.get(f"{EVENTS}?state={state}").json["items"]]  # type: ignore[index]
              for state in ("", "current", "archived", "all")}  # fmt: skip
    assert titles == {
        "": ["Spring Ball"], "current": ["Spring Ball"], "archived": ["Fixture Gala"],
        "all": ["Spring Ball", "Fixture Gala"],
    }  # fmt: skip
    assert "Current 1 Archived 1" in words(client.get(EVENTS))
    assert client.submit(f"{url}/return").location == url
    assert [item["id"] for item in api.get(EVENTS).json["items"]][-1] == str(event_id)  # type: ignore[index]


def test_archiving_while_mail_waits_asks_first_and_cancels_only_when_told(
    client: Client, url: str, add_guests: Any, row: Any
) -> None:
    add_guests(3)
    client.submit(f"{url}/messages", MESSAGE)
    assert "Cancel what still waits: 3 mails of 1 message" in words(client.get(f"{url}/archive"))
    refused = client.submit(f"{url}/archive")
    assert (refused.status_code, codes(refused)) == (409, ["MESSAGES_WAITING"])
    assert (row(Event).archived_at, row(Mailing).n_queued) == (None, 3)
    client.submit(f"{url}/archive", {"cancel_waiting": "yes"})
    assert "The event is archived. 3 waiting mails were cancelled." in words(client.get(url))
    assert (row(Event).archived_at is None, row(Mailing).n_cancelled) == (False, 3)


def test_send_is_refused_in_words_on_the_page_and_as_json(
    client: Client, api: Client, url: str, add_guests: Any, count: Any
) -> None:
    add_guests(1)
    client.submit(f"{url}/archive")
    sentence = "Nothing can be sent from an archived event. Bring it back on its settings page, then send again."
    assert sentence in words(client.get(f"{url}/messages"))
    for path in ("messages", "messages/review"):
        answer = client.submit(f"{url}/{path}", MESSAGE)
        assert (answer.status_code, codes(answer)) == (409, ["EVENT_ARCHIVED"])
        assert sentence in words(answer)
        assert 'value="Hello"' in answer.text
    body = {"kind": "one_time", "subject": "a", "body": "b", "audience": {"statuses": ["confirmed"]}}
    for more in ({}, {"dry_run": True}):
        answer = api.post(f"{url}/mailings", json={**body, **more}, headers={"Idempotency-Key": "k2"})
        assert (answer.status_code, answer.json["code"]) == (409, "EVENT_ARCHIVED")  # type: ignore[index]
    assert count(Mailing) == 0


def test_json_archives_and_brings_back(api: Client, url: str, add_guests: Any, client: Client) -> None:
    add_guests(1)
    client.submit(f"{url}/messages", MESSAGE)
    assert api.post(f"{url}/archive", json={}).json["code"] == "MESSAGES_WAITING"  # type: ignore[index]
    archived: Any = api.post(f"{url}/archive", json={"cancel_waiting": True}).json
    assert archived["archived_at"].endswith("Z")
    assert api.post(f"{url}/archive", json={}).json["code"] == "NOTHING_TO_DO"  # type: ignore[index]
    assert api.post(f"{url}/return", json={}).json["archived_at"] is None  # type: ignore[index]


# Cancel


def test_S6_cancelling_says_what_goes_with_it_and_can_be_taken_back(
    client: Client, url: str, add_guests: Any, rows: Any
) -> None:
    add_guests(2)
    client.submit(f"{url}/messages", MESSAGE)
    asked = words(client.get(f"{url}/cancellation"))
    assert "2 waiting mails are cancelled and will never leave" in asked
    client.submit(f"{url}/cancellation")
    said = words(client.get(url))
    assert "The event is cancelled. 2 waiting mails were cancelled. Write to your guests to let them know." in said
    assert "This event is cancelled. Calendars that subscribed to it say so by themselves, others don’t." in said
    assert {r.last_error for r in rows(Recipient)} == {"The event was cancelled by Oscar Organizer"}
    again = client.submit(f"{url}/cancellation")
    assert (again.status_code, codes(again)) == (409, ["NOTHING_TO_DO"])
    client.submit(f"{url}/reinstatement")
    assert "The event takes place after all." in words(client.get(url))
    assert {r.state for r in rows(Recipient)} == {"cancelled"}


def test_K3_the_calendar_file_of_a_cancelled_event_says_so(
    client: Client, visitor: Client, url: str, app: Flask, event_id: int
) -> None:
    from eventmail.domain.events.calendar_address import CalendarAddresses  # noqa: PLC0415
    from eventmail.web.composer import fragments  # noqa: PLC0415

    with app.test_request_context():
        file = CalendarAddresses.of(seeding.event(event_id), fragments.terms()).file()
    path = "/" + file.split("/", 3)[3]
    assert "STATUS:CONFIRMED" in visitor.get(path).text
    client.submit(f"{url}/cancellation")
    assert "STATUS:CANCELLED" in visitor.get(path).text


# Copy


def test_a_copy_is_made_from_the_settings_of_the_last(
    client: Client, url: str, event_id: int, app: Flask, rows: Any
) -> None:
    with app.app_context(), transaction() as tx:
        values.record_columns(tx, event_id, ["Table"])
    page = client.get(f"{url}/copy")
    assert "No dates: the last one began on Saturday, 19 June 2027" in words(page)
    assert "The imported column Table with its default" in words(page)
    assert re.findall(r'name="(title|timezone|starts_at)"[^>]* value="([^"]*)"', page.text) == [
        ("title", "Fixture Gala"), ("starts_at", ""), ("timezone", "Europe/Berlin"),
    ]  # fmt: skip
    answer = client.submit(f"{url}/copy", {"title": "Gala 2028", "starts_at": "2028-06-17T18:00"})
    made = rows(Event)[-1]
    assert answer.location == f"{EVENTS}/{made.id}"
    assert (made.title, made.location, made.starts_wall.isoformat()) == (
        "Gala 2028", "Old Town Hall, Berlin", "2028-06-17T18:00:00",
    )  # fmt: skip
    assert [field.name for field in rows(GuestField, GuestField.event_id == made.id)] == ["Table"]


def test_a_refused_copy_keeps_what_was_typed(client: Client, url: str, count: Any) -> None:
    answer = client.submit(f"{url}/copy", {"title": "", "starts_at": "2028-06-17T18:00"})
    assert (answer.status_code, count(Event)) == (400, 1)
    assert 'value="2028-06-17T18:00"' in answer.text


def test_json_copies(api: Client, url: str) -> None:
    answer = api.post(f"{url}/copy", json={"title": "Gala 2028"})
    body: Any = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{EVENTS}/{body['id']}")
    assert (body["title"], body["sender_name"], body["starts_at"]) == ("Gala 2028", "Gala Team", None)


# Members


def test_members_are_chosen_with_a_form(
    *, client: Client, url: str, organizer: Person, owner: Person, add_person: Any, client_for: Any, rows: Any
) -> None:
    mia, stan = add_person("Mia <b>Member</b>", "mia@x.example.net"), add_person("Stan", "stan@x.example.net")
    page = client.get(f"{url}/settings")
    assert "<b>Member" not in page.text
    form = {"restricted": "yes", "members": [organizer.id, mia.id]}
    assert client.submit(f"{url}/settings/members", form).location == f"{url}/settings?saved=1"
    assert sorted(member.user_id for member in rows(EventMember)) == [organizer.id, mia.id]
    assert [client_for(person).get(url).status_code for person in (mia, owner, stan)] == [200, 200, 404]
    said = words(client_for(mia).get(f"{url}/settings"))
    assert "Members and owners see it: Mia <b>Member</b> , Olive Owner , Oscar Organizer ." in said
    refused = client_for(mia).submit(f"{url}/settings/members", {"restricted": "no"})
    assert (refused.status_code, codes(refused)) == (403, ["ROLE_TOO_LOW"])


def test_locking_oneself_out_is_asked_about_and_what_was_ticked_stays(
    client: Client, url: str, add_person: Any, row: Any
) -> None:
    mia = add_person("Mia Member", "mia@x.example.net")
    form = {"restricted": "yes", "members": [mia.id]}
    refused = client.submit(f"{url}/settings/members", form)
    assert (refused.status_code, row(Event).restricted) == (400, False)
    assert "You are not ticked, so you would not see this event any more." in words(refused)
    assert re.findall(r'name="members" value="(\d+)" checked', refused.text) == [str(mia.id)]
    gone = client.submit(f"{url}/settings/members", {**form, "without_me": "yes"})
    assert gone.location == EVENTS
    assert "Saved. You do not see this event any more." in words(client.get(EVENTS))
    assert client.get(url).status_code == 404


def test_json_shares(api: Client, url: str, organizer: Person) -> None:
    body: Any = api.post(f"{url}/settings/members", json={"restricted": True, "members": [str(organizer.id)]}).json
    assert body["restricted"] is True
    assert api.post(f"{url}/settings/members", json={"restricted": True, "members": ["x"]}).status_code == 400


# Columns


def test_C3_defaults_of_columns_are_set_with_a_form_and_as_json(
    *, client: Client, api: Client, url: str, app: Flask, event_id: int
) -> None:
    assert "Imported columns" not in words(client.get(f"{url}/settings"))
    with app.app_context():
        with transaction() as tx:
            values.record_columns(tx, event_id, ["Table <no>"])
        [column] = column_defaults.columns(event_id)
    assert "Reads “not stated” until you say otherwise." in words(client.get(f"{url}/settings"))
    client.submit(f"{url}/settings/columns", {f"default:{column.id}": "any table"})
    assert 'value="any table"' in client.get(f"{url}/settings").text
    too_long = client.submit(f"{url}/settings/columns", {f"default:{column.id}": "x" * 201})
    assert (too_long.status_code, "x" * 201 in too_long.text) == (400, True)
    assert "Please keep this to 200 characters." in words(too_long)
    assert api.post(f"{url}/settings/columns", json={"defaults": {"Table <no>": "none"}}).status_code == 200
    assert 'value="none"' in client.get(f"{url}/settings").text
    assert api.post(f"{url}/settings/columns", json={"defaults": {"Chair": "none"}}).status_code == 400


def test_C3_the_composer_says_who_reads_the_default(
    *, client: Client, url: str, app: Flask, event_id: int, add_guest: Any
) -> None:
    add_guest("ben@guests.example.net", first_name="Ben", last_name="")
    with app.app_context():
        with transaction() as tx:
            values.record_columns(tx, event_id, ["Table"])
        column_defaults.set_defaults(event_id, {column_defaults.columns(event_id)[0].id: "any table"}, acting())
    said = words(client.submit(f"{url}/messages/preview", {**MESSAGE, "body": "At {guest.Table}"}))
    assert "1 guest has no table and reads “ any table ”. See who Ben" in said


# The list and the overview


@pytest.mark.parametrize(
    ("q", "found"),
    [("ball", ["Spring Ball"]), ("BERLIN", ["Fixture Gala"]), ("übung", ["Übung"]), ("%", []), ("zzz", [])],
)
def test_the_list_is_searched_by_title_and_place(
    q: str, found: list[str], api: Client, client: Client, event_id: int, add_event: Any
) -> None:
    add_event(title="Spring Ball", location="Harbour")
    add_event(title="Übung", location="")
    body: Any = api.get(EVENTS, query_string={"q": q}).json
    assert [item["title"] for item in body["items"]] == found
    assert ("No event fits" in words(client.get(EVENTS, query_string={"q": q}))) == (not found)


def test_an_unknown_state_of_the_list_is_refused(api: Client) -> None:
    assert api.get(f"{EVENTS}?state=lost").status_code == 400


def test_the_overview_names_what_stands_still_and_why(
    *, client: Client, url: str, event_id: int, add_guests: Any, writing: Any
) -> None:
    from eventmail.models import Job  # noqa: PLC0415

    add_guests(1)
    client.submit(f"{url}/messages", MESSAGE)
    with writing() as tx:
        tx.query(Job).update({"stopped": "535 5.7.8 wrong <password>"})
    said = words(client.get(url))
    assert "Hello stands still: 535 5.7.8 wrong <password>. Open it to try again or to cancel." in said


def test_what_waits_is_counted_in_one_query(event_id: int, app: Flask, count_queries: Any) -> None:
    with app.app_context(), count_queries() as queries:
        lifecycle.waiting(event_id)
    assert len(queries) == 1


# Calendar links


def test_K3_replacing_the_calendar_links_is_asked_first_and_said_afterwards(
    client: Client, visitor: Client, url: str, event_id: int, app: Flask, settings: Any
) -> None:
    with app.app_context():
        former = CalendarAddresses("", settings.secret, event_id, seeding.event(event_id).ics_secret).file()
    assert f'href="{url}/new-calendar-links"' in client.get(f"{url}/settings").text
    asked = client.get(f"{url}/new-calendar-links")
    assert "Links that were sent already stop working" in words(asked)
    assert visitor.get(former).status_code == 200  # nothing is done by looking
    answer = client.submit(f"{url}/new-calendar-links", {"replaced_before": "0"})
    assert (answer.status_code, answer.location) == (303, url)
    assert "The calendar links were replaced. Mails that have not left yet get the new ones." in words(client.get(url))
    gone = visitor.get(former)
    assert (gone.status_code, codes(gone)) == (410, ["LINK_REPLACED"])
    assert "This link was replaced. Ask Gala Team for the new one, or look for it in a newer mail." in words(gone)
    again = client.submit(f"{url}/new-calendar-links", {"replaced_before": "0"})
    assert (again.status_code, codes(again)) == (409, ["NOTHING_TO_DO"])


def test_K3_a_program_replaces_the_calendar_links(api: Client, url: str, event_id: int, row: Any) -> None:
    answer: Any = api.post(f"{url}/new-calendar-links", json={})
    assert (answer.status_code, answer.json["id"], len(row(Event).retired_secrets)) == (200, str(event_id), 1)
