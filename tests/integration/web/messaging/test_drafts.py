"""Drafts over HTTP: saved by script and by button, kept when two write at once, made and changed by programs."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail.models import DraftText, Mailing, Recipient
from tests.support.seeding import Person
from tests.support.web import Client, partial

TYPED = {"subject": "Doors", "preheader": "", "body": "Hi {guest.firstName}", "statuses": "confirmed", "page_mark": "p"}
ODD = {"subject": "<b>שלום</b> " + "Ab" * 150, "body": "{guest.nickname}", "segments": "999", "page_mark": "odd"}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/messages"


@pytest.fixture
def anna(client_for: Callable[[Person], Client], add_person: Callable[..., Person]) -> Client:
    return client_for(add_person("Anna <i>Other", "anna@organizers.example"))


def hidden(answer: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, answer.text[:300]
    return found[1]


def words(answer: TestResponse) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", "", answer.text).split()))


def autosave(client: Client, url: str, **typed: str) -> TestResponse:
    return client.submit(f"{url}/drafts", {**TYPED, **typed}, headers=partial())


def begun(client: Client, url: str, **typed: str) -> str:
    """A draft of the page “p”: its id."""
    return hidden(autosave(client, url, **typed), "draft")


def test_D5_the_first_autosave_makes_the_draft_and_gives_the_page_its_address(
    client: Client, url: str, row: Any
) -> None:
    answer = autosave(client, url)
    draft = row(Mailing).id
    assert (answer.status_code, answer.headers["HX-Replace-Url"]) == (200, f"{url}/{draft}")
    assert (hidden(answer, "draft"), hidden(answer, "revision"), hidden(answer, "page_mark")) == (str(draft), "1", "p")
    assert re.search(r"Saved at \d\d:\d\d", words(answer))
    later = autosave(client, url, draft=str(draft), revision="1", body="More")
    assert ("HX-Replace-Url" in later.headers, hidden(later, "revision"), row(DraftText).body) == (False, "2", "More")
    said = [re.findall(r'role="status">([^<]*)<', one.text) for one in (answer, later)]
    assert said == [["Saved as a draft"], ["Saved as a draft"]]  # the same words are not announced again


def test_an_empty_page_saves_nothing(client: Client, url: str, count: Any) -> None:
    empty = {"subject": "", "body": "", "statuses": "", "page_mark": "p"}
    answer = client.submit(f"{url}/drafts", empty, headers=partial())
    assert (answer.status_code, hidden(answer, "draft"), count(Mailing)) == (200, "", 0)
    pressed = client.submit(f"{url}/drafts", empty)
    assert (pressed.status_code, "There is nothing to save yet." in words(pressed)) == (400, True)


def test_without_script_a_button_saves_and_leads_to_the_draft(client: Client, url: str, row: Any) -> None:
    answer = client.submit(f"{url}/drafts", ODD)
    assert (answer.status_code, answer.location) == (303, f"{url}/{row(Mailing).id}")
    page = client.get(answer.location)
    assert "Saved as a draft. Nothing was sent." in words(page)
    assert (hidden(page, "draft"), hidden(page, "revision")) == (str(row(Mailing).id), "1")
    assert ("&lt;b&gt;שלום" in page.text, "A segment that was removed" in page.text) == (True, True)


def heading(page: TestResponse) -> str:
    return str(re.findall(r"<h1[^>]*>(.*?)</h1>", page.text)[0])


def test_messages_shows_my_newest_draft_or_an_empty_one(client: Client, anna: Client, url: str) -> None:
    assert hidden(client.get(url), "draft") == ""
    mine, hers = begun(client, url), begun(anna, url, page_mark="q", subject="Hers")
    page = client.get(url)
    assert (page.status_code, hidden(page, "draft"), hidden(client.get(f"{url}?new=1"), "draft")) == (200, mine, "")
    assert [heading(each) for each in (page, client.get(f"{url}?new=1"))] == ["Draft of a message", "New message"]
    assert "Drafts (2)" in words(page)
    assert re.search(r"Doors\s+by Oscar Organizer, saved .*", words(page))
    assert "by Anna <i>Other, saved" in words(page)
    assert hidden(anna.get(url), "draft") == hers


def test_D5_a_stale_autosave_offers_both_texts_and_loses_neither(
    client: Client, anna: Client, url: str, row: Any
) -> None:
    draft = begun(client, url)
    autosave(anna, url, draft=draft, revision="1", page_mark="q", body="Hi <b>Anna</b>", statuses="declined")
    answer = autosave(client, url, draft=draft, revision="1", body="Hi Oscar")
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#warning")
    assert re.findall(r'data-error-code="(\w+)"', answer.text) == ["STALE_REVISION"]
    assert re.search(r"Anna <i>Other saved this draft at \d\d:\d\d, after you opened it\.", words(answer))
    assert "Hi <del>Oscar</del><ins>&lt;b&gt;Anna&lt;/b&gt;</ins>" in answer.text
    assert "Theirs: declined." in words(answer)
    assert "hx-trigger" not in answer.text, "the page would ask again with every letter"
    assert "data-focus" not in answer.text, "somebody is writing"
    assert row(DraftText).body == "Hi <b>Anna</b>"


def test_D5_keep_mine_as_a_copy_is_a_draft_of_its_own_and_twice_the_same(
    client: Client, anna: Client, url: str, rows: Any
) -> None:
    draft = begun(client, url)
    autosave(anna, url, draft=draft, revision="1", page_mark="q", body="Anna's")
    typed = {**TYPED, "draft": draft, "revision": "1", "body": "Oscar's"}
    first, second = client.submit(f"{url}/drafts/copies", typed), client.submit(f"{url}/drafts/copies", typed)
    assert (first.status_code, first.location) == (303, second.location)
    assert [text.body for text in rows(DraftText)] == ["Anna's", "Oscar's"]
    by_script = client.submit(f"{url}/drafts/copies", typed, headers=partial())
    assert by_script.headers["HX-Redirect"] == first.location


def test_D5_without_script_a_stale_save_shows_both_and_keeps_what_was_typed(
    client: Client, anna: Client, url: str
) -> None:
    draft = begun(client, url)
    autosave(anna, url, draft=draft, revision="1", page_mark="q", body="Anna's")
    for path in ("drafts", "review"):
        answer = client.submit(f"{url}/{path}", {**TYPED, "draft": draft, "revision": "1", "body": "Oscar's"})
        assert (answer.status_code, hidden(answer, "revision")) == (409, "1")
        assert re.findall(r'data-error-code="(\w+)"', answer.text) == ["STALE_REVISION"]
        assert "<del>Oscar's</del><ins>Anna's</ins>" in answer.text.replace("&#39;", "'")
        assert "\nOscar&#39;s</textarea>" in answer.text


def test_D5_a_draft_that_was_deleted_meanwhile_can_be_kept(client: Client, anna: Client, url: str, count: Any) -> None:
    draft = begun(client, url)
    assert anna.submit(f"{url}/{draft}/deletion", {"revision": "1"}).status_code == 303
    for headers in ({}, partial()):
        answer = client.submit(f"{url}/drafts", {**TYPED, "draft": draft, "revision": "1"}, headers=headers)
        assert (answer.status_code, "This draft was deleted while you had it open." in words(answer)) == (409, True)
        assert "Keep mine as a copy" in words(answer)
    client.submit(f"{url}/drafts/copies", {**TYPED, "draft": draft, "revision": "1"})
    assert count(Mailing) == 1


def test_deleting_asks_first_and_takes_only_what_was_shown(client: Client, anna: Client, url: str, count: Any) -> None:
    draft = begun(client, url, **ODD)
    page = client.get(f"{url}/{draft}/deletion")
    assert (page.status_code, hidden(page, "revision")) == (200, "1")
    autosave(anna, url, draft=draft, revision="1", page_mark="q", body="Anna's")
    refused = client.submit(f"{url}/{draft}/deletion", {"revision": "1"})
    assert (refused.status_code, "Nothing was deleted." in words(refused), count(Mailing)) == (409, True, 1)
    deleted = client.submit(f"{url}/{draft}/deletion", {"revision": hidden(refused, "revision")})
    assert (deleted.status_code, deleted.location, count(Mailing)) == (303, f"{url}/drafts", 0)
    assert client.get(f"{url}/{draft}/deletion").status_code == 404


@pytest.mark.parametrize("digits", [30, 5000])
def test_a_revision_that_is_no_number_of_ours_is_an_old_one(client: Client, url: str, digits: int) -> None:
    draft = begun(client, url)
    asked = {**TYPED, "body": "More", "page_mark": "q", "draft": draft, "revision": "9" * digits}
    answers = [client.submit(f"{url}/{path}", asked) for path in ("drafts", f"{draft}/deletion")]
    assert [answer.status_code for answer in answers] == [409, 409]


def reviewed(client: Client, url: str, draft: str, **typed: str) -> dict[str, str]:
    """The form under the review's button."""
    page = client.submit(f"{url}/review", {**TYPED, "draft": draft, "revision": "1", **typed})
    assert page.status_code == 200
    names = ("idempotency_key", "draft", "revision", "page_mark", "audience_snapshot")
    return {**TYPED, **typed, **{name: hidden(page, name) for name in names}}


