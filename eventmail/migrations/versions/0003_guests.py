"""Guests: changes of many at once and what each had before; the list's index answers every count of a search"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guest_change",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("picked", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('status', 'add_tag', 'remove_tag')", name=op.f("ck_guest_change_kind")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_guest_change_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_guest_change_event_id"), "guest_change", ["event_id"])
    op.create_table(
        "guest_before",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("guest_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("restored", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["guest_change.id"], name=op.f("fk_guest_before_change_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_guest_before_guest_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_before")),
        sa.UniqueConstraint("change_id", "guest_id", name=op.f("uq_guest_before_change_id_guest_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_guest_before_guest_id"), "guest_before", ["guest_id"])
    op.drop_index("ix_guest_list", "guest")
    op.create_index("ix_guest_list", "guest", ["event_id", "search_key", "id", "address", "status"])

    # what the log says of one guest stands on their page
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject"])


def downgrade() -> None:
    op.drop_index("ix_audit_entry_subject", "audit_entry")
    op.drop_index("ix_guest_list", "guest")
    op.create_index("ix_guest_list", "guest", ["event_id", "search_key"])
    op.drop_table("guest_before")
    op.drop_table("guest_change")
