"""Calendar mails: a kind of message"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _kinds("'one_time', 'calendar', 'test'")


def downgrade() -> None:
    op.execute("UPDATE mailing SET kind = 'one_time' WHERE kind = 'calendar'")
    _kinds("'one_time', 'test'")


def _kinds(listed: str) -> None:
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("from_name", existing_type=sa.String(), server_default="")  # else it comes back in brackets
        batch.drop_constraint(op.f("ck_mailing_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_mailing_kind"), f"kind IN ({listed})")
