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
    from eventmail.web.account import me, sign_in
    from eventmail.web.api import page
    from eventmail.web.audit import views
    from eventmail.web.composer import preview
    from eventmail.web.core import access, compress, context, problems
    from eventmail.web.events import lifecycle
    from eventmail.web.events import views as event_views
    from eventmail.web.guests import address_erasure, bulk, erasure, history, imports, paste
    from eventmail.web.guests import views as guest_views
    from eventmail.web.mailings import control, receipt, why
    from eventmail.web.mailings import views as mailing_views
    from eventmail.web.messaging import drafts, test_sends
    from eventmail.web.messaging import views as messaging_views
    from eventmail.web.outbox import views as outbox_views
    from eventmail.web.people import views as people_views
    from eventmail.web.public import calendar, health, unsubscribe, webhooks
    from eventmail.web.segments import views as segment_views
    from eventmail.web.settings import live_lock, sending
    from eventmail.web.suppressions import views as suppression_views

    app.url_map.converters |= {"id": RowId, "link": LinkToken, "tail": Tail}
    access.register(app)
    problems.register(app)
    compress.register(app)
    context.register(app)
    app.extensions["write_check"] = health.WriteCheck()
    modules = (
        calendar, page, unsubscribe, sign_in, me, people_views, live_lock, event_views, lifecycle, views, why,
        bulk, history, paste, guest_views, erasure, address_erasure, imports, segment_views, drafts, messaging_views, preview,
        mailing_views, receipt, control, test_sends, sending, outbox_views, suppression_views, webhooks,
    )  # fmt: skip
    for module in modules:
        app.register_blueprint(module.bp)
