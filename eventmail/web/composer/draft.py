"""The draft of a composer: reads it from the form, saves it, and tells the page about it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from typing import Any

from flask import g, url_for

from eventmail import ids
from eventmail.content.differences import Piece, by_words
from eventmail.db import fresh
from eventmail.db.paging import Page, paginate
from eventmail.domain.designs import edit as designs
from eventmail.domain.mailings import contents, draft_rows, drafts, origin, query
from eventmail.domain.mailings.origin import BasedOn, Origin
from eventmail.errors import AlreadySent, DomainError, NotFound, PastEditWindow, StaleRevision
from eventmail.web.composer.form import ComposerForm
from eventmail.web.core import access

NAMED = 5  # drafts on the composer's page


@dataclass(frozen=True)
class OnPage:
    """The draft as its page keeps it. `id` is "" while there is none; `shown` is the draft as it is saved now.

    `url` is the address where it is open as it is saved now.
    """

    id: str
    revision: int
    page: str
    shown: drafts.Shown | designs.Shown | None = None
    url: str = ""


@dataclass(frozen=True)
class Theirs:
    """The changes of others that prevent a save: the parts of the text that differ, and the audience if it differs."""

    parts: Sequence[tuple[str, Sequence[Piece]]]
    audience: Mapping[str, list[str]] | None
    sent: int | None  # the id of the message, if the draft was sent meanwhile


def fields(before: draft_rows.DraftVersion) -> dict[str, Any]:
    """The arguments of an address that name this version."""
    named = {"draft": before.mailing_id, "revision": before.revision, "page_mark": before.page or None}
    return {} if before == draft_rows.DraftVersion() else named


def on_page(event_id: int, form: ComposerForm) -> OnPage:
    """The draft under the form."""
    found, before = form.shown, form.before
    page = before.page or ids.token(16)
    if found is not None:
        return OnPage(str(found.id), found.revision, page, found, _url(event_id, found.id))
    if (mailing_id := before.mailing_id) is None:
        return OnPage("", 0, page)
    return OnPage(str(mailing_id), before.revision, page, _now(event_id, mailing_id), _url(event_id, mailing_id))


def _url(event_id: int, mailing_id: int) -> str:
    return url_for(g.composer.urls.watch, event_id=event_id, mailing_id=mailing_id)


def changes(event_id: int, form: ComposerForm) -> Sequence[Piece]:
    """The pieces that guests read otherwise than when this text was saved; none for a text that was changed since."""
    text = written(form).text
    if form.dialect is not None:
        return contents.changes_of_reading(event_id, text, form.dialect)
    shown = on_page(event_id, form).shown
    return contents.changes_of_reading(event_id, text, shown.dialect) if shown and shown.text == text else ()


def based_on(event_id: int, form: ComposerForm) -> BasedOn | None:
    """The design that the text on the page is based on."""
    return origin.based_on(origin_of(event_id, form), form.text)


def origin_of(event_id: int, form: ComposerForm) -> Origin | None:
    """Where the text on the page came from: as of its draft, or of the message that it changes or is written after."""
    if form.editing:
        return origin.of(query.find(event_id, form.editing))
    shown = on_page(event_id, form).shown
    return shown.origin if isinstance(shown, drafts.Shown) and shown.origin else form.origin


def about(event_id: int, form: ComposerForm) -> Mapping[str, str] | None:
    """What the event must still be when the message on the page leaves (K3a)."""
    if form.editing:
        return query.find(event_id, form.editing).about
    shown = on_page(event_id, form).shown
    return shown.about if isinstance(shown, drafts.Shown) else None


def listed(event_id: int) -> Page[drafts.Shown]:
    """The drafts on the composer's page."""
    return paginate(drafts.newest_first(event_id), page=1, size=NAMED, row=drafts.shown)


def written(form: ComposerForm) -> drafts.Written:
    """The text, the audience and the time on the page."""
    return drafts.Written(form.text.in_lf, form.audience, form.plan, form.origin, kind=form.kind)


def save(event_id: int, form: ComposerForm) -> drafts.Saved | None:
    """Save the page unless it is empty. Raises StaleRevision, for a deleted draft too, and PastEditWindow."""
    try:
        return drafts.save(event_id, form.before, _with_time(event_id, form), access.acting())
    except NotFound:
        raise StaleRevision(conflict="gone") from None


def _with_time(event_id: int, form: ComposerForm) -> drafts.Written:
    """`written`; a page without a picker leaves the time of its draft as it is."""
    if form.time is not None:
        return written(form)
    by = access.acting()
    mailing_id = draft_rows.id_of(fresh(), event_id, form.before, by)
    shown = _now(event_id, mailing_id) if mailing_id else None
    return replace(written(form), plan=shown.plan if shown else None)


def keep(event_id: int, form: ComposerForm) -> ComposerForm:
    """Save a draft before its review, so that everybody sees the text that is sent."""
    mailing_id = draft_rows.id_of(fresh(), event_id, form.before, access.acting())
    if mailing_id is None:
        return form
    try:
        saved = save(event_id, form)
    except PastEditWindow:
        if same(event_id, mailing_id, form):
            return form  # the review of a message that was sent, reloaded: its key leads to the tracker (S1)
        raise
    return form if saved is None else replace(form, shown=_now(event_id, saved.mailing_id))


def same(event_id: int, mailing_id: int, form: ComposerForm) -> bool:
    """Whether the text on the page is the text that was sent."""
    return _text_of(event_id, mailing_id) == written(form).text


def another_sent(event_id: int, form: ComposerForm) -> DomainError:
    """The refusal for a page that has sent another text already, in this window or in another one."""
    by = access.acting()
    before = draft_rows.id_of(fresh(), event_id, form.before, by)
    with suppress(NotFound):
        if before is not None and drafts.find(event_id, before) is None:
            return draft_rows.sent(fresh(), before, by, AlreadySent, "What you changed since was not sent.")
    return AlreadySent("Another text was sent from this page. This one was not: look at it once more, then send it.")


def theirs(event_id: int, form: ComposerForm) -> Theirs | None:
    """The changes of others to the draft, compared with the page; None when the draft is gone."""
    mailing_id = draft_rows.id_of(fresh(), event_id, form.before, access.acting())
    if mailing_id is None:
        return None
    try:
        text = _text_of(event_id, mailing_id).in_lf
    except NotFound:
        return None
    mine, shown = written(form), _now(event_id, mailing_id)
    labelled = zip(("Subject", "Preview text", "Message"), astuple(mine.text), astuple(text), strict=True)
    parts = [(label, by_words(here, there)) for label, here, there in labelled if here != there]
    other = shown is not None and _picked(shown.audience) != _picked(mine.audience)
    return Theirs(parts, shown.audience if shown and other else None, None if shown else mailing_id)


def is_draft(event_id: int, mailing_id: int) -> bool:
    """Whether this message was not sent yet."""
    return _now(event_id, mailing_id) is not None


def _now(event_id: int, mailing_id: int) -> drafts.Shown | None:
    try:
        return drafts.find(event_id, mailing_id)
    except NotFound:
        return None


def _text_of(event_id: int, mailing_id: int) -> contents.Text:
    if shown := drafts.find(event_id, mailing_id):
        return shown.text
    content = query.content(query.find(event_id, mailing_id))
    return contents.Text(content.subject, content.preheader, content.body).in_lf


def _picked(audience: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {part: sorted(listed) for part, listed in audience.items() if listed}
