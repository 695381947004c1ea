"""Events and log"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


TRIGGERS = {
    "audit_entry_no_update": "BEFORE UPDATE ON audit_entry",
    "audit_entry_no_delete": "BEFORE DELETE ON audit_entry",
    "audit_entry_no_replace": (
        "BEFORE INSERT ON audit_entry WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)"
    ),
}


def upgrade() -> None:
    op.add_column("event", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("event", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("guest_field", sa.Column("default_text", sa.String(), server_default="", nullable=False))
    op.add_column("mailing", sa.Column("defaults", sa.JSON(), server_default="{}", nullable=False))
    # the rows of the log outlive what they name, and are never written again
    with op.batch_alter_table("audit_entry", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("ix_audit_entry_event_id_at")
        batch_op.drop_constraint("fk_audit_entry_event_id", type_="foreignkey")
        batch_op.drop_constraint("fk_audit_entry_user_id", type_="foreignkey")
        batch_op.create_index("ix_audit_entry_event_id", ["event_id"])
    for name, when in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'the log is written once'); END")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}")
    op.execute("UPDATE audit_entry SET event_id = NULL WHERE event_id NOT IN (SELECT id FROM event)")
    op.execute("UPDATE audit_entry SET user_id = NULL WHERE user_id NOT IN (SELECT id FROM user)")
    with op.batch_alter_table("audit_entry", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("ix_audit_entry_event_id")
        batch_op.create_foreign_key("fk_audit_entry_event_id", "event", ["event_id"], ["id"], ondelete="SET NULL")
        batch_op.create_foreign_key("fk_audit_entry_user_id", "user", ["user_id"], ["id"], ondelete="SET NULL")
        batch_op.create_index("ix_audit_entry_event_id_at", ["event_id", "at"])
    for table, column in (("mailing", "defaults"), ("guest_field", "default_text"), ("event", "cancelled_at"),
                          ("event", "archived_at")):  # fmt: skip
        op.drop_column(table, column)
