"""Colleagues, for owners."""

from eventmail.errors import RoleTooLow
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import PAGING, Area, Entry, Section
from eventmail.web.core.area import Operation as Op
from eventmail.web.people import views
from eventmail.web.people.schemas import ColleagueOut, InvitationOut

AREA = Area((views.bp,), of_site=(Entry("People", "users", "people.listing", owners=True),), operations={
    Section.INSTALLATION: (
        Op("GET people.listing", "The team, for owners.", {200: Listed[ColleagueOut]}, query=PAGING,
            refusals=(RoleTooLow,)),
        Op("GET people.pending", "Invitations nobody opened yet, for owners.", {200: Listed[InvitationOut]},
            refusals=(RoleTooLow,)),
    ),
})  # fmt: skip
