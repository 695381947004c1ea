"""Settings, "Sending": owners see how mail leaves, what is in the way, and send themselves one."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.test import TestResponse

from eventmail.models import Job, Mailing, Recipient
from eventmail.providers.base import Permanent
from eventmail.providers.smtp.service import Smtp, parse
from eventmail.sending import drain, heartbeat
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.web import Client, partial

URL = "/admin/settings/sending"
SMTP = "smtp://anna:s3cret%40word@mail.host.org:2525"


@pytest.fixture
def boss(client_for: Any, owner: Person) -> Client:
    made: Client = client_for(owner)
    return made


@pytest.fixture
def configure(app: Flask) -> Callable[..., None]:
    """configure(**settings): what the environment says from now on."""

    def change(**values: Any) -> None:
        app.extensions["settings"] = app.extensions["settings"].model_copy(update=values)
        if "smtp_url" in values:
            app.extensions["provider"] = Smtp(parse(values["smtp_url"].get_secret_value()))

    return change


def words(answer: TestResponse) -> str:
    page = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def card(answer: TestResponse, name: str) -> str:
    start = answer.text.index(f'data-test="{name}"')
    return unescape(
        " ".join(re.sub(r"<[^>]+>", " ", answer.text[start : answer.text.index("</section>", start)]).split())
    )


def key(answer: TestResponse) -> str:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', answer.text)
    assert found
    return found[1]


def test_only_owners_see_the_page_and_its_place_in_the_navigation(
    client: Client, boss: Client, visitor: Client, event_id: int, count: Any
) -> None:
    pressed = client.submit(URL, {"event": event_id, "idempotency_key": "k"})
    assert (client.get(URL).status_code, pressed.status_code, count(Mailing)) == (403, 403, 0)
    assert visitor.get(URL).status_code == 303
    assert [f'href="{URL}"' in person.get("/admin/events").text for person in (client, boss)] == [False, True]
    assert re.search(rf'href="{URL}" aria-current="page"', boss.get(URL).text)


def test_in_practice_mode_it_says_so_and_nothing_is_in_the_way(boss: Client) -> None:
    page = boss.get(URL)
    assert "The outbox: practice mode No mail leaves this box." in card(page, "sending-service")
    assert "sending-settings-warning" not in page.text
    assert "At most once." in card(page, "sending-promise")


def test_the_smtp_server_is_shown_without_its_password(boss: Client, configure: Any) -> None:
    configure(provider="smtp", smtp_url=SecretStr(SMTP))
    page = boss.get(URL)
    assert "smtp://anna:••••@mail.host.org:2525" in card(page, "sending-service")
    assert [part for part in ("s3cret", "%40word", "@word") if part in page.text] == []


def test_the_promise_is_that_of_the_service_in_use(app: Flask, boss: Client) -> None:
    assert "“May have been sent”." in card(boss.get(URL), "sending-promise")
    app.extensions["provider"] = Recording(honours_keys=True)
    promise = card(boss.get(URL), "sending-promise")
    assert ("“May have been sent”." in promise, "recognises a mail" in promise) == (False, True)


def test_S13_what_is_in_the_way_stands_first_in_words_with_the_variables(boss: Client, configure: Any) -> None:
    configure(provider="smtp", smtp_url=SecretStr(SMTP), from_="eventmail@localhost")
    page = boss.get(URL)
    warning = page.text[page.text.index("sending-settings-warning") :]
    assert [name for name in ("EVENTMAIL_BASE_URL", "EVENTMAIL_FROM") if name in warning[:1200]] == [
        "EVENTMAIL_BASE_URL",
        "EVENTMAIL_FROM",
    ]
    configure(base_url="https://mail.host.org", from_="team@host.org")
    assert "sending-settings-warning" not in boss.get(URL).text


def test_each_value_stands_beside_the_variable_that_changes_it(boss: Client, configure: Any) -> None:
    configure(undo_seconds=0, quota_per_day=100, from_="team@host.org", base_url="https://mail.host.org")
    values = card(boss.get(URL), "sending-values")
    for sentence in (
        "From team@host.org EVENTMAIL_FROM",
        "Links in mails begin with https://mail.host.org EVENTMAIL_BASE_URL",
        "A send can be undone for not at all EVENTMAIL_UNDO_SECONDS",
        "Speed no limit EVENTMAIL_RATE_PER_SECOND",
        "Quota per 24 hours 100: 0 used, 0 reserved, 100 left EVENTMAIL_QUOTA_PER_DAY",
        "Quota per 30 days no limit: 0 used, 0 reserved EVENTMAIL_QUOTA_PER_MONTH",
    ):
        assert sentence in values
    configure(provider="smtp", smtp_url=SecretStr(SMTP), undo_seconds=30)
    values = card(boss.get(URL), "sending-values")
    assert "Speed at most 5 a second" in values
    assert "undone for 30 seconds" in values


def test_S9_the_quota_shows_what_a_test_has_reserved(boss: Client, configure: Any, event_id: int) -> None:
    configure(quota_per_day=3)
    boss.submit(URL, {"event": event_id, "idempotency_key": "k"})
    assert "3: 0 used, 1 reserved, 2 left" in card(boss.get(URL), "sending-values")


def test_T1_it_says_whether_a_worker_is_alive(app: Flask, boss: Client, clock: FrozenClock) -> None:
    assert "No worker is running" in words(boss.get(URL))
    with app.app_context():
        heartbeat.beat(clock.now())
    clock.advance(seconds=3)
    page = boss.get(URL)
    assert ("No worker is running" in words(page), "Running seen 3 s ago" in words(page)) == (False, True)
    clock.advance(minutes=1)
    assert "The last one was seen 63 seconds ago." in words(boss.get(URL))


def test_E1_send_me_one_goes_to_the_owner_and_shows_what_became_of_it(
    app: Flask, settings: Settings, boss: Client, owner: Person, event_id: int, row: Any
) -> None:
    first = boss.get(URL)
    sent = boss.submit(URL, {"event": event_id, "idempotency_key": key(first)})
    assert (sent.status_code, row(Recipient).email) == (303, owner.email)
    assert (row(Mailing).kind, row(Mailing).event_id) == ("test", event_id)
    waiting = boss.get(sent.location)
    assert f"On its way to {owner.email} …" in words(waiting)
    assert key(waiting) != key(first)
    again = boss.submit(URL, {"event": event_id, "idempotency_key": key(first)})
    assert (again.location, row(Mailing).id) == (sent.location, row(Mailing).id)
    with app.app_context():
        drain.drain(row(Job).id, Recording(answers={owner.email: Permanent("No such user", code="550")}), settings)
    polled = boss.get(sent.location.partition("#")[0], headers=partial())
    assert polled.text.lstrip().startswith('<div class="stack tight" id="tested">')
    assert f"Not sent to {owner.email} : No such user (550)." in unescape(
        " ".join(re.sub(r"<[^>]+>", " ", polled.text).split())
    )


@pytest.mark.parametrize(("event", "status"), [("", 400), ("abc", 400), ("999", 404)])
def test_E1_without_an_event_that_is_there_nothing_is_sent(boss: Client, count: Any, event: str, status: int) -> None:
    answer = boss.submit(URL, {"event": event, "idempotency_key": "k"})
    assert (answer.status_code, count(Mailing)) == (status, 0)


def test_E1_without_any_event_the_page_says_what_to_do_first(boss: Client) -> None:
    page = boss.get(URL)
    assert "There is no event yet" in words(page)
    assert "sending-test-cta" not in page.text


def test_E3_a_key_that_sent_to_another_address_asks_to_press_again(
    app: Flask, boss: Client, owner: Person, event_id: int, count: Any, writing: Any
) -> None:
    boss.submit(URL, {"event": event_id, "idempotency_key": "k"})
    with writing() as tx:
        tx.get_one(type(seeding.user(owner)), owner.id).email = "new@organizers.example"
    answer = boss.submit(URL, {"event": event_id, "idempotency_key": "k"})
    assert answer.status_code == 303
    assert "Nothing was sent: press the button again." in words(boss.get(answer.location))
    assert count(Mailing) == 1


def test_the_page_costs_the_same_queries_for_one_event_and_three(
    boss: Client, add_event: Any, count_queries: Any
) -> None:
    boss.get(URL)  # the first page of a session also notes that it was seen
    numbers = []
    for further in (1, 2):
        for _ in range(further):
            add_event()
        with count_queries() as queries:
            boss.get(URL)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]
