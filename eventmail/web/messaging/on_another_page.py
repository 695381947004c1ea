"""The views behind a composer's fragments, below the addresses of another page with a composer."""

from flask import Blueprint

from eventmail.web.composer.page import Composer
from eventmail.web.messaging import drafts, preview, test_sends, views

GET, POST = ("GET",), ("POST",)
VIEWS = (
    ("/preview", "preview", views.preview, POST),
    ("/previews/<id:content_id>", "mail", views.mail, GET),
    ("/exclusions", "exclusions", views.exclusions, GET + POST),
    ("/editor", "editor", preview.editor, POST),
    ("/fields", "fields", preview.fields, POST),
    ("/fallbacks", "fallbacks", preview.fallbacks, GET + POST),
    ("/dead-links", "dead_links", preview.dead, GET + POST),
    ("/drafts", "save", drafts.save, POST),
    ("/drafts/copies", "copy", drafts.copy, POST),
    ("/test-sends", "test", test_sends.create, POST),
    ("/test-sends/<id:mailing_id>", "tested", test_sends.watch, GET),
)


def serve(composer: Composer, blueprint: Blueprint) -> None:
    """Serve them for `composer` below the addresses of `blueprint`, under the names that `Urls.of` expects."""
    composer.serves(blueprint)
    for rule, name, view, methods in VIEWS:
        blueprint.add_url_rule(rule, name, view, methods=methods)
