"""Guest messaging in a browser without script: write, review, send, watch."""

import re
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import TestResponse

from eventmail import clock
from eventmail.models import Content, Mailing, Recipient, Suppression
from tests.support import seeding
from tests.support.web import Client, partial, words

TYPED = {"subject": "Hi {guest.firstName}", "preheader": "", "body": "Come to {event.title}.", "statuses": "confirmed"}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/messages"


@pytest.fixture
def party(add_guests: Any) -> list[int]:
    return add_guests([{"email": "ada@guests.org"}, {"email": "ben@guests.org", "first_name": "Ben"}])


def codes(answer: TestResponse) -> list[str]:
    return re.findall(r'data-error-code="([A-Z_]+)"', answer.text)


def key(answer: TestResponse) -> str:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', answer.text)
    assert found
    return found[1]


def number(answer: TestResponse) -> list[str]:
    return re.findall(r'data-count="(\d+)"', answer.text)


def test_an_empty_composer_is_about_nobody_a1(client: Client, url: str, party: list[int]) -> None:
    answer = client.get(url)
    assert (answer.status_code, number(answer)) == (200, ["0"])
    assert 'data-test="guest-messaging-page"' in answer.text


def test_the_count_and_the_preview_follow_what_is_typed_a3(client: Client, url: str, party: list[int]) -> None:
    part = client.submit(f"{url}/preview", TYPED, headers=partial())
    assert (part.status_code, number(part)) == (200, ["2"])
    frame = re.search(r'<iframe[^>]*src="([^"]+)"', part.text)
    assert frame
    mail = client.get(unescape(frame[1]).replace("&marks=on", ""))
    assert "Come to Fixture Gala." in mail.text
    assert "sandbox" in mail.headers["Content-Security-Policy"]


def test_a_preview_mail_is_of_this_event_only(
    client: Client, url: str, party: list[int], add_event: Any, row: Any
) -> None:
    client.submit(f"{url}/preview", TYPED)
    content, other = row(Content).id, add_event()
    assert client.get(f"{url}/previews/{content}").status_code == 200
    assert client.get(f"/admin/events/{other}/messages/previews/{content}").status_code == 404


def test_a_guest_of_another_event_is_not_merged_into_a_preview(
    app: Any, client: Client, url: str, party: list[int], add_event: Any, row: Any
) -> None:
    other = add_event()
    with app.app_context():
        foreign = seeding.add_guest(other, "secret@guests.org", first_name="Secret")
    client.submit(f"{url}/preview", {**TYPED, "body": "Dear {guest.firstName}."})
    mail = client.get(f"{url}/previews/{row(Content).id}?guest={foreign}&part=text")
    assert ("Dear there." in mail.text, "Secret" in mail.text) == (True, False)


def test_review_says_in_one_sentence_what_will_happen_and_sends_nothing_a3(
    client: Client, url: str, party: list[int], count: Any
) -> None:
    answer = client.submit(f"{url}/review", TYPED)
    assert answer.status_code == 200
    assert "Send to outbox (2)" in words(answer)
    assert 'data-test="guest-message-send-confirm"' in answer.text
    assert count(Mailing) == 0


def test_the_review_says_that_this_very_message_went_out_within_the_hour(
    client: Client, url: str, party: list[int], row: Any
) -> None:
    first = client.submit(f"{url}/review", TYPED)
    assert client.submit(url, {**TYPED, "idempotency_key": key(first)}).status_code == 303
    at = f"{row(Mailing, Mailing.state != 'draft').created_at.astimezone(ZoneInfo('Europe/Berlin')):%H:%M}"
    again = client.submit(f"{url}/review", TYPED)
    warnings = [words(part) for part in re.findall(r'data-test="guest-message-review-warning">(.*?)</p>', again.text)]
    assert ("review-warning" in first.text, warnings) == (False, [f"This very message went to 2 guests at {at}."])


def test_send_leads_to_the_tracker_and_a_second_click_to_the_same_one_s1(
    client: Client, url: str, party: list[int], row: Any, count: Any
) -> None:
    form = {**TYPED, "idempotency_key": key(client.submit(f"{url}/review", TYPED))}
    first, second = client.submit(url, form), client.submit(url, form)
    assert (first.status_code, first.location) == (303, f"{url}/{row(Mailing).id}")
    assert (second.status_code, second.location, count(Recipient)) == (303, first.location, 2)
    assert 'data-test="guest-message-job-tracker"' in client.get(first.location).text


