"""The draft that a composer is about: read from its form, saved, and what its page says of it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from typing import Any

from eventmail import ids
from eventmail.content.differences import Piece, by_words
from eventmail.db import fresh
from eventmail.db.paging import Page, paginate
from eventmail.domain.mailings import contents, draft_rows, drafts, query
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Saved, Shown, Written
from eventmail.errors import AlreadySent, DomainError, NotFound, PastEditWindow, StaleRevision
from eventmail.web.composer.form import ComposerForm
from eventmail.web.core import access

NAMED = 5  # so many drafts stand on the composer's page


@dataclass(frozen=True)
class OnPage:
    """What the page keeps of its draft: `id` is empty while there is none; `shown` as it stands now."""

    id: str
    revision: int
    page: str
    shown: Shown | None = None


@dataclass(frozen=True)
class Theirs:
    """What stands in the way of a save: each part of the text that differs, and who was picked, if that differs."""

    parts: Sequence[tuple[str, Sequence[Piece]]]
    audience: Mapping[str, list[str]] | None
    sent: int | None


def fields(before: DraftVersion) -> dict[str, Any]:
    """What of it goes along in an address."""
    if before == DraftVersion():
        return {}
    return {"draft": before.mailing_id, "revision": before.revision, "page_mark": before.page or None}


def on_page(event_id: int, form: ComposerForm) -> OnPage:
    """What to lay under the form."""
    found, before = form.shown, form.before
    page = before.page or ids.token(16)
    if found is not None:
        return OnPage(str(found.id), found.revision, page, found)
    if before.mailing_id is None:
        return OnPage("", 0, page)
    return OnPage(str(before.mailing_id), before.revision, page, _now(event_id, before.mailing_id))


def changes(event_id: int, form: ComposerForm) -> Sequence[Piece]:
    """What guests read otherwise than when the text on the page was saved; nothing once it was changed since."""
    text = written(form).text
    if form.dialect is not None:
        return contents.changes_of_reading(event_id, text, form.dialect)
    shown = on_page(event_id, form).shown
    return contents.changes_of_reading(event_id, text, shown.dialect) if shown and shown.text == text else ()


def listed(event_id: int) -> Page[Shown]:
    """The drafts that the composer's page names."""
    return paginate(drafts.newest_first(event_id), page=1, size=NAMED, row=drafts.shown)


def written(form: ComposerForm) -> Written:
    """What is on a page, line ends as every browser and program may have them."""
    return Written(Text(*(part.replace("\r\n", "\n") for part in astuple(form.text))), form.audience)


def save(event_id: int, form: ComposerForm) -> Saved | None:
    """Save what is on the page, if anything is. Raises StaleRevision, also when it was deleted, and PastEditWindow."""
    try:
        return drafts.save(event_id, form.before, written(form), access.acting())
    except NotFound:
        raise StaleRevision(conflict="gone") from None


def keep(event_id: int, form: ComposerForm) -> ComposerForm:
    """Save a draft before it is looked at for the last time, so that what is sent is what everybody sees."""
    mailing_id = draft_rows.id_of(fresh(), event_id, form.before, access.acting())
    if mailing_id is None:
        return form
    try:
        saved = save(event_id, form)
    except PastEditWindow:
        if same(event_id, mailing_id, form):
            return form  # the review of what was sent, reloaded: its key leads to the tracker (S1)
        raise
    return form if saved is None else replace(form, shown=_now(event_id, saved.mailing_id))


def same(event_id: int, mailing_id: int, form: ComposerForm) -> bool:
    """Whether what is on the page is what was sent."""
    return _text_of(event_id, mailing_id) == written(form).text


def another_sent(event_id: int, form: ComposerForm) -> DomainError:
    """The refusal of a page that has sent another text already: in this window, or in one beside it."""
    by = access.acting()
    before = draft_rows.id_of(fresh(), event_id, form.before, by)
    with suppress(NotFound):
        if before is not None and drafts.find(event_id, before) is None:
            return draft_rows.sent(fresh(), before, by, AlreadySent, "What you changed since was not sent.")
    return AlreadySent("Another text was sent from this page. This one was not: look at it once more, then send it.")


def theirs(event_id: int, form: ComposerForm) -> Theirs | None:
    """What others made of the draft meanwhile, beside what is on the page; None when it is gone."""
    mailing_id = draft_rows.id_of(fresh(), event_id, form.before, access.acting())
    if mailing_id is None:
        return None
    try:
        text = _text_of(event_id, mailing_id)
    except NotFound:
        return None
    mine, shown = written(form), _now(event_id, mailing_id)
    parts = [
        (label, by_words(getattr(mine.text, name), getattr(text, name).replace("\r\n", "\n")))
        for label, name in (("Subject", "subject"), ("Preview text", "preheader"), ("Message", "body"))
        if getattr(mine.text, name) != getattr(text, name).replace("\r\n", "\n")
    ]
    other = shown is not None and _picked(shown.audience) != _picked(mine.audience)
    return Theirs(parts, shown.audience if shown and other else None, None if shown else mailing_id)


def is_draft(event_id: int, mailing_id: int) -> bool:
    """Whether this is a message that was not sent yet."""
    return _now(event_id, mailing_id) is not None


def _now(event_id: int, mailing_id: int) -> Shown | None:
    try:
        return drafts.find(event_id, mailing_id)
    except NotFound:
        return None


def _text_of(event_id: int, mailing_id: int) -> Text:
    if shown := drafts.find(event_id, mailing_id):
        return shown.text
    content = query.content(query.find(event_id, mailing_id))
    return Text(*(part.replace("\r\n", "\n") for part in (content.subject, content.preheader, content.body)))


def _picked(audience: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {part: sorted(listed) for part, listed in audience.items() if listed}
