"""Challenge parts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    marked = sa.Column("challenge", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("dispositions", marked)
    op.create_index(
        "ix_dispositions_challenges",
        "dispositions",
        ["station", "epoch", "trigger_seq"],
        sqlite_where=sa.text("challenge = 1"),
        postgresql_where=sa.text("challenge"),
    )


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
