"""Every query on a filled database: what it counts, orders, leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.process_state import ProcessState, Role
from storage import queries
from storage.archive.picture_index import Picture, PictureIndex
from storage.models import ActivationRow
from storage.part_rows import record_disposition, record_verdict
from storage.process_states import record_state
from storage.release_store import active_release, record_cleared, record_release
from tests.unit.storage import every_query
from tests.unit.storage.filled_database import GUARD, fill
from tests.unit.storage.part_messages import (
    BEGIN_NS,
    SECOND_NS,
    at,
    disposition,
    finding,
    part,
    release,
    verdict,
)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions.begin() as session:
        fill(session)
    with sessions() as session:
        yield session


def test_ledger(session: Session) -> None:
    [row] = queries.ledger(session, "tiles")
    assert (row.triggered, row.passed, row.rejected) == (120, 104, 12)
    assert (row.no_verdict, row.missing, row.closed) == ({Cause.EXPIRED: 4}, 0, True)


def test_line_tiles(session: Session) -> None:
    [tile] = queries.line_tiles(session, now_utc_ns=BEGIN_NS + 119 * SECOND_NS)
    assert (tile.mode, tile.release_id, tile.phase) == (Mode.GUARD, GUARD.release_id, "running")
    assert tile.parts_last_hour == 120
    assert (tile.rejected_last_hour, tile.no_verdict_last_hour) == (12, 4)
    assert (tile.last_part, tile.last_decision) == (part(119), Decision.PASS)
    assert tile.capture_to_plc_ms.p99 == pytest.approx(50.0)
    [later] = queries.line_tiles(session, now_utc_ns=BEGIN_NS + 1200 * SECOND_NS)
    assert (later.parts_last_hour, later.capture_to_plc_ms.count) == (120, 0)


def test_a_tile_of_a_station_without_parts_has_no_numbers_of_others(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        record_release(session, release("lids"), 1)
        [tile] = queries.line_tiles(session, now_utc_ns=BEGIN_NS)
    assert (tile.station, tile.parts_last_hour) == ("lids", 0)
    assert (tile.last_decision, tile.phase, tile.capture_to_plc_ms.p50) == (None, None, None)


@pytest.mark.parametrize(
    ("recipes", "shown"), [({}, None), ({7: {"prompts": [{"words": "rust"}]}}, 7)]
)
def test_a_tile_has_the_recipe_of_a_station_that_has_recipes(
    sessions: sessionmaker[Session], recipes: dict[int, Any], shown: int | None
) -> None:
    told = ProcessState(
        process="bridge",
        role=Role.BRIDGE,
        online=True,
        ready=True,
        phases={"lids": "running"},
        recipes={"lids": 7},
        at_utc_ns=1,
    )
    with sessions.begin() as session:
        record_release(session, release("lids", recipes=recipes), 1)
        record_state(session, told, 1)
        [tile] = queries.line_tiles(session, now_utc_ns=BEGIN_NS)
    assert tile.recipe == shown


def test_last_rejects_with_outlines_and_picture(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    there = Picture(part(110), "tiles/1/0/110.png", 9, "0" * 64, "110.png", "r1", BEGIN_NS)
    PictureIndex(sessions, sessions).add([there])
    newest, before, *_ = queries.last_rejects(session, "tiles", limit=3)
    assert [newest.part, before.part] == [part(110), part(100)]
    assert newest.verdict is not None
    assert newest.verdict.findings[0] == finding(area=2.5)
    assert newest.verdict.reasons[0].rule == "any"
    assert newest.picture is not None
    assert newest.picture.path == "tiles/1/0/110.png"
    assert before.picture is None
    assert queries.last_rejects(session, "lids") == []


def test_dispositions_by_bucket(session: Session) -> None:
    until = BEGIN_NS + 100 * SECOND_NS
    rows = queries.disposition_counts(session, ["tiles"], 60, BEGIN_NS, until)
    assert all(row.bucket_start_utc_ns % (60 * SECOND_NS) == 0 for row in rows)
    assert sum(row.inspected for row in rows) == 96
    assert sum(row.rejected for row in rows) == 10
    assert sum(row.no_verdict for row in rows) == 4
    first_bucket = BEGIN_NS - BEGIN_NS % (60 * SECOND_NS)
    in_first = (first_bucket + 60 * SECOND_NS - BEGIN_NS) // SECOND_NS
    assert rows[0].inspected + rows[0].no_verdict == in_first
    assert queries.disposition_counts(session, "lids", 60, BEGIN_NS, until) == []


def test_pareto_counts_parts_with_counted_findings_once(session: Session) -> None:
    [row] = queries.pareto(session, "tiles", since_utc_ns=BEGIN_NS + SECOND_NS)
    assert (row.station, row.prompt, row.parts) == ("tiles", "scratch", 11)


def test_the_whole_story_by_identity_by_part_id_and_by_verdict(session: Session) -> None:
    for wanted in ("tiles/1/10", "1010", "v-tiles/1/10"):
        [story] = queries.part_story(session, wanted)
        assert (story.part, story.part_id) == (part(10), 1010)
    assert story.release_config == GUARD.document
    assert story.disposition is not None
    assert (story.disposition.decision, story.disposition.gate) == (
        Decision.REJECT,
        Gate.NOT_ASKED,
    )
    assert story.times is not None
    assert story.times.start_to_capture_ms == pytest.approx(10)
    assert story.times.capture_to_plc_ms == pytest.approx(50)
    assert story.times.verdict_to_plc_ms == pytest.approx(8)
    assert story.times.plc_to_acknowledge_ms == pytest.approx(5)
    assert story.times.timings_ms == {"model": 30.0}


@pytest.mark.parametrize(
    "wanted", ["tiles/9/9", "77", "nonsense", "a/b", "tiles/x/1", "", "9" * 30, f"tiles/{2**64}/1"]
)
def test_a_part_that_is_not_known_has_no_story(session: Session, wanted: str) -> None:
    assert queries.part_story(session, wanted) == []


def test_a_part_that_storage_half_knows(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        record_verdict(session, verdict(3), 0)
        record_disposition(session, disposition(4, Decision.NO_VERDICT), 0)
        [said], [done] = (queries.part_story(session, f"tiles/1/{seq}") for seq in (3, 4))
    assert said.verdict is not None
    assert (said.disposition, said.times) == (None, None)
    assert done.verdict is None
    assert done.disposition is not None
    assert done.disposition.cause is Cause.EXPIRED
    assert done.times is not None
    assert (done.times.capture_to_plc_ms, done.times.verdict_to_plc_ms) == (None, None)


def test_decided_parts_in_the_order_of_their_sequence(session: Session) -> None:
    rows = queries.decided_parts(session, since_utc_ns=BEGIN_NS + 4 * SECOND_NS)
    assert [row.part.trigger_seq for row in rows] == list(range(4, 120))
    assert (rows[1].decision, rows[1].source) == (Decision.NO_VERDICT, "")
    assert (rows[0].cause, rows[1].cause) == (None, Cause.EXPIRED)
    assert (rows[6].decision, rows[6].source) == (Decision.REJECT, "10.png")


def test_latencies_newest_first(session: Session) -> None:
    rows = queries.latencies(session, "tiles", since_utc_ns=BEGIN_NS, limit=2)
    assert [row.part.trigger_seq for row in rows] == [119, 118]


def test_percentiles_are_nearest_rank(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for seq in range(1, 101):
            record_verdict(session, verdict(seq, captured_at=at(seq)), 0)
            record_disposition(session, disposition(seq, presented_at=at(seq + seq / 1000)), 0)
        times = queries.capture_to_plc(session)["tiles"]
        counts = queries.capture_to_plc_counts(session, "tiles", 0, 2 * BEGIN_NS)
    assert (times.count, times.p50, times.p99) == (100, pytest.approx(50), pytest.approx(99))
    assert sum(row.parts for row in counts) == 100


def test_times_across_machines_rest_on_utc(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        record_verdict(session, verdict(1, captured_at=at(1.010, boot_id="camera")), 0)
        elsewhere = at(1.060).model_copy(update={"monotonic_ns": 5, "boot_id": "bridge"})
        record_disposition(session, disposition(1, presented_at=elsewhere), 0)
        [times] = queries.latencies(session)
    assert times.capture_to_plc_ms == pytest.approx(50)


def test_causes_by_bucket(session: Session) -> None:
    rows = queries.no_verdict_causes(session, "tiles", 3600, 0, 2 * BEGIN_NS)
    assert sum(row.parts for row in rows) == 4
    assert {row.cause for row in rows} == {Cause.EXPIRED}


def test_releases_newest_activation_first(sessions: sessionmaker[Session]) -> None:
    observe, guard = release(mode="observe"), release(mode="guard")
    with sessions.begin() as session:
        for number, one in enumerate([observe, guard, guard, observe]):
            record_release(session, one, number)
        views = queries.releases(session, "tiles")
        assert record_cleared(session, "tiles", 9)
        assert not any(view.active for view in queries.releases(session))
    assert [(v.release_id, v.active) for v in views] == [
        (observe.release_id, True),
        (guard.release_id, False),
    ]


def test_a_release_has_who_put_it_in_force_and_why(sessions: sessionmaker[Session]) -> None:
    guard = release(mode="guard", who="anna", why="all known parts were called right")
    bypass = release(mode="bypass", who="ben", why="the gate is mended")
    with sessions.begin() as session:
        assert record_release(session, guard, 1)
        assert record_release(session, bypass, 2)
        assert not record_release(session, bypass, 3)  # retained: it comes again and again
        longer = bypass.model_copy(update={"why": "the gate is still mended"})
        assert record_release(session, longer, 4)
        newest, before = queries.releases(session)
        [active] = [view for view in queries.releases(session) if view.active]
        assert active_release(session, "tiles") == longer
        warned = longer.model_copy(update={"word_warnings": {"a scratch": ("unlike all",)}})
        assert record_release(session, warned, 4)
        assert not record_release(session, warned, 5)
        assert active_release(session, "tiles") == warned
        assert queries.releases(session)[0].word_warnings == {"a scratch": ["unlike all"]}
        assert record_release(session, longer, 4)
    assert newest == active
    assert (active.mode, active.activated_at_utc_ns) == (Mode.BYPASS, 4)
    assert (active.who, active.why) == ("ben", "the gate is still mended")
    assert (before.mode, before.activated_at_utc_ns) == (Mode.GUARD, 1)
    assert (before.who, before.why) == ("anna", "all known parts were called right")


def test_a_part_of_a_recipe_finds_what_it_was_judged_by(sessions: sessionmaker[Session]) -> None:
    recipes = {2: {"prompts": [{"words": "rust"}]}}
    line = release(mode="guard", recipes=recipes)
    rust = line.of_recipe(2)
    assert rust is not None
    with sessions.begin() as session:
        record_release(session, line, 1)
        record_verdict(session, verdict(1, release_id=rust.release_id), 2)
        [story] = queries.part_story(session, "tiles/1/1")
        assert active_release(session, "tiles") == line
        [view] = queries.releases(session)
    assert story.release_config == rust.document
    assert view.release_id == line.release_id


def test_a_bypass_that_an_older_version_let_go_unsigned_is_not_given_back(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        record_release(session, release(mode="bypass", who="ben", why="a trial"), 1)
        session.execute(update(ActivationRow).values(who="", why=""))
        session.expire_all()
        assert active_release(session, "tiles") is None


def test_the_list_of_every_query_is_complete() -> None:
    """Other tests ask all of them: of an old database, and of PostgreSQL."""
    assert set(every_query.QUERIES) == every_query.names_of_queries()
