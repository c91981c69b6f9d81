"""Length and aspect ratio of a finding, which rules may ask about."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("findings", sa.Column("length", sa.Double))
    op.add_column("findings", sa.Column("aspect_ratio", sa.Double))


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
