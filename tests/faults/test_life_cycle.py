"""One short sequence of the long campaign in tests/faults/life_cycle.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.life_cycle import LifeCycle


@pytest.fixture
def life(tmp_path: Path) -> Iterator[LifeCycle]:
    found = LifeCycle(tmp_path, seed=5)
    yield found
    found.end()


def test_a_line_that_is_killed_and_started_again_loses_no_part_and_leaves_no_process(
    life: LifeCycle,
) -> None:
    life.sequence(3)
