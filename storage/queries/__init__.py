"""Everything that people and the `referee` command may ask the database. Queries only read.

Import queries and their results from here, never from the modules below: an import contract in
pyproject.toml checks it.

Each query takes a SQLAlchemy session as its first argument and returns frozen dataclasses. Rates,
charts and durations leave challenge parts out; the ledger and single parts include them. A period
is ``since_utc_ns <= started < until_utc_ns``.
"""

from storage.database import open_sessions
from storage.queries.answer_times import Answer, last_answers
from storage.queries.challenges import last_challenges
from storage.queries.configured import configured_stations
from storage.queries.decisions import decided_parts
from storage.queries.distributions import (
    CauseCount,
    DurationCount,
    capture_to_plc_counts,
    no_verdict_causes,
)
from storage.queries.durations import capture_to_plc, latencies
from storage.queries.epoch_ledger import ledger, ledger_by_name
from storage.queries.part_stories import last_rejects, part_story
from storage.queries.quality import disposition_counts, pareto
from storage.queries.release_views import releases
from storage.queries.results import (
    Challenge,
    DecidedPart,
    DispositionCounts,
    DispositionView,
    LedgerRow,
    LineTile,
    ParetoRow,
    PartStory,
    PartTimes,
    Percentiles,
    PictureView,
    ReleaseView,
    VerdictView,
)
from storage.queries.schema import tables_exist
from storage.queries.station_tiles import line_tiles

__all__ = [
    "Answer",
    "CauseCount",
    "Challenge",
    "DecidedPart",
    "DispositionCounts",
    "DispositionView",
    "DurationCount",
    "LedgerRow",
    "LineTile",
    "ParetoRow",
    "PartStory",
    "PartTimes",
    "Percentiles",
    "PictureView",
    "ReleaseView",
    "VerdictView",
    "capture_to_plc",
    "capture_to_plc_counts",
    "configured_stations",
    "decided_parts",
    "disposition_counts",
    "last_answers",
    "last_challenges",
    "last_rejects",
    "latencies",
    "ledger",
    "ledger_by_name",
    "line_tiles",
    "no_verdict_causes",
    "open_sessions",
    "pareto",
    "part_story",
    "releases",
    "tables_exist",
]
