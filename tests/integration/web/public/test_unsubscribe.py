"""The page behind the link in every mail: asks, acts once, speaks the guest's language, and leads back (F2)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.db import fresh
from eventmail.domain.audience import resolve
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.terms import SendingTerms, unsubscribe_url
from eventmail.models import AuditEntry, Event, Recipient, Suppression
from eventmail.settings import Settings
from eventmail.states import GuestStatus
from eventmail.web.words.unsubscribe import LANGUAGES, WORDS
from tests.support import seeding
from tests.support.web import Client


@pytest.fixture
def off(api: Any, event_id: int, add_guest: Any, app: Flask, settings: Settings, row: Any) -> str:
    """The path of Ada's way off the list."""
    add_guest("Ada@guests.org")
    body = {"kind": "one_time", "subject": "Hi", "body": "Text", "audience": {"statuses": ["confirmed"]}}
    assert (
        api.post(f"/admin/events/{event_id}/mailings", json=body, headers={"Idempotency-Key": "k"}).status_code == 202
    )
    return unsubscribe_url(row(Recipient).id, SendingTerms("", settings.secret, outside=False))


def test_a_scanner_that_opens_the_link_changes_nothing_f2(visitor: Client, off: str, count: Any) -> None:
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch"}), ("OPTIONS", {})):
        assert visitor.open(off, method=method, headers=headers).status_code == 200
    assert count(Suppression) == 0
    page = visitor.get(off).text
    assert ("Ada@guests.org" in page, "Stop these mails" in page) == (True, True)


def test_one_press_is_enough_and_two_change_nothing_more_f2(
    visitor: Client, off: str, event_id: int, row: Any, app: Flask
) -> None:
    for _ in range(2):
        answer = visitor.post(off)
        assert (answer.status_code, "You are off the list" in answer.text) == (200, True)
    entry = row(Suppression)
    assert (entry.address, entry.scope, entry.reason) == ("ada@guests.org", str(event_id), "unsubscribed")
    assert "Stop these mails" not in visitor.get(off).text
    with app.app_context():
        found = resolve.resolve(fresh(), Audience(event_id, (GuestStatus.CONFIRMED,), ()))
        assert (found.count, dict(found.excluded)) == (0, {"unsubscribed": 1})


def test_a_mail_service_posts_by_itself_f2(visitor: Client, off: str, count: Any) -> None:
    answer = visitor.post(off, data={"List-Unsubscribe": "One-Click"}, headers={"Accept": "*/*"})
    assert (answer.status_code, count(Suppression)) == (200, 1)


def test_a_link_that_was_changed_does_nothing_f2(visitor: Client, off: str, count: Any) -> None:
    forged = [
        off + "x",
        off[:-1],
        off.replace("-", "_", 1),
        "/unsubscribe/1-",
        "/unsubscribe/x",
        "/unsubscribe/999-abc",
    ]
    statuses = {(visitor.get(path).status_code, visitor.post(path).status_code) for path in forged}
    assert (statuses, count(Suppression)) == ({(403, 403)}, 0)


def test_the_link_of_a_preview_or_a_test_is_inert_e2(visitor: Client, off: str, count: Any) -> None:
    page = visitor.get("/unsubscribe/preview")
    press = visitor.post("/unsubscribe/preview", data={"List-Unsubscribe": "One-Click"})
    assert [(answer.status_code, "This link changes nothing" in answer.text) for answer in (page, press)] == [
        (200, True), (200, True),
    ]  # fmt: skip
    assert "<form" not in re.sub(r"(?s)<header.*?</header>", "", page.text)
    assert count(Suppression) == 0


def test_all_mail_from_this_organizer_is_one_press_more_f1(
    visitor: Client, off: str, event_id: int, rows: Callable[..., list[Any]]
) -> None:
    assert "Stop all mail" in visitor.get(off).text
    visitor.post(off)
    answer = visitor.post(off, data={"from": "everything"})
    assert "gets no more mail from" in answer.text
    assert [(entry.scope, entry.reason) for entry in rows(Suppression)] == [
        (str(event_id), "unsubscribed"), ("all", "unsubscribed"),
    ]  # fmt: skip


