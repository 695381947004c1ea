"""The do-not-mail list."""

from eventmail.errors import RoleTooLow
from eventmail.states import SuppressionReason
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import FORMAT, NOTHING, PAGING, Area, Entry, Q, Query, Section, words
from eventmail.web.core.area import Operation as Op
from eventmail.web.suppressions import schemas, views

AREA = Area((views.bp,), of_event=(Entry("Do-not-mail", "ban", "suppressions.listing"),), operations={
    Section.LIST: (
        Op("GET suppressions.listing", "Who gets no mail, for this event or for all.",
            {200: Listed[schemas.SuppressionOut]},
            query=(Q, Query("reason", "Only for this reason.", words(SuppressionReason)), *PAGING, FORMAT), csv=True),
        Op("POST suppressions.add", "Add an address by hand; 200 when it was there.",
            {200: schemas.SuppressionOut, 201: schemas.SuppressionOut}, schemas.SuppressionIn,
            {"address": "bob@guests.example"}, refusals=(RoleTooLow,)),
        Op("GET suppressions.lifting", "One entry.", {200: schemas.SuppressionOut}),
        Op("DELETE suppressions.delete", "Let an address get mail again.", {204: NOTHING}, schemas.LiftIn,
            {"reason": "Bob asked for it on the phone."}, refusals=(RoleTooLow,)),
        Op("POST suppressions.run_import", "Add addresses, one a line; also as a `text/csv` body.",
            {200: schemas.SuppressionReportOut}, schemas.SuppressionImport,
            {"addresses": "bob@guests.example\n", "scope": "event"}, refusals=(RoleTooLow,)),
    ),
})  # fmt: skip
