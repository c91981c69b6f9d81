"""What people and the `referee` command may ask the database. Reads only.

Rates, charts and durations leave challenge parts out; the ledger and single parts do not.
Every query takes a SQLAlchemy session as first argument and answers with frozen dataclasses
(`storage.queries.results`). A window is ``since_utc_ns <= started < until_utc_ns``.
"""

from contracts.messages import Finding as FindingView
from storage.database import open_sessions
from storage.queries.challenges import last_challenges
from storage.queries.decisions import decided_parts
from storage.queries.ledger import ledger
from storage.queries.line import line_tiles
from storage.queries.parts import last_rejects, part_story
from storage.queries.releases import mode_changes, phase_changes, releases
from storage.queries.results import (
    Challenge,
    DecidedPart,
    DefectRate,
    DispositionView,
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
    VerdictView,
)
from storage.queries.times import capture_to_plc, latencies
from storage.queries.trends import defect_rate, pareto

__all__ = [
    "Challenge",
    "DecidedPart",
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
    "VerdictView",
    "capture_to_plc",
    "decided_parts",
    "defect_rate",
    "last_challenges",
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