def test_a_draft_that_is_sent_keeps_its_address(client: Client, url: str, add_guests: Any, row: Any) -> None:
    add_guests(2)
    draft = begun(client, url)
    sent = client.submit(url, reviewed(client, url, draft, body="Reviewed"))
    assert (sent.status_code, sent.location) == (303, f"{url}/{draft}")
    assert 'data-test="guest-message-job-tracker"' in client.get(sent.location).text
    assert (row(Mailing).state, hidden(client.get(url), "draft")) == ("sending", "")


def test_the_second_who_sends_one_draft_is_led_to_the_first_ones_tracker(
    client: Client, anna: Client, url: str, add_guests: Any, count: Any
) -> None:
    add_guests(2)
    draft = begun(client, url)
    ours, hers = reviewed(client, url, draft), reviewed(anna, url, draft, page_mark="q")
    client.submit(url, ours)
    second = anna.submit(url, hers)
    assert (second.status_code, second.location) == (303, f"{url}/{draft}")
    assert "Oscar Organizer sent this a moment ago. It was not sent a second time." in words(anna.get(second.location))
    other = anna.submit(url, {**hers, "body": "Hers"})
    assert (other.status_code, re.findall(r'data-error-code="(\w+)"', other.text)) == (409, ["ALREADY_SENT"])
    assert "<del>Hers</del>" in other.text
    assert "See how far it is" in words(other)
    assert count(Recipient) == 2


