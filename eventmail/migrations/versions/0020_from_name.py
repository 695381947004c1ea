"""The name in the From header of a message"""

import json

import sqlalchemy as sa
from alembic import op

from eventmail.value_parsing import clean_value

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# What a name lost until now. A message that is queued or was sent keeps it so, that a second attempt has the same bytes.
LOST, LONGEST = str.maketrans("", "", '<>@,;:"\\()'), 60


def upgrade() -> None:
    op.add_column("mailing", sa.Column("from_name", sa.String(), server_default="", nullable=False))
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, constants FROM mailing WHERE state <> 'draft'")).all()
    names = [{"id": row.id, "name": _former(json.loads(row.constants).get("organizer.name") or "")} for row in rows]
    if names:
        connection.execute(sa.text("UPDATE mailing SET from_name = :name WHERE id = :id"), names)


def _former(name: str) -> str:
    return " ".join(clean_value(name).translate(LOST)[:LONGEST].split())


def downgrade() -> None:
    op.drop_column("mailing", "from_name")
