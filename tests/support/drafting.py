"""Drafts written, saved, looked at and sent, in a line each."""

from typing import Any

from sqlalchemy import select

from eventmail.db import fresh
from eventmail.domain.mailings import drafts
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Saved, Written
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.models import DraftText
from eventmail.records import Acting

HERE = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
PAGE = "page-of-oscar"


def written(body: str = "Hi {guest.firstName}", **audience: list[str]) -> Written:
    return Written(Text("Hello", "", body), audience)


ODD = Written(Text("", "", "{guest.nickname} <b>שלום " + "Ab" * 150), {"segments": ["999"], "statuses": []})


def save(event_id: int, seen: DraftVersion, what: Written, by: Acting) -> Saved:
    saved = drafts.save(event_id, seen, what, by)
    assert saved is not None
    return saved


def held(mailing_id: int) -> tuple[int, str]:
    row = fresh().execute(select(DraftText.revision, DraftText.body).where(DraftText.mailing_id == mailing_id)).one()
    return row.revision, row.body


def send(
    event_id: int, seen: DraftVersion | None, by: Acting, *, key: str = "k", body: str = "Hi {guest.firstName}"
) -> Any:
    message = Message(Text("Hello", "", body), {"statuses": ["confirmed"]})
    return mailing_send.send(event_id, message, key=key, terms=HERE, by=by, draft=seen)
