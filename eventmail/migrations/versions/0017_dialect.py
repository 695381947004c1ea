"""In which dialect of Markdown a text was written"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("content", "draft_text")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("dialect", sa.Integer(), server_default=sa.text("1"), nullable=False))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "dialect")
