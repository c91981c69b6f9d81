"""What the network may not understand in a release's prompts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("activations", sa.Column("word_warnings", sa.JSON, nullable=True))


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")
