"""Mails that tell the author of a scheduled message how it went"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OLD_KINDS = "'invitation', 'sign_in', 'address_changed'"
KINDS = f"{OLD_KINDS}, 'result'"
RESULTS = "'ended', 'missed', 'failed'"
OF_A_MAILING = "(kind = 'result') = (mailing_id IS NOT NULL) AND (kind = 'result') = (result IS NOT NULL)"
INDEX = "uq_account_mails_result"


def upgrade() -> None:
    op.add_column("user", sa.Column("result_mails", sa.Boolean(), server_default=sa.text("1"), nullable=False))
    with op.batch_alter_table("account_mails", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("mailing_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("result", sa.String(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_account_mails_mailing_id"), "mailing", ["mailing_id"], ["id"], ondelete="CASCADE"
        )
        batch.drop_constraint(op.f("ck_account_mails_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_account_mails_kind"), f"kind IN ({KINDS})")
        batch.create_check_constraint(op.f("ck_account_mails_result"), f"result IN ({RESULTS})")
        batch.create_check_constraint(op.f("ck_account_mails_result_of_a_mailing"), OF_A_MAILING)
    where = sa.text("mailing_id IS NOT NULL")
    op.create_index(INDEX, "account_mails", ["mailing_id", "result"], unique=True, sqlite_where=where)


def downgrade() -> None:
    op.execute("DELETE FROM account_mails WHERE kind = 'result'")
    op.drop_index(INDEX, "account_mails")
    with op.batch_alter_table("account_mails", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_account_mails_result_of_a_mailing"), type_="check")
        batch.drop_constraint(op.f("ck_account_mails_result"), type_="check")
        batch.drop_constraint(op.f("fk_account_mails_mailing_id"), type_="foreignkey")
        batch.drop_constraint(op.f("ck_account_mails_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_account_mails_kind"), f"kind IN ({OLD_KINDS})")
        batch.drop_column("result")
        batch.drop_column("mailing_id")
    op.drop_column("user", "result_mails")
