"""The outbox of an event in practice mode: every mail that stayed on this box, to be read as guests would read it."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, request

from eventmail import outbox
from eventmail.db.paging import Page, cut
from eventmail.domain.events import calendar_address
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.terms import inert_unsubscribe_url
from eventmail.errors import NotFound
from eventmail.web.composer import mail_frames
from eventmail.web.composer.fragments import terms
from eventmail.web.core import intake
from eventmail.web.core.context import settings
from eventmail.web.core.respond import respond

bp = Blueprint("outbox", __name__, url_prefix="/admin/events/<id:event_id>/outbox")

_FOLD = re.compile(r"\r?\n(?=[ \t])")
PARTS = ("html", "text", "headers", "source")


@bp.get("")
def listing(event_id: int) -> Response:
    page = cut(outbox.of_event(settings().outbox, event_id), **intake.paging())
    mails = Page(outbox.summaries(page.items), page.number, page.size, page.total)
    return respond(page="outbox/list.html", mails=mails)


@bp.get("/<name>")
def read(event_id: int, name: str) -> Response:
    mail = outbox.find(settings().outbox, event_id, name)
    message = _parsed(mail.path)
    parts = PARTS if message.get_body(("html",)) else PARTS[1:]  # a mail to a colleague is plain text
    part = request.args.get("part", "")
    return respond(
        page="outbox/mail.html",
        name=name,
        summary=outbox.summaries([mail])[0],
        part=part if part in parts else parts[0],
        parts=parts,
        text=_inert(_body(message, "plain") or "", message),
        pictures=mail_frames.pictures_of(_body(message, "html") or ""),
        are_shown=mail_frames.are_asked_for(request.args),
        headers=_headers(mail.path),
        source=mail.path.read_bytes().decode("utf-8", "replace"),
    )


@bp.get("/<name>/html")
def html(event_id: int, name: str) -> Any:
    """The HTML part alone, for a frame with the policy of mail previews."""
    message = _parsed(outbox.find(settings().outbox, event_id, name).path)
    if (body := _body(message, "html")) is None:
        raise NotFound
    return mail_frames.answer(_inert(body, message), request.args)


def _parsed(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def _headers(path: Path) -> list[tuple[str, str]]:
    """Every header as a mail program reads it.

    `policy.default` keeps the blank between two encoded words of a name; RFC 2047 6.2 drops it.
    """
    raw = message_from_bytes(path.read_bytes()).items()
    return [(name, str(make_header(decode_header(_FOLD.sub("", str(value)))))) for name, value in raw]


def _inert(body: str, message: EmailMessage) -> str:
    """The body with an unsubscribe link that changes nothing, and the event's own calendar links (E2).

    The reader here is not the guest.
    """
    here = terms()
    real = str(message["List-Unsubscribe"] or "").partition("<")[2].partition(">")[0]
    body = body.replace(real, inert_unsubscribe_url(here)) if real else body
    return calendar_address.without_guest(body, CalendarAddresses.of(g.event, here))


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return part.get_content() if part else None
