"""What guests open from a mail: the event's calendar file, and the page that offers it to every calendar (K3).

Neither holds anything about a guest, sets a cookie or notes who opened it. Both are made once and remembered until
somebody changes the database.
"""

import hashlib

from flask import Blueprint, Response, make_response, render_template, request

from eventmail import wall_time
from eventmail.content import calendar_links, calendar_words, ics
from eventmail.content.pieces import CALENDAR_NAMES
from eventmail.db import fresh, remembered
from eventmail.domain.events import calendar_address
from eventmail.domain.events.calendar_address import CalendarAddresses, Opened
from eventmail.domain.mailings import merge_values
from eventmail.domain.people import throttle
from eventmail.errors import BadSignature, NotFound
from eventmail.models import Event, User
from eventmail.web.core import access
from eventmail.web.core.access import open_to_everyone
from eventmail.web.core.context import settings

bp = Blueprint("calendar_address", __name__)
_POLICY = access.HEADERS["Content-Security-Policy"].replace("script-src 'self'", "script-src 'none'")


# Slashes are not merged: a redirect would answer an address that nobody signed.
@bp.get("/calendar/<_address>", merge_slashes=False)
@open_to_everyone
def answer(_address: str) -> Response:
    """The file or the page of a signed address. A changed one is 403, a missing event 404, a replaced one 410.

    Too many wrong addresses from one network are 429. A right address always passes, since many share a network.
    """
    try:
        opened = calendar_address.opened(request.environ["RAW_URI"], settings().secret)
    except (BadSignature, NotFound):
        throttle.note({throttle.CALENDAR: access.network()}, access.acting())
        raise
    shown = _file(opened) if opened.is_file else _page(opened)
    shown.headers["X-Robots-Tag"] = "noindex, nofollow"
    return shown


def _file(opened: Opened) -> Response:
    """A calendar file, or 304 for who has these very bytes. There is no Last-Modified: the sender's name may change."""
    data, tag = remembered(fresh(), ("calendar file", opened.event_id), lambda: _written(opened.event_id))
    answer = make_response(data)
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["Content-Disposition"] = 'attachment; filename="event.ics"'
    answer.headers["Cache-Control"] = "private, no-cache"  # kept, but asked about each time
    answer.set_etag(tag)
    answer.make_conditional(request)
    return answer


def _written(event_id: int) -> tuple[bytes, str]:
    """The file and its tag."""
    event = _timed(event_id)
    name, email = merge_values.sender(event, fresh().get(User, event.created_by) if event.created_by else None)
    data = ics.event_file(merge_values.calendar_facts(event), name, email or settings().sender)
    return data, hashlib.sha256(data).hexdigest()[:32]


def _page(opened: Opened) -> Response:
    """All ways into a calendar, one on a line; without scripts, and alike for who is signed in."""
    here = settings()
    own = CalendarAddresses(here.public_url, here.secret, opened.event_id, opened.event_secret)
    page = remembered(fresh(), ("calendar page", opened.event_id), lambda: _drawn(opened.event_id, own.file()))
    path, of_guest = (file.removeprefix(here.public_url) for file in (own.file(), own.file(opened.guest_id)))
    answer = make_response(page.replace(path, of_guest))
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _drawn(event_id: int, file: str) -> str:
    """The page of an event whose calendar file has this address."""
    event = _timed(event_id)
    facts = merge_values.calendar_facts(event)
    links = calendar_links.calendar_values(calendar_links.links(facts, file))
    return render_template(
        "public/add_to_calendar.html", me=None, nav=(), event=None, copied=False, outbox_url=None,
        words=merge_values.event_words(event), cancelled=facts.cancelled, assumed=calendar_words.assumed_end(facts),
        links=[(name.removeprefix("calendar."), words, links[name]) for name, words in CALENDAR_NAMES.items()],
        subscription=f"webcal:{file.partition(':')[2]}",
    )  # fmt: skip


def _timed(event_id: int) -> Event:
    """The event. Raises NotFound while it has no time that a calendar could take."""
    event = fresh().get_one(Event, event_id)
    if event.starts_wall is None or event.timezone not in wall_time.TIMEZONES:
        raise NotFound("The time of this event is not set yet. Try again later.")
    return event
