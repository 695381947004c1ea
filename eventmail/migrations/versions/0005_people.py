"""People"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("login_session", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("login_session", sa.Column("user_agent", sa.String(), server_default="", nullable=False))
    op.add_column("login_session", sa.Column("by_link", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.add_column("api_token", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "invitation",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("invited_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'organizer')", name=op.f("ck_invitation_role")),
        sa.ForeignKeyConstraint(["invited_by"], ["user.id"], name=op.f("fk_invitation_invited_by"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("address", name=op.f("uq_invitation_address")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_invitation_invited_by"), "invitation", ["invited_by"], unique=False)
    op.create_table(
        "throttle",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_throttle_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_throttle")),
        sa.UniqueConstraint("scope", "key", name=op.f("uq_throttle_scope_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_throttle_since", "throttle", ["since"], unique=False)


def downgrade() -> None:
    op.drop_table("throttle")
    op.drop_table("invitation")
    op.drop_column("api_token", "used_at")
    op.drop_column("login_session", "by_link")
    op.drop_column("login_session", "user_agent")
    op.drop_column("login_session", "seen_at")
    op.drop_column("user", "removed_at")
