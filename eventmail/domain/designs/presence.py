"""Who has a design open, so that two people do not write over each other unawares (D5)."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from eventmail.db import sql, transaction
from eventmail.domain.designs import edit
from eventmail.models import DesignOpen, User
from eventmail.records import Acting

RENEWED = timedelta(seconds=15)  # an open page says so this often
GONE = 3 * RENEWED  # a page that has not said so for this long is closed


def others(event_id: int, design_id: int, page: str, by: Acting) -> Sequence[str]:
    """Note that `page` is open, and return the names of the others who have the design open. Raises NotFound."""
    with transaction() as tx:
        edit.held_in(tx, event_id, design_id, archived=True)
        tx.execute(delete(DesignOpen).where(DesignOpen.design_id == design_id, DesignOpen.seen_at < by.now - GONE))
        if page:
            seen = {"user_id": by.user_id, "seen_at": by.now}
            row = {"design_id": design_id, "page": page, **seen}
            tx.execute(sql.insert_or_change(DesignOpen, ["design_id", "page"], row, seen))
        names = (
            select(User.name)
            .join(DesignOpen, DesignOpen.user_id == User.id)
            .where(DesignOpen.design_id == design_id, User.id != by.user_id)
            .distinct()
            .order_by(User.name)
        )
        return tx.scalars(names).all()
