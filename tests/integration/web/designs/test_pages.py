"""Designs by their pages, with and without script: saves that never conflict with themselves, and two who write."""

import re
from typing import Any

import pytest

from eventmail.domain.designs import presence
from eventmail.models import Design, DesignRevision, DraftText, Mailing
from tests.support.designing import WRITTEN
from tests.support.web import error_code, partial, words

TYPED = {**WRITTEN, "page_mark": "mine", "revision": "1"}


@pytest.fixture
def anna(client_for: Any, add_person: Any) -> Any:
    return client_for(add_person("Anna <i>Other", "anna@organizers.example"))


def autosave(client: Any, one: str, **typed: str) -> Any:
    return client.submit(f"{one}/draft", {**TYPED, **typed}, headers=partial())


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, answer.text[:300]
    return found[1]


def drafts(rows: Any) -> list[tuple[int, str]]:
    return [(one.revision, one.body) for one in rows(Design)]


def test_D1_a_form_makes_one_design_however_often_it_is_sent(client: Any, url: str, rows: Any) -> None:
    page = client.get(f"{url}/new")
    form = {"name": "Day", "message_type": "reminder", "idempotency_key": hidden(page, "idempotency_key")}
    first, again = client.submit(url, form), client.submit(url, form)
    [design] = rows(Design)
    assert (first.status_code, first.location, again.location) == (303, f"{url}/{design.id}", first.location)
    assert (design.name, design.message_type, design.body) == ("Day", "reminder", "")


def test_D4_a_form_that_is_refused_comes_back_as_it_was_typed(client: Any, url: str, count: Any) -> None:
    answer = client.submit(url, {"name": "Day <b>", "message_type": "spam"})
    assert (answer.status_code, error_code(answer)) == (400, ["INVALID_MESSAGE_TYPE"])
    assert 'value="Day &lt;b&gt;"' in answer.text
    blank = client.submit(url, {"name": " ", "message_type": "update"})
    assert (blank.status_code, error_code(blank), count(Design)) == (400, ["INVALID_INPUT"], 0)


def test_D5_an_autosave_answers_with_the_revision_that_the_next_one_names(client: Any, one: str, rows: Any) -> None:
    first = autosave(client, one, body="H")
    assert (first.status_code, hidden(first, "revision"), hidden(first, "page_mark")) == (200, "2", "mine")
    assert "Saved at" in words(first)
    assert hidden(autosave(client, one, body="Hi", revision="2"), "revision") == "3"
    assert hidden(autosave(client, one, body="Hi", revision="3"), "revision") == "3"
    assert drafts(rows) == [(3, "Hi")]


@pytest.mark.parametrize("order", [("H", "Hi"), ("Hi", "H")])
def test_D5_a_page_conflicts_neither_with_a_lost_answer_nor_with_a_save_under_way(
    client: Any, anna: Any, one: str, rows: Any, order: tuple[str, str]
) -> None:
    assert [autosave(client, one, body=body).status_code for body in order] == [200, 200]
    assert autosave(client, one, body="Hi!").status_code == 200
    assert autosave(anna, one, body="Anna's", page_mark="hers").status_code == 409
    assert drafts(rows) == [(4, "Hi!")]


def test_G10_a_stale_autosave_says_so_at_once_shows_both_texts_and_loses_nothing_typed_later(
    client: Any, anna: Any, one: str, rows: Any
) -> None:
    autosave(anna, one, body="Hi <b>Anna</b>", page_mark="hers")
    for body in ("Hi Oscar", "Hi Oscar, more"):
        answer = autosave(client, one, body=body)
        assert (answer.status_code, answer.headers["HX-Retarget"], error_code(answer)) == (
            409, "#warning", ["STALE_REVISION"],
        )  # fmt: skip
        assert re.search(r"Anna <i>Other saved this design at \d\d:\d\d, after you opened it\.", words(answer))
        assert "What you wrote since was not saved." in words(answer)
        assert "<ins>&lt;b&gt;Anna&lt;/b&gt;</ins>" in answer.text
        assert "hx-trigger" not in answer.text, "the page would ask again with every letter"
    assert drafts(rows) == [(2, "Hi <b>Anna</b>")]
    mine = {**TYPED, "body": "Hi Oscar, more"}
    first, again = (client.submit(f"{one}/draft/copies", mine) for _ in range(2))
    more = client.submit(f"{one}/draft/copies", {**mine, "body": "Hi Oscar, and more"})
    assert (first.status_code, again.location, more.status_code) == (303, first.location, 303)
    assert drafts(rows) == [(2, "Hi <b>Anna</b>"), (1, "Hi Oscar, more"), (1, "Hi Oscar, and more")]
    assert client.submit(f"{one}/draft/copies", mine, headers=partial()).headers["HX-Redirect"] == first.location


