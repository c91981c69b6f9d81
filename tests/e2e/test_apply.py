"""`referee apply` changes prompts and rules between parts, and no part is lost over it."""

import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import select

from runtime.linefile.line_file import load_line_file
from runtime.process.run_folder import RunFolder
from storage.models import VerdictRow
from storage.queries import open_sessions, releases
from tests.e2e.lines import ROOT, running, summary_of, write_line


def test_a_release_is_changed_between_parts(tmp_path: Path) -> None:
    line, run_dir = write_line(tmp_path, parts_per_s=4), tmp_path / "run"
    (tmp_path / "changed").mkdir()
    prompts = [{"words": "any defect", "label": "anything", "smallest_area": 1.0}]
    changed = write_line(tmp_path / "changed", parts_per_s=4, prompts=prompts)
    with running(line, run_dir, 120) as process:
        wait_for_the_belt(run_dir)
        apply = [sys.executable, "-m", "referee", "apply", str(changed), "--run-dir", str(run_dir)]
        subprocess.run(apply, cwd=ROOT, check=True, timeout=60)
        summary = summary_of(process)
    assert summary["exit_code"] == 0, summary
    assert summary["ledger_closed"]
    first, second = (load_line_file(file).releases()[0].release_id for file in (line, changed))
    with open_sessions(RunFolder(run_dir).database_url)() as session:
        in_order = session.scalars(select(VerdictRow.release_id).order_by(VerdictRow.trigger_seq))
        used = [release for release in in_order if release]
        active = {view.release_id: view.active for view in releases(session)}
    assert used == sorted(used, key=[first, second].index), "a release came back after it was left"
    assert set(used) == {first, second}
    assert active == {first: False, second: True}


def wait_for_the_belt(run_dir: Path) -> None:
    """Until some parts are through."""
    deadline = time.monotonic() + 240
    while not RunFolder(run_dir).soft_plc_report.exists():
        assert time.monotonic() < deadline, "the belt never started"
        time.sleep(0.2)
    time.sleep(3)
