"""The recipe that a station's PLC selected, beside the bridge's phase."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("phases", sa.Column("recipe", sa.BigInteger))


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
