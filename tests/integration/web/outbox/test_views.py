"""The outbox of an event, read in the app."""

import re
from typing import Any

import pytest
from flask import Flask

from eventmail import clock, outbox
from eventmail.db import transaction
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.people import result_mails
from eventmail.models import Job, Mailing
from eventmail.sending import drain
from eventmail.sending.account_mails import delivery
from eventmail.settings import Settings
from eventmail.states import MailingResult
from tests.support import seeding
from tests.support.scheduled import scheduled
from tests.support.seeding import acting
from tests.support.web import Client


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/outbox"


@pytest.fixture
def deliver(app: Flask, api: Any, event_id: int, settings: Settings, writing: Any) -> Any:
    """deliver(body=…): send to every confirmed guest and let a worker hand over; each call is a mailing of its own."""
    made: list[int] = []

    def run(text: str = "Dear {guest.firstName}, <b>x</b>\\n\\n[Off the list]({unsubscribe.url})") -> None:
        made.append(len(made))
        body = {"kind": "one_time", "subject": f"No {len(made)}", "audience": {"statuses": ["confirmed"]}, "body": text}
        answer = api.post(f"/admin/events/{event_id}/mailings", json=body, headers={"Idempotency-Key": f"k{len(made)}"})
        with writing() as tx:
            job = tx.query(Job).filter_by(mailing_id=int(answer.json["id"])).one()
            job.starts_at = clock.now()
        with app.app_context():
            while drain.drain(job.id, app.extensions["provider"], settings):
                pass

    return run


def names(client: Client, url: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="{url}/([^"/?]+\.eml)"', client.get(url).text)))


def test_an_empty_outbox_says_so(client: Client, url: str) -> None:
    assert "The outbox is empty" in client.get(url).text


def test_each_mail_can_be_read_in_four_ways(client: Client, url: str, add_guest: Any, deliver: Any) -> None:
    add_guest("ada@guests.org", first_name="Ada")
    deliver()
    (name,) = names(client, url)
    pages = {
        part: client.get(f"{url}/{name}?part={part}") for part in ("html", "text", "headers", "source", "nonsense")
    }
    assert {part: page.status_code for part, page in pages.items()} == dict.fromkeys(pages, 200)
    assert "Dear Ada" in pages["text"].text
    assert "List-Unsubscribe" in pages["headers"].text
    assert "X-Eventmail-Id" in pages["source"].text
    assert f'src="{url}/{name}/html"' in pages["html"].text
    frame = client.get(f"{url}/{name}/html")
    assert ("Dear Ada" in frame.text, "sandbox" in frame.headers["Content-Security-Policy"]) == (True, True)


def test_the_way_off_the_list_is_inert_for_whoever_reads_here_e2(
    client: Client, url: str, add_guest: Any, deliver: Any
) -> None:
    add_guest("ada@guests.org")
    deliver()
    (name,) = names(client, url)
    for body in (client.get(f"{url}/{name}/html").text, client.get(f"{url}/{name}?part=text").text):
        assert set(re.findall(r"/unsubscribe/([^\"'\s<)]+)", body)) == {"preview"}


def test_a_mail_of_another_event_is_not_found(
    client: Client, url: str, add_guest: Any, deliver: Any, add_event: Any
) -> None:
    add_guest("ada@guests.org")
    deliver()
    (name,) = names(client, url)
    other = f"/admin/events/{add_event()}/outbox"
    assert names(client, other) == []
    paths = [f"{other}/{name}", f"{other}/{name}/html", f"{url}/none.eml", f"{url}/..%2f..%2fapp.sqlite", f"{url}/%00"]
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_the_list_costs_the_same_for_one_and_for_three(
    client: Client, url: str, add_guest: Any, deliver: Any, count_queries: Any, count: Any
) -> None:
    costs = []
    for n in range(3):
        add_guest(f"{n}@guests.org")
        deliver()
        with count_queries() as queries:
            client.get(url)
        costs.append(len(queries))
    assert (costs[0] == costs[2], len(names(client, url)), count(Mailing)) == (True, 6, 3)


def test_the_newest_mail_stands_first_and_pages_end_at_the_last(
    client: Client, url: str, add_guest: Any, deliver: Any
) -> None:
    add_guest("ada@guests.org")
    for _ in range(3):
        deliver()
    assert re.findall(r">(No \d)</a>", client.get(url).text) == ["No 3", "No 2", "No 1"]
    assert re.findall(r">(No \d)</a>", client.get(f"{url}?per_page=2&page=99").text) == ["No 1"]


def test_S14_the_mail_to_the_author_lies_beside_those_to_guests_as_plain_text(
    app: Flask, client: Client, url: str, add_guest: Any, deliver: Any, settings: Settings, row: Any
) -> None:
    add_guest("ada@guests.org", first_name="Ada")
    with app.app_context():  # the run is over before anybody knows that it had been scheduled
        deliver()
    mailing = row(Mailing)
    with app.app_context():
        scheduled(mailing.id, clock.now())
        with transaction() as tx:
            result_mails.tell(tx, mailing.id, MailingResult.ENDED, acting())
        delivery.deliver(app.extensions["provider"], settings)
        kept = [(mail.to, mail.mailing_id) for mail in outbox.everything(settings.outbox)]
    assert kept == [("ada@guests.org", mailing.id), ("oscar@organizers.example", None)]
    name, to_ada = names(client, url)
    page = client.get(f"{url}/{name}").text
    assert "Kept in the outbox, not sent" in page
    assert "- Kept in outbox: 1" in page
    [link] = re.findall(r"Its page:\s+http://127.0.0.1:8000(/\S+)", page)
    assert "No 1" in client.get(link).text
    assert ("part=html" in page, "<iframe" in page) == (False, False)
    assert (client.get(f"{url}/{name}?part=html").status_code, client.get(f"{url}/{name}/html").status_code) == (
        200,
        404,
    )
    assert "<iframe" in client.get(f"{url}/{to_ada}").text


@pytest.mark.parametrize("key", ["k", "0c5f-4a-11", "account7-1", "a" * 70, "a/b.c~d"])
def test_E1_a_test_stands_in_the_outbox_whatever_its_key_is(
    app: Flask, client: Client, api: Any, url: str, settings: Settings, event_id: int, key: str, row: Any
) -> None:
    body = {"subject": "Proof", "body": "Hello"}
    api.post(f"/admin/events/{event_id}/mailings/test-sends", json=body, headers={"Idempotency-Key": key})
    with app.app_context():
        while drain.drain(row(Job).id, app.extensions["provider"], settings):
            pass
        assert [mail.mailing_id for mail in outbox.everything(settings.outbox)] == [row(Mailing).id]
    (name,) = names(client, url)
    assert client.get(f"{url}/{name}").status_code == 200


def test_E2_calendar_links_of_a_guest_are_shown_as_the_events(
    client: Client, url: str, add_guest: Any, deliver: Any, event_id: int, app: Flask, settings: Settings
) -> None:
    guest = add_guest("ada@guests.org")
    deliver("{calendar.ics} [page]({calendar.page})")
    (name,) = names(client, url)
    with app.app_context():
        made = CalendarAddresses(settings.public_url, settings.secret, event_id, seeding.event(event_id).ics_secret)
    shown = [client.get(f"{url}/{name}?part=text").text, client.get(f"{url}/{name}/html").text]
    for text in shown:
        assert [text.count(link) > 0 for link in (made.file(), made.page(), made.file(guest), made.page(guest))] == [
            True, True, False, False,
        ]  # fmt: skip
