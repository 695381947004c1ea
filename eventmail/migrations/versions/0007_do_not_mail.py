"""Do not mail"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recipient", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("delivery", sa.String(), nullable=True))
        batch.create_check_constraint("delivery", "delivery IN ('deferred', 'delivered', 'bounced', 'complained')")


def downgrade() -> None:
    with op.batch_alter_table("recipient", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint("delivery", type_="check")
        batch.drop_column("delivery")
