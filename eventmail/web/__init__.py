"""HTTP: parse, call one command, answer. Only `respond` and `problems` know htmx."""

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from eventmail import ids, signing


class RowId(BaseConverter):
    """`<id:event_id>`: an opaque public id. A text that can't be one is not found."""

    regex = r"[^/]{1,40}"

    def to_python(self, value: str) -> int:
        found = ids.row_id(value)
        if found is None:
            raise NotFound  # a ValidationError would become 405 where another method has a rule of its own
        return found

    def to_url(self, value: int | str) -> str:
        return str(value)


class LinkToken(BaseConverter):
    """The token of a link in a mail, without the characters that a mail program hung on its end."""

    def to_python(self, value: str) -> str:
        return signing.bare(value)


def register(app: Flask) -> None:
    """Mount every page of the application."""
    from eventmail.web.areas import AREAS  # noqa: PLC0415  blueprints need the converters above
    from eventmail.web.core import access, compress, context, problems  # noqa: PLC0415
    from eventmail.web.public import health  # noqa: PLC0415

    app.url_map.converters |= {"id": RowId, "link": LinkToken}
    for part in (access, problems, compress, context):
        part.register(app)
    app.extensions["write_check"] = health.WriteCheck()
    app.extensions["areas"] = AREAS
    for area in AREAS:
        for blueprint in area.blueprints:
            app.register_blueprint(blueprint)
