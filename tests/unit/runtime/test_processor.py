"""The processor's name, from the system's own description of it."""

from __future__ import annotations

import platform
from pathlib import Path

from runtime.process.processor import processor_name


def test_the_processor_is_named_by_its_model(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel\t\t: 1\nmodel name\t: Some CPU: 2 GHz\nflags\t: x\n")
    assert processor_name(info) == "Some CPU: 2 GHz"


def test_without_a_model_name_it_is_the_architecture(tmp_path: Path) -> None:
    expected = platform.processor() or platform.machine()
    assert processor_name(tmp_path / "missing") == expected
    (tmp_path / "arm").write_text("processor\t: 0\nBogoMIPS\t: 50.0\n")
    assert processor_name(tmp_path / "arm") == expected
