"""The page “New message”: its composer, and the form of a request to it."""

from flask import g, request

from eventmail.errors import InvalidInput
from eventmail.ids import row_id
from eventmail.web.composer import form as composer_form
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.page import Composer, Prefix, Urls
from eventmail.web.core import intake

COMPOSER = Composer(
    Prefix.MESSAGE,
    Urls(
        preview="messaging.preview",
        mail="messaging.mail",
        review="messaging.review",
        send="messaging.send",
        save="drafts.save",
        copy="drafts.copy",
        watch="messaging.watch",
        fields="preview.fields",
        fallbacks="preview.fallbacks",
        dead_links="preview.dead",
        exclusions="messaging.exclusions",
        test="test_sends.create",
        tested="test_sends.watch",
    ),
    "messages/compose.html",
)


def typed() -> ComposerForm:
    """The composer's form as it was typed; on a first visit empty, or the message that `again` names (S7)."""
    given = request.form if request.method == "POST" else request.args
    form = composer_form.parse(given, composer_form.version(request.values), _key())
    if request.method == "GET" and (again := row_id(request.args.get("again", ""))):
        return composer_form.again(form, g.event.id, again, g.user.email)
    return form


def _key() -> str | None:
    try:
        return intake.idempotency_key()
    except InvalidInput:
        return None  # the page that shows the refusal gets a new key
