"""What people and the `referee` command may ask the database. Reads only.

Every query takes a SQLAlchemy session as first argument and answers with frozen dataclasses
(`storage.queries.results`). A window is ``since_utc_ns <= started < until_utc_ns``.
"""

from storage.database import open_sessions
from storage.queries.ledger import ledger
from storage.queries.line import line_tiles
from storage.queries.parts import last_rejects, part_story
from storage.queries.releases import mode_changes, phase_changes, releases
from storage.queries.results import (
    DefectRate,
    DispositionView,
    FindingView,
    LedgerRow,
    LineTile,
    ModeChange,
    ParetoRow,
    PartStory,
    PartTimes,
    Percentiles,
    PhaseChange,
    PictureView,
    ReleaseView,
    ScoreView,
    VerdictView,
)
from storage.queries.times import capture_to_plc, latencies
from storage.queries.trends import defect_rate, pareto

__all__ = [
    "DefectRate",
    "DispositionView",
    "FindingView",
    "LedgerRow",
    "LineTile",
    "ModeChange",
    "ParetoRow",
    "PartStory",
    "PartTimes",
    "Percentiles",
    "PhaseChange",
    "PictureView",
    "ReleaseView",
    "ScoreView",
    "VerdictView",
    "capture_to_plc",
    "defect_rate",
    "last_rejects",
    "latencies",
    "ledger",
    "line_tiles",
    "mode_changes",
    "open_sessions",
    "pareto",
    "part_story",
    "phase_changes",
    "releases",
]