def test_the_way_back_asks_first_and_a_get_changes_nothing_f2(
    visitor: Client, off: str, rows: Callable[..., list[Any]]
) -> None:
    visitor.post(off)
    visitor.post(off, data={"from": "everything"})
    assert "Yes, mail me again" in visitor.get(f"{off}/return").text
    assert len(rows(Suppression)) == 2
    for _ in range(2):
        answer = visitor.post(f"{off}/return")
        assert (answer.status_code, "You are back on the list" in answer.text) == (200, True)
    assert rows(Suppression) == []
    assert [entry.action for entry in rows(AuditEntry) if entry.action.startswith("suppression.")] == [
        "suppression.unsubscribed", "suppression.unsubscribed", "suppression.taken_back",
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["hard_bounce", "manual", "import"])
def test_the_way_back_lifts_nothing_but_the_guests_own_wish_f1(
    visitor: Client, off: str, writing: Any, rows: Callable[..., list[Any]], reason: str
) -> None:
    visitor.post(off)
    with writing() as tx:
        tx.add(Suppression(address="ada@guests.org", scope="all", reason=reason, source="x", created_by=None,
                           created_at=seeding.acting().now))  # fmt: skip
    answer = visitor.post(f"{off}/return")
    assert [entry.reason for entry in rows(Suppression)] == [reason]
    assert ("You are off the list" in answer.text, "I want mail again" in answer.text) == (True, False)


def test_a_guest_who_is_not_off_the_list_is_asked_nothing_about_coming_back(visitor: Client, off: str) -> None:
    assert "Stop these mails" in visitor.get(f"{off}/return").text


@pytest.mark.parametrize(
    ("asked", "language"),
    [("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr", "fr"), ("es-MX", "es"), ("it,en;q=0.3", "en"), ("", "en"), ("xx", "en")],
)
def test_the_page_speaks_the_language_of_the_browser(visitor: Client, off: str, asked: str, language: str) -> None:
    answer = visitor.get(off, headers={"Accept-Language": asked})
    assert f'<html lang="{language}"' in answer.text
    assert WORDS[language]["stop"] in answer.text
    assert "Accept-Language" in answer.headers["Vary"]


def test_another_language_can_be_chosen_and_stays(visitor: Client, off: str) -> None:
    page = visitor.get(f"{off}?lang=de", headers={"Accept-Language": "fr"}).text
    assert re.findall(r'<form method="post" action="([^"]+)"', page) == [f"{off}?lang=de"] * 2
    assert "Sie sind abgemeldet" in visitor.post(f"{off}?lang=de", headers={"Accept-Language": "fr"}).text


def test_every_language_says_everything_with_the_same_values() -> None:
    def values(sentence: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", sentence))

    wanted = {name: values(sentence) for name, sentence in WORDS["en"].items()}
    said = {code: {name: values(words[name]) for name in words} for code, words in WORDS.items()}
    assert said == dict.fromkeys(LANGUAGES, wanted)


def test_an_awkward_event_and_organizer_are_text(visitor: Client, off: str, event_id: int, writing: Any) -> None:
    with writing() as tx:
        tx.get_one(Event, event_id).title = "<b>{0} {email}</b>"
    assert "&lt;b&gt;{0} {email}&lt;/b&gt;" in visitor.get(off).text


ADDED = (
    ".",
    ")",
    ",",
    ">",
    ";",
    "'",
    '"',
    "!",
    "…",
    "”",
    ").",
    ">,",
    " ",
    "%29",
    "%2E",
    "%253E",
    "&gt;",
    "&#41;",
    "\\",
)


@pytest.mark.parametrize("added", ADDED)
def test_a_link_with_what_a_mail_program_hung_on_it_opens_and_works(
    visitor: Client, off: str, count: Any, added: str
) -> None:
    page = visitor.get(off + added)
    assert (page.status_code, "Ada@guests.org" in page.text) == (200, True)
    assert f'action="{off}"' in page.text or off in page.text
    answer = visitor.post(off + added, data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, count(Suppression)) == (200, 1)
    assert visitor.get("/unsubscribe/preview" + added).status_code == 200


@pytest.mark.parametrize("added", ["x", ".x", "-", "_", "%41x", "=a", ").b"])
def test_what_a_token_is_made_of_is_never_taken_off_it(visitor: Client, off: str, count: Any, added: str) -> None:
    assert (visitor.get(off + added).status_code, visitor.post(off + added).status_code) == (403, 403)
    assert count(Suppression) == 0
