"""Addresses in one Unicode form

An address that was kept with its accents apart is composed, so that it meets its entry on the do-not-mail list. Where
the composed one stands beside it already, both rows stay as they are: `doctor` tells them.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = ("guest", "suppression", "recipient", "user", "invitation", "account_mails", "email_event")


def upgrade() -> None:
    connection = op.get_bind()
    for table in TABLES:
        beyond_ascii = sa.text(f'SELECT id, address FROM "{table}" WHERE address GLOB :form').bindparams(  # noqa: S608
            form="*[^\x01-\x7f]*"
        )
        for row_id, address in connection.execute(beyond_ascii).all():
            composed = unicodedata.normalize("NFC", address)
            if composed != address:
                connection.execute(
                    sa.text(f'UPDATE OR IGNORE "{table}" SET address = :address WHERE id = :id'),  # noqa: S608
                    {"address": composed, "id": row_id},
                )


def downgrade() -> None:
    """Nothing: the composed form was right before, too."""
