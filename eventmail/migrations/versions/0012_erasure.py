"""Erasure"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KNOWN = (
    "WHEN NEW.address IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM suppression WHERE address >= 'erased:' AND address < 'erased;')"
    " BEGIN UPDATE OR IGNORE suppression SET address = NEW.address WHERE address = erased_form(NEW.address); END"
)


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("guest_id", sa.Integer(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sqlite_autoincrement=True,
    )
    op.execute(f"CREATE TRIGGER guest_wish_of_new AFTER INSERT ON guest {KNOWN}")
    op.execute(f"CREATE TRIGGER guest_wish_of_changed AFTER UPDATE OF address ON guest {KNOWN}")
    op.execute(
        "CREATE TRIGGER recipient_not_again BEFORE INSERT ON recipient WHEN EXISTS (SELECT 1 FROM recipient"
        " WHERE mailing_id = NEW.mailing_id AND address >= 'erased:' AND address < 'erased;')"
        " AND EXISTS (SELECT 1 FROM recipient WHERE mailing_id = NEW.mailing_id AND address = erased_form(NEW.address))"
        " BEGIN SELECT RAISE(IGNORE); END"
    )


def downgrade() -> None:
    for name in ("recipient_not_again", "guest_wish_of_changed", "guest_wish_of_new"):
        op.execute(f"DROP TRIGGER {name}")
    op.drop_table("erasure")
