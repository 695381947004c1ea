"""Guests: list, import, paste, history, erasure."""

from typing import Any

from eventmail.domain.guests.filters import Filter
from eventmail.errors import ListChanged, MailUnderWay, NothingToDo, RoleTooLow, UndoOver
from eventmail.web.core.answer_parts import Listed
from eventmail.web.core.area import CSV, NOTHING, PAGING, Area, Entry, Q, Query, Section, words
from eventmail.web.core.area import Operation as Op
from eventmail.web.guests import bulk, erasure, history, import_schemas, imports, paste, schemas, views

GUESTS = (Q, Query("status", "Only these guests.", words(Filter)))
GUEST = {"email": "ada@guests.example", "first_name": "Ada", "status": "invited", "tags": ["vip"]}

AREA = Area((views.bp, bulk.bp, history.bp, paste.bp, erasure.bp, erasure.former, imports.bp),
    of_event=(Entry("Guests", "users", "guests.listing"),), operations={
    Section.GUESTS: (
        Op("GET guests.listing", "The guests, by name.", {200: Listed[schemas.GuestOut]}, query=(*GUESTS, *PAGING)),
        Op("POST guests.create", "Add a guest.", {201: schemas.GuestOut}, schemas.GuestIn, GUEST),
        Op("GET guests.edit", "One guest.", {200: schemas.GuestOut}),
        Op("PATCH guests.patch", "Change a guest; null clears.", {200: schemas.GuestOut}, schemas.GuestIn,
            {"status": "confirmed"}),
        Op("DELETE guests.delete", "Remove a guest; their waiting mails are cancelled.", {204: NOTHING}),
        Op("GET erasure.known", "Everything that is known about the guest, for owners; it is noted in the log.",
            {200: dict[str, list[dict[str, Any]]]}, refusals=(RoleTooLow,)),
        Op("POST erasure.erase", "Erase the guest for good, for owners: waiting mails are cancelled, every personal "
            "value goes, counts stay, and so does what keeps the address from being mailed again.",
            {200: schemas.ErasedOut}, schemas.ErasureIn, {"confirm": "ada@guests.example"},
            refusals=(RoleTooLow, MailUnderWay)),
        Op("GET guest_history.history", "Every message the guest was part of, what was reported, what was changed.",
            {200: Listed[schemas.MomentOut]}, query=PAGING),
        Op("POST guest_bulk.change", "Change the status or a tag of many guests: those named, or with `all` those "
            "that `q` and `status` in the URL find, who must be `total`.", {201: schemas.ChangeOut}, schemas.ChangeIn,
            {"change": "add_tag", "tag": "vip", "guests": ["17", "18"]}, GUESTS, (ListChanged, NothingToDo)),
        Op("POST guest_bulk.undo", "Take such a change back.", {200: schemas.UndoneOut}, refusals=(UndoOver,)),
        Op("POST guest_paste.add", "Add guests from pasted addresses; `dry_run` only tells.", {200: schemas.PasteOut},
            schemas.PasteIn, {"addresses": "Ada <ada@guests.example>, bob@guests.example", "dry_run": True},
            refusals=(ListChanged,)),
        Op("POST imports.upload", "Import a CSV file, UTF-8 unless the charset says otherwise. Good rows land, bad "
            "ones are listed.", {200: import_schemas.ImportOut}, CSV, "email,first_name\nada@guests.example,Ada\n",
            (Query("dry_run", "`1` only tells what would happen.", ("0", "1")),)),
        Op("GET imports.look", "A file that somebody chose in a browser: how it is read, what it would do or did.",
            {200: import_schemas.UploadOut}),
        Op("GET imports.progress", "How far its check or its import is.", {200: import_schemas.ProgressOut}),
        Op("GET imports.export", "The guests that the list shows, as a CSV that can be imported again.", {200: CSV},
            query=GUESTS),
    ),
})  # fmt: skip
