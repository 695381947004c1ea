"""Outcomes keep the mail service they happened with"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LATEST = "(SELECT a.provider FROM attempt a WHERE a.recipient_id = recipient.id ORDER BY a.number DESC LIMIT 1)"
# an attempt's request id begins with that of its run; a run that several services worked on has no single one
_OF_RUN = """(
    SELECT CASE WHEN count(DISTINCT a.provider) = 1 THEN min(a.provider) END
    FROM recipient r JOIN attempt a ON a.recipient_id = r.id
    WHERE r.mailing_id = job.mailing_id
      AND substr(a.request_id, 1, length(job.request_id) + 1) = job.request_id || '.'
)"""
_BY_PRACTICE = "(source = 'outbox' OR source LIKE 'outbox: %') AND reason IN ('hard_bounce', 'complaint')"


def upgrade() -> None:
    op.add_column("job", sa.Column("provider", sa.String(), nullable=True))
    op.add_column("recipient", sa.Column("provider", sa.String(), nullable=True))
    op.add_column("email_event", sa.Column("practice", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    news = sa.text("delivery IS NOT NULL")
    op.create_index("ix_recipient_news", "recipient", ["mailing_id", "delivery"], sqlite_where=news)
    op.execute(f"UPDATE recipient SET provider = {_LATEST} WHERE attempts > 0")  # noqa: S608  no value from outside
    op.execute(f"UPDATE job SET provider = {_OF_RUN}")  # noqa: S608
    op.execute("UPDATE email_event SET practice = 1 WHERE provider = 'outbox'")
    _part_from_practice()


def _part_from_practice() -> None:
    """What practice caused gets a scope of its own; a weaker entry that it stood on stands for itself again."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text(f"SELECT id, address, created_by, created_at FROM suppression WHERE scope = 'all' AND {_BY_PRACTICE}")  # noqa: S608
    ).all()
    for row in found:
        connection.execute(sa.text("UPDATE suppression SET scope = 'practice' WHERE id = :id"), {"id": row.id})
        if before := _before(connection, row.address):
            connection.execute(
                sa.text(
                    "INSERT INTO suppression (address, scope, reason, source, created_by, created_at) "
                    "VALUES (:address, 'all', :reason, :source, :created_by, :created_at)"
                ),
                {**row._mapping, "reason": before["reason"], "source": before["source"]},
            )


def _before(connection: sa.Connection, address: str) -> dict[str, str] | None:
    """For what the address was on the list before practice mode reported it; the log knows."""
    kept = connection.scalar(
        sa.text(
            "SELECT detail FROM audit_entry WHERE subject = :subject AND action = 'suppression.reported' "
            "AND (actor = 'outbox' OR actor LIKE 'outbox: %') ORDER BY id LIMIT 1"
        ),
        {"subject": f"address:{address}"},
    )
    before = json.loads(kept).get("before") if kept else None
    return before if isinstance(before, dict) and {"reason", "source"} <= before.keys() else None


def downgrade() -> None:
    op.execute(
        "DELETE FROM suppression WHERE scope = 'practice' AND EXISTS "
        "(SELECT 1 FROM suppression other WHERE other.address = suppression.address AND other.scope = 'all')"
    )
    op.execute("UPDATE suppression SET scope = 'all' WHERE scope = 'practice'")
    op.drop_index("ix_recipient_news", "recipient")
    op.drop_column("email_event", "practice")
    op.drop_column("recipient", "provider")
    op.drop_column("job", "provider")
