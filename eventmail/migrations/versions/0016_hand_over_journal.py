"""Hand-over journal"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a row that is `sending` while this runs has no mark number, so it is in doubt when its worker has died
    op.add_column("recipient", sa.Column("mark", sa.BigInteger(), nullable=True))
    op.add_column("account_mails", sa.Column("mark", sa.BigInteger(), nullable=True))
    op.add_column("account_mails", sa.Column("claim_owner", sa.String(), nullable=True))
    op.add_column("account_mails", sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE account_mails SET tries = attempts")


def downgrade() -> None:
    for column in ("tries", "claim_owner", "mark"):
        op.drop_column("account_mails", column)
    op.drop_column("recipient", "mark")