def test_D5_without_script_a_stale_save_keeps_what_was_typed_on_the_page(
    client: Any, anna: Any, one: str, rows: Any
) -> None:
    autosave(anna, one, body="Anna's", page_mark="hers")
    for path in ("draft", "publication/review"):
        answer = client.submit(f"{one}/{path}", {**TYPED, "body": "Oscar's", "name": "My name"})
        assert (answer.status_code, error_code(answer), hidden(answer, "revision")) == (409, ["STALE_REVISION"], "1")
        assert "\nOscar&#39;s</textarea>" in answer.text
        assert 'value="My name"' in answer.text
    assert drafts(rows) == [(2, "Anna's")]
    saved = client.submit(f"{one}/draft", {**TYPED, "revision": "2", "body": "Oscar's"})
    assert (saved.status_code, saved.location) == (303, one)


def test_D5_a_blank_name_keeps_the_one_there_is_and_loses_no_text(client: Any, one: str, row: Any) -> None:
    assert autosave(client, one, name=" ", body="Precious").status_code == 200
    assert (row(Design).name, row(Design).body) == ("Save the date", "Precious")


def test_D3_publishing_looks_first_and_takes_what_was_looked_at(
    client: Any, anna: Any, one: str, rows: Any, count: Any
) -> None:
    looked = client.submit(f"{one}/publication/review", {**TYPED, "body": "Looked at"})
    assert (looked.status_code, "Publish as version 1" in words(looked)) == (200, True)
    autosave(anna, one, body="Anna's", page_mark="hers", revision="2")
    refused = client.submit(f"{one}/publication", {"revision": "2"})
    assert (refused.status_code, error_code(refused), count(DesignRevision)) == (409, ["STALE_REVISION"], 0)
    assert "Nothing was published." in words(refused)
    nothing = client.submit(f"{one}/publication", {})
    assert (nothing.status_code, error_code(nothing), count(DesignRevision)) == (400, ["INVALID_INPUT"], 0)
    done = [client.submit(f"{one}/publication", {"revision": "3"}) for _ in range(2)]
    assert [answer.status_code for answer in done] == [303, 303]
    assert [(one.number, one.body) for one in rows(DesignRevision)] == [(1, "Anna's")]
    assert "This text is published already, as version 1." in words(client.get(one))


def test_D4_a_text_with_an_unknown_field_is_saved_and_refused_in_words_before_any_dialog(
    client: Any, one: str, rows: Any, count: Any
) -> None:
    page = client.submit(f"{one}/publication/review", {**TYPED, "body": "{guest.frstName}"})
    assert (page.status_code, error_code(page), "email-design-publishing" in page.text) == (
        400, ["UNRESOLVED_TOKEN"], False,
    )  # fmt: skip
    assert "Did you mean {guest.firstName}?" in words(page)
    forced = client.submit(f"{one}/publication", {"revision": "2"})
    assert (forced.status_code, error_code(forced), count(DesignRevision)) == (400, ["UNRESOLVED_TOKEN"], 0)
    assert drafts(rows) == [(2, "{guest.frstName}")]


def test_D3_a_version_goes_back_into_the_draft_by_a_form_that_saw_the_draft(
    client: Any, anna: Any, published: str, rows: Any
) -> None:
    autosave(client, published, body="Precious")
    kept = client.submit(f"{published}/revisions", {"name": "Lunch <i>", "revision": "2"})
    assert (kept.status_code, kept.location) == (303, f"{published}/revisions")
    autosave(anna, published, body="Anna's", page_mark="hers", revision="2")
    stale = client.submit(f"{published}/revisions/1/restoration", {"revision": "2"})
    assert (stale.status_code, error_code(stale)) == (409, ["STALE_REVISION"])
    assert client.submit(f"{published}/revisions/1/restoration", {"revision": "3"}).status_code == 303
    assert [(one.number, one.name, one.body) for one in rows(DesignRevision)] == [
        (1, "", WRITTEN["body"]), (2, "Lunch <i>", "Precious"), (3, "Before version 1 was restored", "Anna's"),
    ]  # fmt: skip
    assert drafts(rows) == [(4, WRITTEN["body"])]


