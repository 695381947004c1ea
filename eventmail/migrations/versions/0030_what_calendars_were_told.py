"""What a mail told calendars of its event, what an update is about, and the change that is kept quiet"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailing", sa.Column("told", sa.JSON(), nullable=True))
    op.add_column("mailing", sa.Column("about", sa.JSON(), nullable=True))
    op.add_column("event", sa.Column("quiet_about", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("event", "quiet_about")
    op.drop_column("mailing", "about")
    op.drop_column("mailing", "told")
