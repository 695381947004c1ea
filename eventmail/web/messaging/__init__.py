"""Writing a message: its page, its drafts, its tests."""

from eventmail.domain.mailings import drafts as written
from eventmail.errors import InvalidAudience
from eventmail.states import GuestStatus
from eventmail.web.composer.schemas import AudiencePreview, AudiencePreviewOut, ExclusionOut, SampleOut
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import FORMAT, PAGING, Area, Entry, Query, Section, Tab, words
from eventmail.web.core.area import Operation as Op
from eventmail.web.messaging import drafts, preview, test_sends, views

AUDIENCE = (
    Query("statuses", "RSVP statuses.", words(GuestStatus), many=True),
    Query("segments", "Ids of segments.", many=True),
    Query("guests", "Ids of guests.", many=True),
    Query("exclude_segments", "Ids of segments nobody of whom gets it.", many=True),
)

AREA = Area((views.bp, drafts.bp, test_sends.bp, preview.bp),
    of_event=(Entry("Messages", "mail", "messaging.compose", tabbed=True),),
    of_messages=(Tab("Drafts", "drafts.listing", written.newest_first),), operations={
    Section.MESSAGES: (
        Op("POST messaging.audience_preview", "Who would get a message and who won't.", {200: AudiencePreviewOut},
            AudiencePreview, {"audience": {"statuses": ["confirmed"]}}, refusals=(InvalidAudience,)),
        Op("GET messaging.exclusions", "Everybody who won't get it, each with the reason.",
            {200: Listed[ExclusionOut]}, query=(*AUDIENCE, *PAGING, FORMAT), refusals=(InvalidAudience,), csv=True),
        Op("GET preview.fallbacks", "The recipients who have no value for a merge field, and read its fallback.",
            {200: Listed[SampleOut]}, query=(Query("field", "As in `{guest.firstName}`, without the braces."),
                                             *AUDIENCE, *PAGING), refusals=(InvalidAudience,)),
        Op("GET preview.dead", "The recipients for whom a link of a text leads nowhere, or somewhere odd.",
            {200: Listed[SampleOut]}, query=(Query("field", "The merge field that the link is made of."),
                                             Query("fault", "`none` for no link, or what a warning says is odd."),
                                             Query("body", "The text."), *AUDIENCE, *PAGING),
            refusals=(InvalidAudience,)),
    ),
})  # fmt: skip