def test_what_a_colleague_saved_after_the_review_is_not_sent_over(
    client: Client, anna: Client, url: str, add_guests: Any, count: Any
) -> None:
    add_guests(2)
    draft = begun(client, url)
    ours = reviewed(client, url, draft)
    autosave(anna, url, draft=draft, revision="1", page_mark="q", body="Anna's")
    answer = client.submit(url, ours)
    assert (answer.status_code, re.findall(r'data-error-code="(\w+)"', answer.text)) == (409, ["STALE_REVISION"])
    assert "Nothing was sent." in words(answer)
    assert count(Recipient) == 0


def test_S7_a_cancelled_message_can_be_written_again(client: Client, url: str, add_guests: Any, rows: Any) -> None:
    add_guests(2)
    sent = client.submit(url, reviewed(client, url, begun(client, url))).location
    cancellation = sent.replace("/messages/", "/mailings/") + "/cancellation"
    undone = client.submit(cancellation, {"undo": "1"})
    assert (undone.status_code, [mailing.state for mailing in rows(Mailing)]) == (303, ["cancelled", "draft"])
    assert "Hi {guest.firstName}</textarea>" in client.get(undone.location).text
    assert "Write it again as a new draft" in words(client.get(sent))
    assert client.submit(f"{sent}/copies").location == f"{url}/{rows(Mailing)[-1].id}"


def test_the_list_asks_as_often_for_three_as_for_one(client: Client, url: str, count_queries: Any) -> None:
    asked = []
    for more in (["a"], ["b", "c"]):
        for mark in more:
            begun(client, url, page_mark=mark, subject=ODD["subject"])
        for path in ("/drafts", "?new=1"):
            client.get(url + path)
            with count_queries() as queries:
                page = client.get(url + path)
            asked.append((path, len(queries)))
    assert asked[:2] == asked[2:]
    assert page.text.count("&lt;b&gt;שלום") == 3
    listed: Any = client.get(f"{url}/drafts", headers={"Accept": "application/json"}).json
    assert [item["author"] for item in listed["items"]] == ["Oscar Organizer"] * 3
