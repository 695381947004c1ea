"""Which one is meant of a start or an end that occurs twice. Until now it was the first"""

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

SIDES = ("starts", "ends")


def upgrade() -> None:
    for side in SIDES:
        check = sa.CheckConstraint(f"{side}_fold IN (0, 1)", name=op.f(f"ck_event_{side}_fold"))
        op.add_column("event", sa.Column(f"{side}_fold", sa.Integer(), check, nullable=True))
    connection, known = op.get_bind(), available_timezones()
    for side in SIDES:
        timed = f"SELECT id, timezone, {side}_wall FROM event WHERE NOT all_day AND {side}_wall IS NOT NULL"  # noqa: S608
        for row, timezone, wall in connection.execute(sa.text(timed)).all():
            if timezone in known and _twice(datetime.fromisoformat(wall), ZoneInfo(timezone)):
                first = sa.text(f"UPDATE event SET {side}_fold = 0 WHERE id = :id")  # noqa: S608
                connection.execute(first, {"id": row})


def downgrade() -> None:
    for side in SIDES:
        op.drop_column("event", f"{side}_fold")


def _twice(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock in the zone shows this time twice, which is when it is further from UTC the first time."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second
