"""Events: their overview, settings, and how they end."""

from eventmail.errors import AmbiguousTime, InvalidTimezone, MessagesWaiting, NonexistentTime, NothingToDo, RoleTooLow
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import NOTHING, PAGING, Area, Entry, Q, Query, Refusals, Section
from eventmail.web.core.area import Operation as Op
from eventmail.web.events import lifecycle, views
from eventmail.web.events.schemas import ArchiveIn, CalendarLinksIn, DefaultsIn, EventIn, EventOut, ShareIn

TIMES: Refusals = (InvalidTimezone, NonexistentTime, AmbiguousTime)
GALA = {"title": "Summer Gala", "timezone": "Europe/Berlin", "starts_at": "2027-06-19T18:00"}

AREA = Area((views.bp, lifecycle.bp),
    of_event=(Entry("Overview", "house", "events.overview", exact=True),
              Entry("Settings", "settings", "events.settings", last=True)),
    of_site=(Entry("Events", "calendar", "events.listing"),), operations={
    Section.EVENTS: (
        Op("GET events.listing", "Your events, the newest first.", {200: Listed[EventOut]},
            query=(Query("state", "Those in use, put away, or all.", ("current", "archived", "all")), Q, *PAGING)),
        Op("POST events.create", "Make an event.", {201: EventOut}, EventIn, GALA, refusals=TIMES),
        Op("GET events.overview", "One event.", {200: EventOut}),
        Op("PATCH events.patch", "Change an event; null clears.", {200: EventOut}, EventIn,
            {"location": "Old Town Hall"}, refusals=TIMES),
        Op("POST events.copy", "A new event like this one, without its guests.", {201: EventOut}, EventIn, GALA,
            refusals=TIMES),
        Op("POST event_life.set_defaults", "What guests without a value in an imported column read.",
            {200: EventOut}, DefaultsIn, {"defaults": {"table": "to be announced"}}),
        Op("POST event_life.share", "Who of the team sees the event. 204 when you took yourself off.",
            {200: EventOut, 204: NOTHING}, ShareIn, {"restricted": True, "members": ["2"]}, refusals=(RoleTooLow,)),
        Op("POST event_life.cancel", "Cancel the event, and every mail of it that waits.", {200: EventOut},
            refusals=(NothingToDo,)),
        Op("POST event_life.reinstate", "The event takes place after all.", {200: EventOut}, refusals=(NothingToDo,)),
        Op("POST event_life.replace_calendar_links",
            "Sign the calendar links anew; those in mails that have left answer 410.", {200: EventOut},
            CalendarLinksIn, {}, refusals=(NothingToDo,)),
        Op("POST event_life.archive", "Put the event away; nothing can be sent from it then.", {200: EventOut},
            ArchiveIn, {"cancel_waiting": False}, refusals=(NothingToDo, MessagesWaiting)),
        Op("POST event_life.bring_back", "Take the event out of the archive.", {200: EventOut},
            refusals=(NothingToDo,)),
    ),
})  # fmt: skip
