"""When the verdict that was presented reached the bridge."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for clock in ("utc_ns", "monotonic_ns"):
        op.add_column("dispositions", sa.Column(f"verdict_arrived_at_{clock}", sa.BigInteger))
    op.add_column("dispositions", sa.Column("verdict_arrived_at_boot", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
