"""Who put a release in force, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for said in ("who", "why"):
        column = sa.Column(said, sa.Text, nullable=False, server_default="")
        op.add_column("activations", column)


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
