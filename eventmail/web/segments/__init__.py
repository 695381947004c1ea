"""Segments."""

from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import NOTHING, PAGING, Area, Entry, Section
from eventmail.web.core.area import Operation as Op
from eventmail.web.segments import views
from eventmail.web.segments.schemas import SegmentIn, SegmentOut

VIP = {"name": "VIP", "rule": {"all": [{"field": "tag", "op": "is", "value": "vip"}]}}

AREA = Area((views.bp,), of_event=(Entry("Segments", "list-filter", "segments.listing"),), operations={
    Section.SEGMENTS: (
        Op("GET segments.listing", "The segments, by name.", {200: Listed[SegmentOut]}, query=PAGING),
        Op("POST segments.create", "Make a segment, of a rule, of guests picked by hand, or of both.",
            {201: SegmentOut}, SegmentIn, VIP),
        Op("GET segments.edit", "One segment.", {200: SegmentOut}),
        Op("PATCH segments.patch", "Change a segment; null takes its rule away.", {200: SegmentOut}, SegmentIn,
            {"name": "Very important"}),
        Op("DELETE segments.delete", "Remove a segment. Its guests stay.", {204: NOTHING}),
    ),
})  # fmt: skip
