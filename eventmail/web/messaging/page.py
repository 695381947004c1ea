"""The page “New message”; and, for each page with a composer, its form and its answer."""

from dataclasses import replace
from typing import Any

from flask import Response, g, request

from eventmail.domain.mailings import origin, query
from eventmail.errors import InvalidInput
from eventmail.ids import row_id
from eventmail.states import GuestStatus
from eventmail.web.composer import form as composer_form
from eventmail.web.composer import fragments
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.page import Composer, Prefix, Urls
from eventmail.web.core import intake
from eventmail.web.core.respond import respond

COMPOSER = Composer(
    Prefix.MESSAGE,
    Urls(
        compose="messaging.compose",
        preview="messaging.preview",
        mail="messaging.mail",
        review="messaging.review",
        send="messaging.send",
        save="drafts.save",
        copy="drafts.copy",
        watch="messaging.watch",
        editor="preview.editor",
        fields="preview.fields",
        fallbacks="preview.fallbacks",
        dead_links="preview.dead",
        exclusions="messaging.exclusions",
        test="test_sends.create",
        tested="test_sends.watch",
    ),
    "messages/compose.html",
)


def context(form: ComposerForm) -> dict[str, Any]:
    """Everything that the page of this request's composer shows with `form`."""
    composer: Composer = g.composer
    return {**composer.context(), **fragments.page(composer, g.event, form)}


def answer(form: ComposerForm, *, fragment: str | None = None, **more: Any) -> Response:
    """The page of this request's composer with `form` and `more`, or for htmx its `fragment`."""
    return respond(page=g.composer.page, fragment=fragment, **context(form) | more)


def typed() -> ComposerForm:
    """The composer's form as it was typed; on a first visit empty, or the message that `again` names (S7)."""
    given = request.form if request.method == "POST" else request.args
    timezone = g.event.timezone if g.composer.timed else None
    form = composer_form.parse(given, composer_form.version(request.values), _key(), kind=g.composer.kind,
                               timezone=timezone)  # fmt: skip
    if not g.composer.addressed:
        form = replace(form, audience={name: [] for name in composer_form.LISTS} | {"statuses": list(GuestStatus)})
    if request.method == "GET" and (again := row_id(request.args.get("again", ""))):
        return composer_form.again(form, g.event.id, again, g.user.email)
    if again := row_id(request.form.get("again", "")):
        return replace(form, again=again, origin=origin.standing(origin.of(query.find(g.event.id, again))))
    return form


def _key() -> str | None:
    try:
        return intake.idempotency_key()
    except InvalidInput:
        return None  # the page that shows the refusal gets a new key
