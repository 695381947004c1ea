"""Scheduled messages: their list and picker, and the buttons of each."""

from eventmail.domain.mailings import scheduled_list
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import PAGING, Area, Query, Section, Tab, words
from eventmail.web.core.area import Operation as Op
from eventmail.web.messaging.schemas import DraftOut
from eventmail.web.scheduling import actions, views
from eventmail.web.tracker.schemas import MailingOut

AREA = Area((views.bp, actions.bp),
    of_messages=(Tab("Scheduled", "scheduling.compose", scheduled_list.still_open),), operations={
    Section.MESSAGES: (
        Op("GET scheduling.compose", "The scheduled messages: who asks how it goes on, what is to come, what is over.",
            {200: Listed[MailingOut]}, query=(Query("group", "Only those of this group.", words(Group)), *PAGING)),
        Op("GET scheduling.watch", "One of them, or a draft.", {200: MailingOut | DraftOut}),
    ),
})  # fmt: skip
