"""Who gets in"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS, OLD_KINDS = "'invitation', 'sign_in', 'address_changed'", "'invitation', 'sign_in'"
INVITATION = "(kind = 'invitation') = (invitation_id IS NOT NULL)"
ABOUT_ONE = f"{INVITATION} AND (kind <> 'invitation') = (user_id IS NOT NULL)"
OLD_ABOUT_ONE = f"{INVITATION} AND (kind = 'sign_in') = (user_id IS NOT NULL)"
WAITING = "state IN ('queued', 'sending')"


def _about(kinds: str, about_one: str, waiting: str) -> None:
    op.drop_index("uq_account_mails_waiting_user", "account_mails")
    with op.batch_alter_table("account_mails", table_kwargs={"sqlite_autoincrement": True}) as batch:
        _checks(batch, kinds, about_one)
    op.create_index(
        "uq_account_mails_waiting_user", "account_mails", ["user_id"], unique=True, sqlite_where=sa.text(waiting)
    )


def _checks(batch: Any, kinds: str, about_one: str) -> None:
    for name, says in {"kind": f"kind IN ({kinds})", "about_one": about_one}.items():
        batch.drop_constraint(op.f(f"ck_account_mails_{name}"), type_="check")
        batch.create_check_constraint(op.f(f"ck_account_mails_{name}"), says)


def upgrade() -> None:
    op.drop_column("sign_in_link", "mailed")
    op.add_column("sign_in_link", sa.Column("used_by", sa.String(), nullable=True))
    op.add_column("login_session", sa.Column("network", sa.String(), server_default="", nullable=False))
    op.add_column("api_token", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_token", sa.Column("read_only", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.add_column("throttle", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    _about(KINDS, ABOUT_ONE, f"kind = 'sign_in' AND {WAITING}")


def downgrade() -> None:
    op.execute("DELETE FROM account_mails WHERE kind = 'address_changed'")
    _about(OLD_KINDS, OLD_ABOUT_ONE, WAITING)
    op.drop_column("throttle", "told_at")
    op.drop_column("api_token", "read_only")
    op.drop_column("api_token", "expires_at")
    op.drop_column("login_session", "network")
    op.drop_column("sign_in_link", "used_by")
    op.add_column("sign_in_link", sa.Column("mailed", sa.Boolean(), server_default=sa.text("0"), nullable=False))
