"""Secrets of events that were replaced, so that links under them can say so"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("retired_secrets", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("event", "retired_secrets")
