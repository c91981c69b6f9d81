"""A line whose packages are missing is refused before anything is started."""

from __future__ import annotations

import importlib.util

import pytest

from contracts.errors import UserError
from referee.line.requirements import refuse_missing
from referee.line.start import Start
from referee.project import DEMO_LINE
from runtime.linefile.line_file import load_line_file


@pytest.fixture
def start() -> Start:
    return Start.here(load_line_file(DEMO_LINE), soft_plc=True, dashboard=True)


def test_here_nothing_is_missing(start: Start) -> None:
    refuse_missing(start)


def test_all_that_is_missing_is_named_with_its_remedy(start: Start, monkeypatch) -> None:
    known = importlib.util.find_spec
    hidden = ("streamlit", "pymodbus")
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n in hidden else known(n))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError) as refused:
        refuse_missing(start)
    for named in (*hidden, "redis-server", "mosquitto", "make setup"):
        assert named in str(refused.value)
    refuse_only = start.model_copy(update={"dashboard": False})
    with pytest.raises(UserError) as refused:
        refuse_missing(refuse_only)
    assert "streamlit" not in str(refused.value)