def test_one_page_reviewed_twice_with_two_texts_sends_the_first_and_says_so_in_plain_words_s1(
    client: Client, url: str, party: list[int], rows: Any, count: Any
) -> None:
    page = {**TYPED, "page_mark": "two-windows", "idempotency_key": key(client.get(url))}
    looks = [{**page, "subject": subject} for subject in ("One", "Two")]
    for look in looks:
        assert client.submit(f"{url}/review", look).status_code == 200
    client.submit(url, looks[0])
    refused = client.submit(url, looks[1])
    assert (refused.status_code, codes(refused)) == (409, ["ALREADY_SENT"])
    assert "You sent this a moment ago. What you changed since was not sent." in words(refused)
    assert "Idempotency" not in words(refused)
    assert 'value="Two"' in refused.text
    assert "Keep mine as a copy" in words(refused)

    # a page without a mark, or of a draft that is not there, is looked at once more, under a new key
    for draft in ("", "999"):
        unmarked = client.submit(url, {**looks[1], "page_mark": "", "draft": draft})
        assert (unmarked.status_code, codes(unmarked)) == (409, ["ALREADY_SENT"])
        assert "Another text was sent from this page. This one was not" in words(unmarked)
    assert count(Recipient) == 2
    again = {**looks[1], "page_mark": "", "idempotency_key": key(unmarked)}
    assert client.submit(url, again).status_code == 303
    assert [content.subject for content in rows(Content)][-1] == "Two"
    assert (count(Mailing), count(Recipient)) == (2, 4)


def test_a_form_that_succeeded_comes_back_with_a_fresh_key_s1(client: Client, url: str, party: list[int]) -> None:
    used = key(client.submit(f"{url}/review", TYPED))
    client.submit(url, {**TYPED, "idempotency_key": used})
    assert key(client.get(url)) != used
    assert key(client.submit(f"{url}/review", {**TYPED, "subject": "Other", "idempotency_key": used})) != used


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"subject": ""}, 400, "INVALID_INPUT"),
        ({"body": "{guest.nickname}"}, 400, "UNRESOLVED_TOKEN"),
        ({"statuses": []}, 400, "INVALID_AUDIENCE"),
        ({"statuses": "declined"}, 409, "NO_RECIPIENTS"),
        ({"guests": "999"}, 400, "INVALID_AUDIENCE"),
        ({"body": "x" * 400_000}, 400, "INVALID_INPUT"),
        pytest.param({"body": "x" * 3_000_000}, 400, "INVALID_INPUT", marks=pytest.mark.soak),
    ],
)
def test_a_refused_form_comes_back_with_what_was_typed(
    client: Client, url: str, party: list[int], change: dict[str, Any], status: int, code: str, count: Any
) -> None:
    typed = {**TYPED, "preheader": "Kept as typed", **change}
    for path, more in ((f"{url}/review", {}), (url, {"idempotency_key": "k"})):
        answer = client.submit(path, {**typed, **more})
        assert (answer.status_code, codes(answer)[:1]) == (status, [code])
        assert "Kept as typed" in answer.text
    assert count(Mailing) == 0


def test_a_refused_fragment_lands_in_the_warning_of_the_page(client: Client, url: str, party: list[int]) -> None:
    answer = client.submit(f"{url}/review", {**TYPED, "statuses": "declined"}, headers=partial())
    assert (answer.status_code, codes(answer)) == (409, ["NO_RECIPIENTS"])
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#warning", "innerHTML")
    assert "No recipients match this audience." in words(answer)


def test_without_a_key_a_form_sends_nothing(client: Client, url: str, party: list[int], count: Any) -> None:
    answer = client.submit(url, TYPED)
    assert (answer.status_code, codes(answer)[:1], count(Mailing)) == (400, ["IDEMPOTENCY_KEY_REQUIRED"], 0)


