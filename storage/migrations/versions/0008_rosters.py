"""Which stations the line had, and since when."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rosters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("roster_id", sa.Text, nullable=False),
        sa.Column("stations", sa.JSON, nullable=False),
        sa.Column("at_utc_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rosters"),
    )


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
