"""Calendar mails: their page with the event's links to calendars, and those links as JSON."""

from eventmail.errors import InvalidTimezone, MissingEventTime, NothingToDo
from eventmail.web.calendar import updates, views
from eventmail.web.calendar.schemas import BeginIn, BegunOut, LinksOut, OutdatedListOut, SilenceIn
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
        Op("GET calendar_updates.listing", "Guests who have the event otherwise in a mail than it is now.",
            {200: OutdatedListOut}),
        Op("POST calendar_updates.begin", "Write a draft to one such group. It leaves only while what it tells holds.",
            {201: BegunOut}, BeginIn, {"told": "5f0c"}, refusals=(NothingToDo,)),
        Op("POST calendar_updates.be_quiet", "Tell nobody of the change, or take that back.", {200: OutdatedListOut},
            SilenceIn, {"quiet": True}),
    ),
})  # fmt: skip