def test_a_key_in_header_and_form_that_differ_is_refused(
    client: Client, url: str, party: list[int], count: Any
) -> None:
    form = {**TYPED, "idempotency_key": "one"}
    answer = client.submit(url, form, headers={"Idempotency-Key": "two"})
    assert (answer.status_code, codes(answer)[:1], count(Mailing)) == (400, ["INVALID_INPUT"], 0)
    assert client.submit(url, form, headers={"Idempotency-Key": '"one"'}).status_code == 303


def test_awkward_characters_in_a_form_are_words_like_others(
    client: Client, url: str, party: list[int], row: Any
) -> None:
    typed = {**TYPED, "subject": "A\x00\u202eB <b>", "body": "x\x00y\r\n</textarea><script>", "idempotency_key": "k"}
    assert client.submit(f"{url}/preview", typed).status_code == 200
    answer = client.submit(f"{url}/review", typed)
    assert (answer.status_code, "</textarea><script>" in answer.text) == (200, False)
    assert "Send “ AB <b> ” to" in words(answer)
    assert client.submit(url, typed).status_code == 303
    assert (row(Content).subject, row(Content).body[:2]) == ("AB <b>", "xy")


def test_a_message_of_another_event_is_not_watched(client: Client, url: str, party: list[int], add_event: Any) -> None:
    where = client.submit(url, {**TYPED, "idempotency_key": "k"}).location
    foreign = where.replace(url, f"/admin/events/{add_event()}/messages")
    assert (client.get(where).status_code, client.get(foreign).status_code) == (200, 404)


def test_the_picker_says_who_can_not_be_mailed_a1(client: Client, url: str, party: list[int], writing: Any) -> None:
    with writing() as tx:
        for address, reason in (("ada@guests.org", "hard_bounce"), ("ben@guests.org", "manual")):
            tx.add(Suppression(address=address, scope="all", reason=reason, source="test", created_at=clock.now()))
    assert "2 can’t be mailed (1 bounced, 1 on the do-not-mail list)" in words(client.get(url))


def test_A4_a_review_that_is_no_longer_true_sends_nothing_and_says_what_changed(
    client: Client, event_id: int, add_guests: Any, add_guest: Any, count: Any
) -> None:
    add_guests(3)
    typed = {"subject": "Hello", "body": "Hi", "statuses": ["confirmed"]}
    page = client.submit(f"/admin/events/{event_id}/messages/review", typed)
    laid = dict(
        re.findall(r'name="(idempotency_key|audience_snapshot)" value="([^"]*)"', page.text.split("<dialog")[1])
    )
    joined = add_guest("joined@guests.example.net")

    answer = client.submit(f"/admin/events/{event_id}/messages", {**typed, **laid})

    assert (answer.status_code, count(Mailing)) == (409, 0)
    assert 'data-error-code="AUDIENCE_CHANGED"' in answer.text
    said = "When you looked, 3 would have got it. Since then 1 joined, so it would be 4 now. Nothing was sent."
    assert said in answer.text
    assert re.findall(r'<ul data-test="audience-(\w+)">', answer.text) == ["joined"]
    assert "joined@guests.example.net" in answer.text
    assert ">\nHi</textarea>" in answer.text
    client.submit(f"/admin/events/{event_id}/guests/{joined}/deletion")
    assert client.submit(f"/admin/events/{event_id}/messages", {**typed, **laid}).status_code == 303


def test_A4_one_in_and_one_out_is_a_change_too(
    client: Client, event_id: int, add_guests: Any, add_guest: Any, count: Any
) -> None:
    ids = add_guests(3)
    typed = {"subject": "Hello", "body": "Hi", "statuses": ["confirmed"]}
    page = client.submit(f"/admin/events/{event_id}/messages/review", typed)
    laid = dict(
        re.findall(r'name="(idempotency_key|audience_snapshot)" value="([^"]*)"', page.text.split("<dialog")[1])
    )
    client.submit(f"/admin/events/{event_id}/guests/{ids[0]}/deletion")
    add_guest("joined@guests.example.net")

    answer = client.submit(f"/admin/events/{event_id}/messages", {**typed, **laid})

    assert (answer.status_code, count(Mailing)) == (409, 0)
    assert "Since then 1 joined and 1 left, so it would be 3 now." in answer.text
    assert re.findall(r'<ul data-test="audience-(\w+)">', answer.text) == ["joined", "left"]
