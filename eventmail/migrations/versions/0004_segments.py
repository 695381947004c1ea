"""Segments

A later revision that copies the table `guest` (batch_alter_table) drops its triggers with it and has to make them
again; one that copies `guest_value` or `segment_field` has to drop them first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEEP = """INSERT INTO guest_value (field_id, guest_id, folded, number, day)
 SELECT id, NEW.id, folded(value), number_in(value), day_in(value) FROM (
 SELECT id, CASE kind WHEN 'first_name' THEN NEW.first_name WHEN 'last_name' THEN NEW.last_name
 WHEN 'email' THEN coalesce(NEW.email, '')
 ELSE coalesce(CASE path WHEN '' THEN (SELECT value FROM json_each(NEW.attributes) WHERE key = name)
 ELSE json_extract(NEW.attributes, path) END, '') END AS value
 FROM segment_field WHERE event_id = NEW.event_id) WHERE folded(value) != ''"""
_USED = "WHEN EXISTS (SELECT 1 FROM segment_field WHERE event_id = NEW.event_id)"
_FORGET = "DELETE FROM guest_value WHERE guest_id = NEW.id"
_CHANGED = "UPDATE OF first_name, last_name, email, attributes"


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_segment_created_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_segment_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("event_id", "name_key", name=op.f("uq_segment_event_id_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "segment_guest",
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("guest_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_segment_guest_guest_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segment.id"], name=op.f("fk_segment_guest_segment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_guest")),
        sa.UniqueConstraint("segment_id", "guest_id", name=op.f("uq_segment_guest_segment_id_guest_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_guest_guest_id", "segment_guest", ["guest_id"], unique=False)
    op.create_table(
        "segment_field",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("unused_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('first_name', 'last_name', 'email', 'attribute')", name=op.f("ck_segment_field_kind")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_segment_field_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_field")),
        sa.UniqueConstraint("event_id", "kind", "name", name=op.f("uq_segment_field_event_id_kind_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "guest_value",
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("guest_id", sa.Integer(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("day", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["field_id"], ["segment_field.id"], name=op.f("fk_guest_value_field_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_guest_value_guest_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("field_id", "guest_id", name=op.f("pk_guest_value")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_guest_value_guest_id", "guest_value", ["guest_id"], unique=False)
    op.create_index("ix_guest_tag_tag", "guest_tag", ["tag", "guest_id"], unique=False)
    op.execute(f"CREATE TRIGGER guest_values_of_new AFTER INSERT ON guest {_USED} BEGIN {_KEEP}; END")
    op.execute(
        f"CREATE TRIGGER guest_values_of_changed AFTER {_CHANGED} ON guest {_USED} BEGIN {_FORGET}; {_KEEP}; END"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER guest_values_of_changed")
    op.execute("DROP TRIGGER guest_values_of_new")
    op.drop_index("ix_guest_tag_tag", "guest_tag")
    for table in ("guest_value", "segment_field", "segment_guest", "segment"):
        op.drop_table(table)
