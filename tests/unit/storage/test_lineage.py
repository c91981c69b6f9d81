"""A renamed station has the parts of its name before; every part is shown under one name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision
from storage import queries
from storage.part_rows import record_disposition, record_verdict
from storage.queries.lineage import Activated, Lineage, Span
from storage.release_store import record_cleared, record_release
from tests.unit.storage.part_messages import (
    BEGIN_NS,
    SECOND_NS,
    disposition,
    part,
    release,
    verdict,
)

ALWAYS = 0, 2**62
NAMES = ["a", "b", "c"]


def activated(station: str, at: int, renamed_from: str | None = None) -> Activated:
    return Activated(station, renamed_from, False, at)


def names_of(known: Lineage, name: str, at: int) -> list[str]:
    """Every name under which a part is shown."""
    return [each for each in NAMES if any(span.has(name, at) for span in known.of(each))]


class Line:
    """Stations that are renamed, removed and added, and the name that owns each part."""

    def __init__(self) -> None:
        self.at = 0
        self.activations: list[Activated] = []
        self.before: dict[str, str | None] = dict.fromkeys(NAMES)
        self.owners: dict[tuple[str, int], str] = {}
        self.present = {"a"}
        self.put("a", None)

    def put(self, name: str, renamed_from: str | None) -> None:
        self.activations.append(activated(name, self.at, renamed_from))
        self.before[name] = renamed_from

    def act(self, what: str, one: str, other: str) -> None:
        self.at += 10
        match what:
            case "part" if one in self.present:
                self.owners[one, self.at] = one
            case "rename" if one in self.present and other not in self.present:
                self.present ^= {one, other}
                if self.before[other] != one:
                    moved = {part: other for part, owner in self.owners.items() if owner == one}
                    self.owners |= moved
                self.put(other, one)
                self.clear(one)
            case "change" if one in self.present:
                self.put(one, self.before[one])
            case "add" if one not in self.present:
                self.present.add(one)
                self.put(one, None)
            case "remove" if self.present > {one}:
                self.present.remove(one)
                self.clear(one)

    def clear(self, name: str) -> None:
        self.activations.append(Activated(name, None, True, self.at))
        self.before[name] = None


ACTIONS = st.tuples(
    st.sampled_from(["part", "part", "rename", "change", "add", "remove"]),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
)


@given(st.lists(ACTIONS, min_size=12, max_size=40))
def test_every_part_is_shown_under_the_one_name_that_owns_it(
    actions: Sequence[tuple[str, str, str]],
) -> None:
    line = Line()
    for action in actions:
        line.act(*action)
    known = Lineage(line.activations)
    for shown, owner in line.owners.items():
        assert names_of(known, *shown) == [owner]
        assert known.name_of(*shown) == owner


def test_a_line_without_a_renaming_has_every_station_as_it_is() -> None:
    known = Lineage(())
    assert known.of("a") == (Span("a"),)
    assert known.former == frozenset()


def test_a_name_that_is_used_again_begins_anew() -> None:
    known = Lineage([activated("a", 1), activated("b", 10, "a"), activated("a", 20)])
    assert known.of("b") == (Span("a", None, 20), Span("b"))
    assert known.of("a") == (Span("a", 20),)
    assert known.former == frozenset()


def test_a_station_that_was_renamed_twice_has_all_its_parts() -> None:
    known = Lineage([activated("a", 1), activated("b", 10, "a"), activated("c", 20, "b")])
    assert [span.station for span in known.of("c")] == ["a", "b", "c"]
    assert known.former == {"a", "b"}


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Session:
    """Two parts of ``old``, then one of ``new``, which is what ``old`` is called now; one of
    ``other``."""
    with sessions.begin() as session:
        for number, (station, seq) in enumerate([("old", 1), ("old", 2), ("new", 1), ("other", 1)]):
            renamed = {"renamed_from": "old"} if station == "new" else {}
            record_release(session, release(station, **renamed), BEGIN_NS + number * SECOND_NS)
            key = part(seq, station, 1 + number // 2)
            record_verdict(session, verdict(seq, Decision.REJECT, part=key), BEGIN_NS)
            settled = disposition(seq, Decision.REJECT, part=key)
            record_disposition(session, settled, BEGIN_NS)
        record_cleared(session, "old", BEGIN_NS + 9 * SECOND_NS)
    return sessions()


def test_queries_show_the_parts_of_the_name_before(session: Session) -> None:
    counts = queries.disposition_counts(session, "new", 3600, *ALWAYS)
    assert [(each.station, each.inspected) for each in counts] == [("new", 3)]
    everything = queries.disposition_counts(session, None, 3600, *ALWAYS)
    assert {each.station: each.inspected for each in everything} == {"new": 3, "other": 1}
    assert queries.disposition_counts(session, "old", 3600, *ALWAYS) == []
    assert [(row.station, row.parts) for row in queries.pareto(session, "new", *ALWAYS)] == [
        ("new", 3)
    ]
    durations = queries.capture_to_plc_counts(session, "new", *ALWAYS)
    assert sum(each.parts for each in durations) == 3


def test_the_line_now_shows_the_station_once_with_the_parts_of_both_names(session: Session) -> None:
    tiles = {each.station: each for each in queries.line_tiles(session, BEGIN_NS + 60 * SECOND_NS)}
    assert set(tiles) == {"new", "other"}
    assert (tiles["new"].parts_last_hour, tiles["new"].rejected_last_hour) == (3, 3)
    assert tiles["new"].last_part == part(1, "new", 2)
    assert tiles["new"].capture_to_plc_ms.count == 3
    rejects = queries.last_rejects(session, stations=["new"])
    assert [str(each.part) for each in rejects] == ["new/2/1", "old/1/2", "old/1/1"]
    ledger = queries.ledger_by_name(session)
    assert [(row.station, row.triggered) for row in ledger["new"]] == [("new", 1), ("old", 2)]
