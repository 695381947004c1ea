"""Calendar mails: their page with the event's links to calendars, and those links as JSON."""

from eventmail.errors import InvalidTimezone, MissingEventTime
from eventmail.web.calendar import updates, views
from eventmail.web.calendar.schemas import LinksOut
from eventmail.web.core.area import Area, Section, Tab
from eventmail.web.core.area import Operation as Op
from eventmail.web.messaging.schemas import DraftOut
from eventmail.web.tracker.schemas import MailingOut

AREA = Area((views.bp, updates.bp),
    of_messages=(Tab("Calendar", "calendar.compose"),), operations={
    Section.MESSAGES: (
        Op("GET calendar.compose", "The links that put the event into a calendar; `ics` is the event's own file.",
            {200: LinksOut}, refusals=(MissingEventTime, InvalidTimezone)),
        Op("GET calendar.watch", "One calendar mail, or a draft of one.", {200: MailingOut | DraftOut}),
    ),
})  # fmt: skip
