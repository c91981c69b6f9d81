"""The page of a made-up bench."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.line.line_page import write_page
from benchmarks.line.report import as_json
from benchmarks.line.spread import Spread
from tests.unit.benchmarks.bench_run import a_run, looks, watched


@pytest.fixture
def report(tmp_path: Path) -> Path:
    run = replace(a_run(), paper=Spread.of([8000.0]), memory=watched(looks(40, 0.002)))
    file = tmp_path / "run.json"
    file.write_text(json.dumps(as_json(run)))
    return file


def test_the_page_tells_ratios_before_times_and_what_was_missed(report: Path) -> None:
    page = report.with_name("benchmarks.md")
    write_page(report, page)
    text = page.read_text()
    heads = re.findall(r"^## (.*)$", text, re.M)
    assert heads[:3] == ["Must hold", "Ratios", "Times"]
    assert (
        "over a network of the paper's size in torch | at least 100 | 99.01 | **missed** by" in text
    )
    assert "| at least 0.75, aim 0.9 | 0.808 | reached by 0.058 (8%) |" in text
    assert "| **trigger to registers** | **81.00** |" in text
    assert "| ingest, simulated | 9.0 |" in text
    assert "| full load | overload | 2 | 3.0 | 5.0 | 5.0 |" in text
    assert "| redis-frames | 5.0 | 512 | 2 | frames:s1 3 |" in text
    for plot in re.findall(r"\]\(([^)]+\.svg)\)", text):
        assert (page.parent / plot).is_file()


def test_the_same_run_gives_the_same_bytes(report: Path, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_page(report, tmp_path / name / "benchmarks.md")
        files = sorted((tmp_path / name).rglob("*.*"))
        written.append([file.read_bytes() for file in files])
        assert [file.name for file in files] == ["memory.svg", "steps.svg", "benchmarks.md"]
    assert written[0] == written[1]


def test_a_run_without_torch_and_without_memory_has_a_page(tmp_path: Path) -> None:
    file, page = tmp_path / "run.json", tmp_path / "page.md"
    file.write_text(json.dumps(as_json(replace(a_run(), torch_loop=None))))
    write_page(file, page)
    assert "| the loop | – | – | – | – |" in page.read_text()
    assert "memory.svg" not in page.read_text()
