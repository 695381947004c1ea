"""Texts written before the dialect: what was sent stays, and a draft says what changes when it is opened (C5)."""

import html
import re
from typing import Any

import pytest
from sqlalchemy import update

from eventmail.content import markdown
from eventmail.content.compile import compile_content
from eventmail.content.compiled import Compiled
from eventmail.content.personalise import render
from eventmail.content.tokens import FIELDS
from eventmail.models import Content, DraftText

BODY = "17. Juni 2027\n5. Mai 2027\n\nViele Grüße\nAnna"
SAID = 'data-test="guest-message-reads-otherwise"'


@pytest.fixture
def draft_url(client: Any, event_id: int, writing: Any) -> str:
    """The address of a draft that was saved before."""
    form = {"subject": "S", "preheader": "P", "body": BODY, "page_mark": "p" * 16}
    client.submit(f"/admin/events/{event_id}/messages/drafts", form)
    with writing() as tx:
        mailing_id = tx.execute(update(DraftText).values(dialect=1).returning(DraftText.mailing_id)).scalar_one()
    return f"/admin/events/{event_id}/messages/{mailing_id}"


def test_C5_an_older_draft_says_what_is_read_otherwise_when_it_is_opened(client: Any, draft_url: str) -> None:
    page = client.get(draft_url).text
    said = html.unescape(page.partition(SAID)[2].partition("</li>")[0])
    assert "This text is older than the way numbers, line breaks and stars are read now. It reads otherwise." in said
    said = said.partition('class="source"')[2]
    assert (re.findall("<del>(.*?)</del>", said, re.DOTALL), re.findall("<ins>(.*?)</ins>", said, re.DOTALL)) == (
        ["18.", " "], ["5.", "↵\n"],
    )  # fmt: skip


def test_C5_it_says_so_no_more_once_the_text_was_saved_again(
    client: Any, draft_url: str, event_id: int, row: Any
) -> None:
    held = row(DraftText)
    form = {
        "subject": "S", "preheader": "P", "body": f"{BODY}!", "draft": str(held.mailing_id),
        "revision": str(held.revision), "page_mark": "p" * 16,
    }  # fmt: skip
    client.submit(f"/admin/events/{event_id}/messages/drafts", form)
    assert (row(DraftText).dialect, SAID in client.get(draft_url).text) == (markdown.DIALECT, False)


def test_C5_a_draft_of_today_says_nothing(client: Any, event_id: int, row: Any) -> None:
    client.submit(f"/admin/events/{event_id}/messages/drafts", {"subject": "S", "body": BODY, "page_mark": "p" * 16})
    page = client.get(f"/admin/events/{event_id}/messages/{row(DraftText).mailing_id}").text
    assert (row(DraftText).dialect, SAID in page) == (markdown.DIALECT, False)


def test_C5_what_was_compiled_before_is_sent_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled form that a sent or queued message keeps gives the same mail, whatever the dialect is now."""
    with monkeypatch.context() as patch:
        patch.setattr(markdown, "_MD", markdown._FORMER)
        before = compile_content("S", "", BODY, fields=FIELDS)
    kept = Compiled.load(before.dump())
    assert render(kept, {}, FIELDS) == render(before, {}, FIELDS)
    assert render(kept, {}, FIELDS).html != render(compile_content("S", "", BODY, fields=FIELDS), {}, FIELDS).html


def test_C5_a_text_is_kept_with_its_dialect(client: Any, event_id: int, rows: Any) -> None:
    client.submit(f"/admin/events/{event_id}/messages/preview", {"subject": "S", "body": BODY})
    assert [content.dialect for content in rows(Content)] == [markdown.DIALECT]
