"""The people of a reviewed list, as a query (A4)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, cast, select

from eventmail.db import Rows
from eventmail.db.sql import json_pairs
from eventmail.models import Snapshot


@dataclass(frozen=True)
class AsOf:
    """The list of a snapshot, and the instant when it was frozen."""

    snapshot_id: int
    at: datetime

    def people(self) -> Rows:
        """(guest id, address) of everybody on the list."""
        frozen = select(Snapshot.people).where(Snapshot.id == self.snapshot_id).scalar_subquery()
        each = json_pairs(frozen)
        return select(cast(each.c.key, Integer).label("guest_id"), each.c.value.label("address"))
