"""The table of recipients on a mailing's page follows its tracker, which tells it when there is something new (T2)."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from eventmail.models import Job
from eventmail.providers.base import Permanent
from eventmail.sending import drain, outcome
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.web import Client, partial, without_tokens, words


@pytest.fixture
def sent(post: Any, party: list[int]) -> str:
    """The URL of a mailing to two addresses that nobody has begun."""
    return post().location


def polled(client: Client, page: str) -> Any:
    """What the tracker of a page asks for."""
    found = re.search(r'id="tracker"[^>]*hx-get="([^"]+)"', page)
    assert found
    return client.get(unescape(found[1]), headers=partial())


@pytest.mark.parametrize("place", ["mailings", "messages"])
def test_T2_the_tracker_tells_of_changes_alone_and_of_the_end(client: Client, sent: str, place: str, work: Any) -> None:
    page = client.get(sent.replace("/mailings/", f"/{place}/"))
    quiet = polled(client, page.text)
    assert (quiet.status_code, quiet.headers.get("HX-Trigger")) == (200, None)
    work()
    over = polled(client, quiet.text)
    assert over.headers["HX-Trigger"] == "recipients-settled"
    assert 'hx-get="' not in over.text


def test_T2_a_change_on_the_way_is_told_once(client: Client, api: Any, post: Any, add_guests: Any, work: Any) -> None:
    add_guests([{"email": "fine@guests.org"}, {"email": "again+transient@guests.org"}])
    page = client.get(post().location)
    work()
    changed = polled(client, page.text)
    assert changed.headers["HX-Trigger"] == "recipients-changed"
    assert "HX-Trigger" not in polled(client, changed.text).headers
    listens = re.search(r'id="recipients"[^>]*hx-trigger="([^"]+)"', page.text)
    assert listens
    assert listens[1] == "recipients-changed from:body throttle:5s, recipients-settled from:body"


def test_T2_the_table_is_fetched_as_it_is_looked_at_and_its_links_lead_to_the_page(client: Client, sent: str) -> None:
    page = without_tokens(client.get(f"{sent}?state=queued&per_page=1&page=2"))
    found = re.search(r'id="recipients"[^>]*hx-get="([^"]+)"', page)
    assert found
    where = unescape(found[1])
    assert where == f"{sent}/recipients?state=queued&page=2&per_page=1"
    table = client.get(where, headers=partial())
    assert without_tokens(table) in page
    assert "ben@guests.org" in words(table)
    assert "Ada@guests.org" not in words(table)
    pages = re.findall(r'<nav class="pages".*?</nav>', table.text, re.DOTALL)
    assert {unescape(link) for link in re.findall(r'<a [^>]*href="([^"]+)"', pages[0])} == {
        f"{sent}?state=queued&page={number}&per_page=1#recipients" for number in (1, 2)
    }
    assert client.get(f"{sent}/recipients?state=lost", headers=partial()).status_code == 400


def test_the_table_costs_the_same_for_one_and_for_three(
    client: Client, post: Any, party: list[int], add_guest: Any, count_queries: Any
) -> None:
    numbers = []
    for number, statuses in enumerate(([], ["confirmed"])):
        audience = {"statuses": statuses, "guests": [str(party[0])]}
        if statuses:
            add_guest("cy@guests.org")
        where = post(f"k{number}", audience=audience).location
        with count_queries() as queries:
            client.get(f"{where}/recipients", headers=partial())
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_a_refused_button_leads_to_a_page_whose_tracker_asks_where_there_is_one(client: Client, sent: str) -> None:
    refused = client.submit(f"{sent}/retries")
    assert refused.status_code == 409
    assert polled(client, refused.text).status_code == 200


def tracker_of(client: Client, url: str) -> str:
    found = re.search(r'<section class="card" id="tracker".*?</section>', client.get(url).text, re.DOTALL)
    assert found
    return found[0]


def heading_and_badge(tracker: str) -> tuple[str, list[str], str]:
    heading = re.search(r'<h2 id="tracker-title">([^<]*)</h2>', tracker)
    spoken = re.search(r'<p class="visually-hidden" role="status">([^<]*)</p>', tracker)
    assert heading
    assert spoken
    return heading[1], re.findall(r'class="badge[^"]*" data-state="(\w+)"', tracker), spoken[1]


def test_S2_a_second_run_that_was_cancelled_is_not_called_simply_finished(
    app: Flask, client: Client, api: Any, sent: str, work: Any
) -> None:
    work(Recording(answers={"ben@guests.org": Permanent("full")}))
    api.post(f"{sent}/retries")
    api.post(f"{sent}/cancellation")
    tracker = tracker_of(client, sent)
    assert heading_and_badge(tracker) == (
        "Finished, not for everyone", ["troubled"],
        "Finished, not for everyone: 1 kept in outbox, 1 cancelled, 2 in all.",
    )  # fmt: skip
    assert "1 of 2 were kept in the outbox. 1 was cancelled and did not leave." in words(tracker)
    assert 'data-state="troubled"' in client.get(sent.rpartition("/")[0]).text


def test_S2_who_came_onto_the_list_before_their_turn_is_told_in_the_words_of_the_list(
    app: Flask, client: Client, sent: str, work: Any
) -> None:
    with app.app_context():
        seeding.suppress("ben@guests.org")
    work()
    tracker = tracker_of(client, sent)
    assert heading_and_badge(tracker)[0] == "Finished, not for everyone"
    said = words(tracker)
    assert "1 of 2 were kept in the outbox. 1 came onto the do-not-mail list before their turn and got nothing." in said
    assert 'aria-label="1 kept in outbox, 1 on the do-not-mail list, 2 in all"' in tracker
    assert ("On the do-not-mail list 1" in said, "Suppressed" in said) == (True, False)
    tabs = words(
        re.findall(r'<nav class="tabs" aria-label="Recipients by state".*?</nav>', client.get(sent).text, re.DOTALL)[0]
    )
    assert tabs == "All 2 Kept in outbox 1 On the do-not-mail list 1"


def test_S2_what_everybody_got_is_finished(client: Client, sent: str, work: Any) -> None:
    work()
    assert heading_and_badge(tracker_of(client, sent)) == (
        "Finished",
        ["finished"],
        "Finished: 2 kept in outbox, 2 in all.",
    )


@pytest.mark.parametrize(
    ("why", "title"),
    [
        (drain.UNPREPARED, "eventmail could not put this message together"),
        ("535 Authentication failed", "The mail service refuses to send for us"),
    ],
)
def test_S12_a_message_that_stands_still_names_whose_fault_it_is(
    app: Flask, client: Client, sent: str, row: Any, why: str, title: str
) -> None:
    with app.app_context():
        outcome.stop(row(Job).id, why)
    tracker = tracker_of(client, sent)
    said = re.findall(r"<strong>([^<]*)</strong>", tracker)
    assert said[0] == title
    assert ("Correct the sender" in tracker) == (title == "The mail service refuses to send for us")
