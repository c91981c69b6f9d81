"""A line database of version 1 stays readable.

``tests/fixtures/v1/line_database.sqlite.gz`` is what ``referee run --line lines/demo.yaml --parts
40 --json`` left behind at migration 0006, and ``PRINTED`` is from what that run printed. The file
is never made again: a later version adds one of its own.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from contracts.causes import Decision
from contracts.release import StationConfig
from storage import queries
from storage.database import open_sessions, upgrade
from tests.unit.storage import every_query

FIXTURE = Path(__file__).parents[2] / "fixtures" / "v1" / "line_database.sqlite.gz"
PRINTED: dict[str, Any] = {
    "triggered": 40,
    "pass": 29,
    "reject": 11,
    "no_verdict": {},
    "ledger_closed": True,
    "missing": 0,
    "capture_to_plc_ms": {"p50": 86.1, "p99": 531.2},
}
STATION = "plate"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database as it was, then migrated by today's code."""
    file = tmp_path_factory.mktemp("v1") / "referee.sqlite"
    file.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    assert version(file) == "0006"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def session(file: Path) -> Iterator[Session]:
    with open_sessions(f"sqlite:///{file}")() as session:
        yield session


def version(file: Path) -> str:
    with sqlite3.connect(file) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_the_ledger_is_closed_with_the_counts_that_the_run_printed(session: Session) -> None:
    [row] = queries.ledger(session)
    assert (row.closed, row.missing) == (PRINTED["ledger_closed"], PRINTED["missing"])
    counts = {"triggered": row.triggered, "pass": row.passed, "reject": row.rejected}
    assert counts == {name: PRINTED[name] for name in counts}
    assert row.no_verdict == PRINTED["no_verdict"]


def test_durations_are_those_that_the_run_printed(session: Session) -> None:
    times = queries.capture_to_plc(session)[STATION]
    assert times.count == PRINTED["pass"] + PRINTED["reject"]
    assert times.p50 == pytest.approx(PRINTED["capture_to_plc_ms"]["p50"], abs=0.05)
    assert times.p99 == pytest.approx(PRINTED["capture_to_plc_ms"]["p99"], abs=0.05)


def test_every_query_has_an_answer(session: Session) -> None:
    answers = every_query.answers(session, STATION)
    empty = {name for name, answer in answers.items() if not answer}
    assert empty == {"configured_stations", "last_challenges", "no_verdict_causes"}  # it had none


def test_queries_agree_with_each_other_and_with_the_run(session: Session) -> None:
    ask = every_query.answers(session, STATION)
    [tile] = ask["line_tiles"]
    assert (tile.parts_last_hour, tile.rejected_last_hour) == (40, PRINTED["reject"])
    buckets = ask["disposition_counts"]
    assert sum(bucket.inspected for bucket in buckets) == PRINTED["triggered"]
    assert sum(bucket.rejected for bucket in buckets) == PRINTED["reject"]
    decided = [part.decision for part in ask["decided_parts"]]
    assert decided.count(Decision.PASS) == PRINTED["pass"]
    assert sum(row.parts for row in ask["capture_to_plc_counts"]) == PRINTED["triggered"]
    assert len(ask["last_answers"]) == len(ask["latencies"]) == PRINTED["triggered"]


def test_a_rejected_part_is_explained(session: Session) -> None:
    newest, *_ = queries.last_rejects(session, limit=1)
    assert newest.verdict is not None
    assert newest.verdict.reasons
    assert all(found.outline_px for found in newest.verdict.findings)
    assert newest.picture is not None
    assert newest.release_config is not None
    config = StationConfig.model_validate(newest.release_config)
    assert {reason.prompt for reason in newest.verdict.reasons} <= {p.name for p in config.prompts}


def test_the_release_in_force_is_understood(session: Session) -> None:
    [view] = queries.releases(session)
    assert view.active
    assert StationConfig.model_validate(view.config).deadline_ms == 1000
