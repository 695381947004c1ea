"""An event's name in calendars for life, whether it takes guests' time, and a reminder"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    check = sa.CheckConstraint("reminder_minutes BETWEEN 1 AND 40320", name=op.f("ck_event_reminder_minutes"))
    op.add_column("event", sa.Column("ics_uid", sa.String(), server_default="", nullable=False))
    op.add_column("event", sa.Column("busy", sa.Boolean(), server_default=sa.text("1"), nullable=False))
    op.add_column("event", sa.Column("reminder_minutes", sa.Integer(), check, nullable=True))
    connection = op.get_bind()
    for number, secret in connection.execute(sa.text("SELECT id, ics_secret FROM event")).all():
        # the name under which calendars have the event until now
        uid = f"event-{hashlib.sha256(secret.encode('utf-8', 'replace')).hexdigest()[:24]}@eventmail"
        connection.execute(sa.text("UPDATE event SET ics_uid = :uid WHERE id = :id"), {"uid": uid, "id": number})


def downgrade() -> None:
    for name in ("reminder_minutes", "busy", "ics_uid"):
        op.drop_column("event", name)
