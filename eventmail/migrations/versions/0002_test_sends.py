"""Test sends: a mailing of kind `test`, and the guest as whom it is read"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEST = "SELECT id FROM mailing WHERE kind = 'test'"
BELOW = {
    "attempt": f"recipient_id IN (SELECT id FROM recipient WHERE mailing_id IN ({TEST}))",  # noqa: S608  no input
    "reservation": f"job_id IN (SELECT id FROM job WHERE mailing_id IN ({TEST}))",  # noqa: S608
    **dict.fromkeys(("recipient", "job", "exclusion", "idempotency_record"), f"mailing_id IN ({TEST})"),
    "mailing": "kind = 'test'",
}


def _kinds(batch_op: Any, listed: str) -> None:
    batch_op.drop_constraint(op.f("ck_mailing_kind"), type_="check")
    batch_op.create_check_constraint(op.f("ck_mailing_kind"), f"kind IN ({listed})")


def upgrade() -> None:
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        _kinds(batch_op, "'one_time', 'test'")
        batch_op.add_column(sa.Column("as_guest_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_mailing_as_guest_id"), "guest", ["as_guest_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_index(batch_op.f("ix_mailing_as_guest_id"), ["as_guest_id"])


def downgrade() -> None:
    op.execute(f"UPDATE email_event SET recipient_id = NULL WHERE {BELOW['attempt']}")  # noqa: S608
    for table, where in BELOW.items():
        op.execute(f"DELETE FROM {table} WHERE {where}")  # noqa: S608
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailing_as_guest_id"))
        batch_op.drop_constraint(op.f("fk_mailing_as_guest_id"), type_="foreignkey")
        batch_op.drop_column("as_guest_id")
        _kinds(batch_op, "'one_time'")
