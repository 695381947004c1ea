"""Lists every area of the site. The navigation and the API's document follow this order."""

from eventmail.web.account import AREA as ACCOUNT
from eventmail.web.api import AREA as API
from eventmail.web.audit import AREA as AUDIT
from eventmail.web.calendar import AREA as CALENDAR
from eventmail.web.designs import AREA as DESIGNS
from eventmail.web.events import AREA as EVENTS
from eventmail.web.guests import AREA as GUESTS
from eventmail.web.mailings import AREA as MAILINGS
from eventmail.web.messaging import AREA as MESSAGING
from eventmail.web.outbox import AREA as OUTBOX
from eventmail.web.people import AREA as PEOPLE
from eventmail.web.public import AREA as PUBLIC
from eventmail.web.scheduling import AREA as SCHEDULING
from eventmail.web.segments import AREA as SEGMENTS
from eventmail.web.settings import AREA as SETTINGS
from eventmail.web.suppressions import AREA as SUPPRESSIONS

AREAS = (
    EVENTS, GUESTS, SEGMENTS, DESIGNS, MESSAGING, SCHEDULING, MAILINGS, CALENDAR, SUPPRESSIONS,
    ACCOUNT, PEOPLE, AUDIT, SETTINGS, PUBLIC, API, OUTBOX,
)  # fmt: skip
