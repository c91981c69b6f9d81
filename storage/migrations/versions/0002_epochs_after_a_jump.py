"""Epochs that began by a jump of the PLC's counter."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    marked = sa.Column("after_jump", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("sequences", marked)


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
