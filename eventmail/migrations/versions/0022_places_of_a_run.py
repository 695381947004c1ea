"""A reservation belongs to a mailing and a run, so that what has no job yet holds places"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_JOB = "(SELECT {} FROM job WHERE job.id = reservation.job_id)"
_OF_JOB = "(SELECT job.id FROM job WHERE job.mailing_id = reservation.mailing_id AND job.run = reservation.run)"


def upgrade() -> None:
    for name, kind in (("mailing_id", sa.Integer()), ("run", sa.Integer()), ("provider", sa.String())):
        op.add_column("reservation", sa.Column(name, kind, nullable=True))
    parts = ", ".join(f"{name} = {_JOB.format(name)}" for name in ("mailing_id", "run", "provider"))
    op.execute(f"UPDATE reservation SET {parts}")  # noqa: S608  no value from outside
    op.execute("DELETE FROM reservation WHERE mailing_id IS NULL")  # places of a run that is gone
    with op.batch_alter_table("reservation", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint("fk_reservation_job_id", type_="foreignkey")
        batch_op.drop_constraint("uq_reservation_job_id", type_="unique")
        batch_op.drop_column("job_id")
        batch_op.alter_column("mailing_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("run", existing_type=sa.Integer(), nullable=False)
        batch_op.create_foreign_key("fk_reservation_mailing_id", "mailing", ["mailing_id"], ["id"], ondelete="CASCADE")
        batch_op.create_unique_constraint("uq_reservation_mailing_id_run", ["mailing_id", "run"])


def downgrade() -> None:
    op.add_column("reservation", sa.Column("job_id", sa.Integer(), nullable=True))
    op.execute(f"UPDATE reservation SET job_id = {_OF_JOB}")  # noqa: S608
    op.execute("DELETE FROM reservation WHERE job_id IS NULL")  # places without a run that was begun
    with op.batch_alter_table("reservation", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint("fk_reservation_mailing_id", type_="foreignkey")
        batch_op.drop_constraint("uq_reservation_mailing_id_run", type_="unique")
        batch_op.drop_column("provider")
        batch_op.drop_column("run")
        batch_op.drop_column("mailing_id")
        batch_op.alter_column("job_id", existing_type=sa.Integer(), nullable=False)
        batch_op.create_foreign_key("fk_reservation_job_id", "job", ["job_id"], ["id"], ondelete="CASCADE")
        batch_op.create_unique_constraint("uq_reservation_job_id", ["job_id"])