def test_D3_using_a_design_begins_one_message_for_each_snapshot_and_press(
    client: Any, published: str, event_id: int, rows: Any
) -> None:
    def press(**fields: str) -> Any:
        return client.submit(f"{published}/messages", {"idempotency_key": "page", **fields})

    first, again = press(), press()
    assert (first.status_code, again.location) == (303, first.location)
    autosave(client, published, body="Draft")
    draft = press(snapshot="draft")
    autosave(client, published, body="Draft, more", revision="2")
    more, later = press(snapshot="draft"), press(when="later", idempotency_key="another")
    assert (draft.status_code, more.status_code, later.status_code) == (303, 303, 303)
    assert [(one.body, one.revision) for one in rows(DraftText)] == [
        (WRITTEN["body"], 1), ("Draft", 1), ("Draft, more", 1), (WRITTEN["body"], 1),
    ]  # fmt: skip
    assert [one.design_number for one in rows(Mailing)] == [1, None, None, 1]
    assert first.location.startswith(f"/admin/events/{event_id}/messages/")
    assert later.location.startswith(f"/admin/events/{event_id}/scheduled/")


def test_D3_what_was_never_published_is_not_used_unless_its_draft_is_chosen(client: Any, one: str, count: Any) -> None:
    refused = client.submit(f"{one}/messages", {"idempotency_key": "k"})
    assert (refused.status_code, error_code(refused), count(Mailing)) == (409, ["NOT_PUBLISHED"], 0)
    assert client.submit(f"{one}/messages", {"idempotency_key": "k", "snapshot": "draft"}).status_code == 303


def test_D1_a_text_of_a_message_becomes_one_design_for_each_text(
    client: Any, api: Any, url: str, event_id: int, rows: Any
) -> None:
    body = {"kind": "one_time", "draft": True, "subject": "Doors", "body": "Hi"}
    made = api.post(f"/admin/events/{event_id}/mailings", json=body, headers={"Idempotency-Key": "d"})
    take = f"{url}/of/{made.json['id']}"
    first, again = (client.submit(take, {"idempotency_key": "page"}) for _ in range(2))
    api.patch(made.location, json={"revision": 1, "body": "Hi, more"})
    other = client.submit(take, {"idempotency_key": "page"})
    assert (first.status_code, again.location, other.status_code) == (303, first.location, 303)
    assert [(one.name, one.subject, one.body) for one in rows(Design)] == [
        ("Doors", "Doors", "Hi"), ("Doors", "Doors", "Hi, more"),
    ]  # fmt: skip
    assert client.submit(f"{url}/of/999", {"idempotency_key": "page"}).status_code == 404


def test_E1_E3_two_presses_are_one_test_and_another_text_under_their_key_asks_first(
    client: Any, one: str, rows: Any
) -> None:
    def press(**typed: str) -> Any:
        form = {**TYPED, "to": "a@organizers.org", "idempotency_key": "k", **typed}
        return client.submit(f"{one}/test-sends", form, headers=partial())

    assert [press().status_code, press().status_code, len(rows(Mailing))] == [200, 200, 1]
    asked = press(body="Changed")
    assert (asked.status_code, len(rows(Mailing)), drafts(rows)) == (200, 1, [(2, "Changed")])
    assert "You changed the message since; send this version?" in words(asked)
    assert press(body="Changed", revision="2", idempotency_key=hidden(asked, "idempotency_key")).status_code == 200
    assert [one.is_test for one in rows(Mailing)] == [True, True]


def test_S1_a_test_that_was_sent_brings_the_key_of_the_next_one(client: Any, one: str, rows: Any) -> None:
    form = {**TYPED, "to": "a@organizers.org", "idempotency_key": "k"}
    sent = client.submit(f"{one}/test-sends", form, headers=partial())
    fresh = hidden(sent, "idempotency_key")
    client.submit(f"{one}/test-sends", {**form, "idempotency_key": fresh}, headers=partial())
    assert (fresh == "k", len(rows(Mailing))) == (False, 2)


def test_D5_an_open_page_hears_who_else_is_there_and_that_they_saved(
    client: Any, anna: Any, one: str, app: Any
) -> None:
    quiet = client.submit(f"{one}/presence", TYPED, headers=partial())
    assert (quiet.status_code, words(quiet)) == (200, "")
    anna.submit(f"{one}/presence", {**TYPED, "page_mark": "hers"}, headers=partial())
    heard = client.submit(f"{one}/presence", TYPED, headers=partial())
    assert words(heard) == "Anna <i>Other has this design open, too."
    assert "Anna &lt;i&gt;Other" in heard.text
    autosave(anna, one, body="Anna's", page_mark="hers")
    told = words(client.submit(f"{one}/presence", TYPED, headers=partial()))
    assert "Anna <i>Other saved it after you opened it" in told
    assert presence.GONE > presence.RENEWED
