"""Scheduled messages: when each is due, how it was chosen, and until when it can be changed"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OLD_STATES = "'draft', 'sending', 'finished', 'cancelled'"
STATES = "'draft', 'scheduled', 'sending', 'finished', 'cancelled', 'failed', 'missed'"
MODES = "'at_due', 'exact'"
NOT_SENT = (
    "'late', 'event_began', 'event_moved', 'time_moved', 'event_undated', 'more_people', 'quota', 'segment_gone', "
    "'held_up', 'restored', 'broken', 'no_recipients'"
)
PLANNED = "SELECT id FROM mailing WHERE state IN ('scheduled', 'failed', 'missed')"
BELOW = {
    "attempt": f"recipient_id IN (SELECT id FROM recipient WHERE mailing_id IN ({PLANNED}))",  # noqa: S608  no input
    **dict.fromkeys(("reservation", "recipient", "exclusion", "idempotency_record"), f"mailing_id IN ({PLANNED})"),
    "mailing": f"id IN ({PLANNED})",
}


def upgrade() -> None:
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("send_at", sa.DateTime(timezone=True), nullable=True))
        batch.alter_column("from_name", existing_type=sa.String(), server_default="")  # else it comes back in brackets
        batch.drop_constraint(op.f("ck_mailing_state"), type_="check")
        batch.create_check_constraint(op.f("ck_mailing_state"), f"state IN ({STATES})")
        batch.create_check_constraint(
            op.f("ck_mailing_planned_for_a_time"), "state NOT IN ('scheduled', 'missed') OR send_at IS NOT NULL"
        )
    op.create_index("ix_mailing_due", "mailing", ["send_at"], sqlite_where=sa.text("state = 'scheduled'"))
    op.add_column("draft_text", sa.Column("plan", sa.JSON(), nullable=True))
    op.create_table(
        "schedule",
        sa.Column("mailing_id", sa.Integer(), nullable=False),
        sa.Column("wall", sa.DateTime(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("relative", sa.JSON(), nullable=True),
        sa.Column("edit_cutoff_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audience_mode", sa.String(), nullable=False),
        sa.Column("scheduled_count", sa.Integer(), nullable=False),
        sa.Column("scheduled_by", sa.Integer(), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("not_sent", sa.String(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"audience_mode IN ({MODES})", name=op.f("ck_schedule_audience_mode")),
        sa.CheckConstraint(f"not_sent IN ({NOT_SENT})", name=op.f("ck_schedule_not_sent")),
        sa.CheckConstraint("fold IN (0, 1)", name=op.f("ck_schedule_fold")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_schedule_revision")),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_schedule_mailing_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_by"], ["user.id"], name=op.f("fk_schedule_scheduled_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("mailing_id", name=op.f("uq_schedule_mailing_id")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("schedule")
    op.drop_column("draft_text", "plan")
    op.execute(f"UPDATE email_event SET recipient_id = NULL WHERE {BELOW['attempt']}")  # noqa: S608
    for table, where in BELOW.items():
        op.execute(f"DELETE FROM {table} WHERE {where}")  # noqa: S608
    op.drop_index("ix_mailing_due", "mailing")
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_mailing_planned_for_a_time"), type_="check")
        batch.drop_constraint(op.f("ck_mailing_state"), type_="check")
        batch.create_check_constraint(op.f("ck_mailing_state"), f"state IN ({OLD_STATES})")
        batch.drop_column("send_at")
