"""Account mails"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WAITING = sa.text("state IN ('queued', 'sending')")
ABOUT_ONE = "(kind = 'invitation') = (invitation_id IS NOT NULL) AND (kind = 'sign_in') = (user_id IS NOT NULL)"


def upgrade() -> None:
    op.add_column("sign_in_link", sa.Column("mailed", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "account_mails",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('invitation', 'sign_in')", name=op.f("ck_account_mails_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'unknown')", name=op.f("ck_account_mails_state")
        ),
        sa.CheckConstraint(ABOUT_ONE, name=op.f("ck_account_mails_about_one")),
        sa.CheckConstraint(
            "(state = 'sending') = (claim_until IS NOT NULL)", name=op.f("ck_account_mails_held_while_sending")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_account_mails_not_negative")),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_account_mails_invitation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_account_mails_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asked_by"], ["user.id"], name=op.f("fk_account_mails_asked_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_mails")),
        sqlite_autoincrement=True,
    )
    for column in ("invitation_id", "state", "user_id"):
        op.create_index(op.f(f"ix_account_mails_{column}"), "account_mails", [column])
    for target in ("invitation", "user"):
        op.create_index(
            f"uq_account_mails_waiting_{target}", "account_mails", [f"{target}_id"], unique=True, sqlite_where=WAITING
        )


def downgrade() -> None:
    op.drop_table("account_mails")
    op.drop_column("sign_in_link", "mailed")
