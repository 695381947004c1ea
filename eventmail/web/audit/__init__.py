"""The log."""

from eventmail.errors import RoleTooLow
from eventmail.web.audit import views
from eventmail.web.audit.schemas import EntryOut
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import FORMAT, PAGING, Area, Entry, Q, Query, Section
from eventmail.web.core.area import Operation as Op

LOG = (Query("who", "Only what this person did, by name."), Query("action", "Only this action."), Q,
       Query("from", "The first day, as 2027-05-01."), Query("to", "The last day."), *PAGING, FORMAT)  # fmt: skip

AREA = Area((views.bp,),
    of_event=(Entry("Log", "scroll-text", "audit.of_event"),),
    of_site=(Entry("Log", "scroll-text", "audit.of_everything", owners=True),), operations={
    Section.RECORDS: (
        Op("GET audit.of_event", "The log of an event.", {200: Listed[EntryOut]}, query=LOG, csv=True),
        Op("GET audit.of_everything", "The log of the installation, for owners.", {200: Listed[EntryOut]}, query=LOG,
            refusals=(RoleTooLow,), csv=True),
    ),
})  # fmt: skip
