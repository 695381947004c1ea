"""Designs, their revisions, who has one open, and which one the text of a message came from"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TYPES = "'invitation', 'update', 'reminder', 'calendar', 'follow_up'"
FROM_A_DESIGN = "(design_id IS NULL) = (design_digest IS NULL) AND (design_id IS NOT NULL OR design_number IS NULL)"


def upgrade() -> None:
    op.create_table(
        "design",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("message_type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("preheader", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("excerpt", sa.String(), nullable=False),
        sa.Column("search_key", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_by", sa.Integer(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_from", sa.String(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"message_type IN ({TYPES})", name=op.f("ck_design_message_type")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_design_revision")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_design_has_a_name")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_design_event_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["saved_by"], ["user.id"], name=op.f("fk_design_saved_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_design_created_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_design_event_id_saved_at", "design", ["event_id", "saved_at"])
    op.create_table(
        "design_revision",
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("preheader", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_design_revision_number")),
        sa.CheckConstraint("is_published OR name <> ''", name=op.f("ck_design_revision_published_or_named")),
        sa.ForeignKeyConstraint(
            ["design_id"], ["design.id"], name=op.f("fk_design_revision_design_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["user.id"], name=op.f("fk_design_revision_made_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_revision")),
        sa.UniqueConstraint("design_id", "number", name=op.f("uq_design_revision_design_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "design_open",
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"], ["design.id"], name=op.f("fk_design_open_design_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_design_open_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_open")),
        sa.UniqueConstraint("design_id", "page", name=op.f("uq_design_open_design_id_page")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("design_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("design_number", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("design_digest", sa.String(), nullable=True))
        batch.alter_column("from_name", existing_type=sa.String(), server_default="")  # else it comes back in brackets
        batch.create_foreign_key(op.f("fk_mailing_design_id"), "design", ["design_id"], ["id"])
        batch.create_check_constraint(op.f("ck_mailing_from_a_design"), FROM_A_DESIGN)
    op.create_index("ix_mailing_design_id", "mailing", ["design_id"])


def downgrade() -> None:
    op.drop_index("ix_mailing_design_id", "mailing")
    with op.batch_alter_table("mailing", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_mailing_from_a_design"), type_="check")
        batch.drop_constraint(op.f("fk_mailing_design_id"), type_="foreignkey")
        batch.drop_column("design_digest")
        batch.drop_column("design_number")
        batch.drop_column("design_id")
        batch.alter_column("from_name", existing_type=sa.String(), server_default="")
    op.drop_table("design_open")
    op.drop_table("design_revision")
    op.drop_table("design")
