"""Drafts and snapshots"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DRAFT = "SELECT id FROM mailing WHERE state = 'draft'"


def _states(batch: Any, listed: str) -> None:
    batch.drop_constraint(op.f("ck_mailing_state"), type_="check")
    batch.create_check_constraint(op.f("ck_mailing_state"), f"state IN ({listed})")


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_snapshot_created_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_snapshot_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("token", name=op.f("uq_snapshot_token")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_snapshot_event_id"), "snapshot", ["event_id"])
    op.create_index("ix_snapshot_created_at", "snapshot", ["created_at"])
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch:
        _states(batch, "'draft', 'sending', 'finished', 'cancelled'")
        batch.alter_column("content_id", existing_type=sa.Integer(), nullable=True)
        batch.create_check_constraint(
            op.f("ck_mailing_only_a_draft_has_no_content"), "(state = 'draft') = (content_id IS NULL)"
        )
        batch.create_check_constraint(
            op.f("ck_mailing_a_draft_has_no_recipients"), "state <> 'draft' OR recipient_count = 0"
        )
    op.create_table(
        "draft_text",
        sa.Column("mailing_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("preheader", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_by", sa.Integer(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_from", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_draft_text_revision")),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_draft_text_mailing_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["saved_by"], ["user.id"], name=op.f("fk_draft_text_saved_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_text")),
        sa.UniqueConstraint("mailing_id", name=op.f("uq_draft_text_mailing_id")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("draft_text")
    for table, where in (("idempotency_record", f"mailing_id IN ({DRAFT})"), ("mailing", "state = 'draft'")):
        op.execute(f"DELETE FROM {table} WHERE {where}")  # noqa: S608  no input
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_mailing_a_draft_has_no_recipients"), type_="check")
        batch.drop_constraint(op.f("ck_mailing_only_a_draft_has_no_content"), type_="check")
        batch.alter_column("content_id", existing_type=sa.Integer(), nullable=False)
        _states(batch, "'sending', 'finished', 'cancelled'")
    op.drop_table("snapshot")
