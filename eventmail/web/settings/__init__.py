"""This installation: whether mail may leave it, and how."""

from eventmail.errors import RoleTooLow
from eventmail.web.core.area import Area, Entry, Section
from eventmail.web.core.area import Operation as Op
from eventmail.web.settings import live_lock, sending
from eventmail.web.settings.schemas import ConfirmedOut, LiveOut

AREA = Area((live_lock.bp, sending.bp),
    of_site=(Entry("Settings", "settings", "sending.page", owners=True),), operations={
    Section.INSTALLATION: (
        Op("GET home.page", "Whether mail may leave this database.", {200: LiveOut}),
        Op("POST home.confirm", "Say that this is the live one, no copy; for owners.", {200: ConfirmedOut},
            refusals=(RoleTooLow,)),
    ),
})  # fmt: skip
