"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.String(32)


def upgrade() -> None:
    _verdicts()
    _findings()
    _dispositions()
    _sequences()
    _releases()
    _phases()
    _pictures()
    _dead_letters()


def downgrade() -> None:
    raise NotImplementedError("forward only: a ledger is never dropped")


def _identity() -> list[sa.Column]:
    return [
        _row_id(),
        _station(),
        _integer("epoch"),
        _integer("trigger_seq"),
    ]


def _row_id() -> sa.Column:
    return sa.Column("id", ROW_ID, primary_key=True)


def _station(name: str = "station", *, primary_key: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(63), nullable=False, primary_key=primary_key)


def _integer(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _word(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, WORD, nullable=null)


def _json(name: str) -> sa.Column:
    return sa.Column(name, sa.JSON, nullable=False)


def _double(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Double, nullable=null)


def _moment(name: str, *, null: bool = False) -> list[sa.Column]:
    return [
        _integer(f"{name}_utc_ns", null=null),
        _integer(f"{name}_monotonic_ns", null=null),
        _text(f"{name}_boot", null=null),
    ]


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _once_a_part(table: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(
        "station", "epoch", "trigger_seq", name=f"uq_{table}_station_epoch_trigger_seq"
    )


def _verdicts() -> None:
    op.create_table(
        "verdicts",
        *_identity(),
        _text("verdict_id"),
        _integer("part_id"),
        _word("decision"),
        _word("cause", null=True),
        _text("detail"),
        _json("reasons"),
        _json("scores"),
        _double("peak_presence_logit", null=True),
        sa.Column("area_unit", sa.String(8), nullable=False),
        _integer("image_width_px", null=True),
        _integer("image_height_px", null=True),
        _text("source"),
        _text("release_id"),
        _text("model_version"),
        _integer("deadline_ms"),
        _json("timings_ms"),
        *_moment("started_at"),
        *_moment("captured_at", null=True),
        *_moment("decided_at"),
        _integer("stored_at_utc_ns"),
        _once_a_part("verdicts"),
    )
    _index("verdicts", "station", "started_at_utc_ns")
    _index("verdicts", "part_id")


def _findings() -> None:
    op.create_table(
        "findings",
        _row_id(),
        sa.Column(
            "verdict_row",
            ROW_ID,
            sa.ForeignKey("verdicts.id", name="fk_findings_verdict_row", ondelete="CASCADE"),
            nullable=False,
        ),
        _integer("position"),
        _text("prompt"),
        _double("area_px2"),
        _double("area"),
        _json("box_xyxy_px"),
        _json("centroid_xy_px"),
        _json("outline_px"),
        _double("presence_logit"),
        _double("margin_mean"),
        _double("margin_peak"),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.UniqueConstraint("verdict_row", "position", name="uq_findings_verdict_row_position"),
    )


def _dispositions() -> None:
    op.create_table(
        "dispositions",
        *_identity(),
        _integer("revision"),
        _integer("part_id"),
        _integer("encoder", null=True),
        _word("decision"),
        _word("cause", null=True),
        _word("mode"),
        _text("release_id"),
        _text("verdict_id", null=True),
        _text("late_verdict_id", null=True),
        _word("late_decision", null=True),
        _word("gate"),
        *_moment("started_at"),
        *_moment("presented_at", null=True),
        *_moment("acknowledged_at", null=True),
        _integer("stored_at_utc_ns"),
        _once_a_part("dispositions"),
    )
    ledger = ["station", "epoch", "decision", "cause", "trigger_seq"]
    op.create_index("ix_dispositions_ledger", "dispositions", ledger)
    _index("dispositions", "started_at_utc_ns")
    _index("dispositions", "station", "started_at_utc_ns")
    _index("dispositions", "part_id")


def _sequences() -> None:
    op.create_table(
        "sequences",
        _station(primary_key=True),
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        _integer("first_seq"),
        _integer("last_seq"),
        _integer("known_at_utc_ns"),
    )


def _releases() -> None:
    op.create_table(
        "releases",
        _station(primary_key=True),
        sa.Column("release_id", sa.Text, primary_key=True),
        _word("mode"),
        _json("config"),
        _integer("first_seen_at_utc_ns"),
    )
    op.create_table(
        "activations", _row_id(), _station(), _text("release_id"), _integer("at_utc_ns")
    )
    _index("activations", "station", "id")


def _phases() -> None:
    op.create_table(
        "phases",
        _row_id(),
        _station(),
        _station("process"),
        _text("phase"),
        _text("reason"),
        _integer("at_utc_ns"),
    )
    _index("phases", "station", "id")


def _pictures() -> None:
    op.create_table(
        "pictures",
        *_identity(),
        _text("path"),
        _integer("size_bytes"),
        sa.Column("sha256", sa.String(64), nullable=False),
        _text("source"),
        _text("release_id"),
        _integer("captured_at_utc_ns"),
        _integer("evicted_at_utc_ns", null=True),
        _once_a_part("pictures"),
    )
    _index("pictures", "evicted_at_utc_ns", "captured_at_utc_ns")


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("digest", sa.String(64), primary_key=True),
        _text("topic"),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        _text("reason"),
        _integer("count"),
        _integer("first_seen_at_utc_ns"),
        _integer("last_seen_at_utc_ns"),
    )
