"""The pages for guests, mail services and monitors, which need no sign-in."""

from eventmail.errors import BadSignature, NotFound
from eventmail.web.core.area import Area, Section
from eventmail.web.core.area import Operation as Op
from eventmail.web.public import calendar, monitoring, unsubscribe, webhooks
from eventmail.web.public.schemas import HealthOut, ReceivedOut

AREA = Area((calendar.bp, monitoring.bp, unsubscribe.bp, webhooks.bp), operations={
    Section.INSTALLATION: (
        Op("GET public.health", "Whether this process can read and write its database.",
            {200: HealthOut, 503: HealthOut}),
        Op("POST webhooks.generic", "Report bounces and complaints, signed as Standard Webhooks describes.",
            {200: ReceivedOut}, "application/json",
            {"type": "email.bounced", "data": {"email": "bob@guests.example"}}, refusals=(BadSignature, NotFound)),
    ),
})  # fmt: skip
