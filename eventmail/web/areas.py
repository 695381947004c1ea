"""Every area of the site. Entries of the navigation and rows of the API's document stand in this order."""

from eventmail.web import (
    account,
    api,
    audit,
    events,
    guests,
    mailings,
    messaging,
    outbox,
    people,
    public,
    segments,
    settings,
    suppressions,
)

AREAS = (
    events.AREA,
    guests.AREA,
    segments.AREA,
    messaging.AREA,
    mailings.AREA,
    suppressions.AREA,
    account.AREA,
    people.AREA,
    audit.AREA,
    settings.AREA,
    public.AREA,
    api.AREA,
    outbox.AREA,
)
