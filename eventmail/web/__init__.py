"""HTTP: parse, call one command, answer. Knows htmx only in `respond` and `problems`."""

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from eventmail import ids, signing


class RowId(BaseConverter):
    """`<id:event_id>`: an opaque public id; what can't be one is simply not found."""

    regex = r"[^/]{1,40}"

    def to_python(self, value: str) -> int:
        found = ids.row_id(value)
        if found is None:
            raise NotFound  # a ValidationError would become 405 where another method has a rule of its own
        return found

    def to_url(self, value: int | str) -> str:
        return str(value)


class LinkToken(BaseConverter):
    """The token of a link in a mail, without what the mail program hung on its end."""

    def to_python(self, value: str) -> str:
        return signing.bare(value)


class Tail(BaseConverter):
    """What a mail program hung on the end of an address."""

    regex = signing.FOREIGN


def register(app: Flask) -> None:
    """Mount every page of the application."""
    from eventmail.web import (  # noqa: PLC0415  blueprints need the converter above
        access,
        account,
        api_page,
        audit,
        compress,
        context,
        drafts,
        erasure,
        event_life,
        events,
        former,
        guest_bulk,
        guest_history,
        guest_paste,
        guests,
        health,
        home,
        imports,
        mailings,
        me,
        messaging,
        outbox,
        people,
        preview,
        problems,
        public,
        receipts,
        runs,
        segments,
        sending,
        suppressions,
        test_sends,
        unsubscribe,
        webhooks,
        why,
    )

    app.url_map.converters |= {"id": RowId, "link": LinkToken, "tail": Tail}
    access.register(app)
    problems.register(app)
    compress.register(app)
    context.register(app)
    app.extensions["write_check"] = health.WriteCheck()
    modules = (
        public, api_page, unsubscribe, account, me, people, home, events, event_life, audit, why,
        guest_bulk, guest_history, guest_paste, guests, erasure, former, imports, segments, drafts, messaging, preview,
        mailings, receipts, runs, test_sends, sending, outbox, suppressions, webhooks,
    )  # fmt: skip
    for module in modules:
        app.register_blueprint(module.bp)
