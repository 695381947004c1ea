"""Erased guests, and the triggers that keep their wishes by the pseudonyms of their addresses (`eventmail.erased`).

`erased_form` needs the secret of the instance, so only the application's own connections have it.
"""

from datetime import datetime

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base
from eventmail.db.sqlite import add_trigger
from eventmail.models.guest import Guest
from eventmail.models.mailing import Recipient


class Erasure(Base):
    """One erased guest. Mails with these `keys` and mails to the pseudonyms in `addresses` are deleted.

    `finished_at` is None until the files are deleted and the write-ahead log is empty. The ids are no foreign keys,
    since what they name may be gone.
    """

    event_id: Mapped[int]
    guest_id: Mapped[int]
    keys: Mapped[list[str]] = mapped_column(JSON)
    addresses: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


# A guest who is added again is recognized by the pseudonym, and the wish holds for the address again.
_KNOWN = (
    "WHEN NEW.address IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM suppression WHERE address >= 'erased:' AND address < 'erased;')"
    " BEGIN UPDATE OR IGNORE suppression SET address = NEW.address WHERE address = erased_form(NEW.address); END"
)
add_trigger(Guest.__table__, f"CREATE TRIGGER guest_wish_of_new AFTER INSERT ON guest {_KNOWN}")
add_trigger(Guest.__table__, f"CREATE TRIGGER guest_wish_of_changed AFTER UPDATE OF address ON guest {_KNOWN}")
# The same address never gets a mailing twice, although the first row only holds its pseudonym.
add_trigger(
    Recipient.__table__,
    "CREATE TRIGGER recipient_not_again BEFORE INSERT ON recipient WHEN EXISTS (SELECT 1 FROM recipient"
    " WHERE mailing_id = NEW.mailing_id AND address >= 'erased:' AND address < 'erased;')"
    " AND EXISTS (SELECT 1 FROM recipient WHERE mailing_id = NEW.mailing_id AND address = erased_form(NEW.address))"
    " BEGIN SELECT RAISE(IGNORE); END",
)
