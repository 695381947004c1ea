"""Refusals are counted by run, and what would list an address waits for the brake"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COUNTED = ("answered", "accepted", "looked_dead", "alike")
BRAKE = "brake IN ('alike', 'dead', 'answered')"


def upgrade() -> None:
    with op.batch_alter_table("job", table_kwargs={"sqlite_autoincrement": True}) as job:
        for name in COUNTED:
            job.add_column(sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
        job.add_column(sa.Column("first_refusal", sa.String(), nullable=True))
        job.add_column(sa.Column("brake", sa.String(), nullable=True))
        job.create_check_constraint(op.f("ck_job_brake"), BRAKE)
        job.create_check_constraint(op.f("ck_job_answers_add_up"), "accepted + looked_dead <= answered")
    op.create_table(
        "suspect",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("email_event_id", sa.Integer(), nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_suspect_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["email_event_id"],
            ["email_event.id"],
            name=op.f("fk_suspect_email_event_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspect")),
        sa.UniqueConstraint("email_event_id", name=op.f("uq_suspect_email_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_suspect_job_id"), "suspect", ["job_id"])


def downgrade() -> None:
    op.drop_table("suspect")
    with op.batch_alter_table("job", table_kwargs={"sqlite_autoincrement": True}) as job:
        job.drop_constraint(op.f("ck_job_answers_add_up"), type_="check")
        job.drop_constraint(op.f("ck_job_brake"), type_="check")
        for name in (*COUNTED, "first_refusal", "brake"):
            job.drop_column(name)
