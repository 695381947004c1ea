"""What a worker waits for"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("worker", sa.Column("waits_for", sa.String(), nullable=True))
    op.add_column("worker", sa.Column("waits_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("worker", "waits_since")
    op.drop_column("worker", "waits_for")
