"""`referee apply` changes prompts and rules between parts, and no part is lost over it."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from runtime.linefile.line_file import load_line_file
from runtime.process.run_folder import RunFolder
from storage.models import VerdictRow
from storage.queries import ledger, open_sessions, releases
from tests.e2e.lines import (
    ROOT,
    Up,
    await_that,
    referee,
    running,
    summary_of,
    up,
    write_line,
)


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


def test_stations_come_go_and_are_renamed_on_a_running_line(tmp_path: Path) -> None:
    with up(tmp_path, "--no-dashboard") as line:
        first = yaml.safe_load((tmp_path / "line.yaml").read_text())
        (plate,) = first["stations"].values()
        stages = stage_pids(line)

        def applied(stations: dict[str, Any], *more: str) -> dict[str, str]:
            file = tmp_path / "changed.yaml"
            file.write_text(yaml.safe_dump(first | {"stations": stations}))
            words = ("apply", str(file), "--run-dir", str(line.folder.path), "--json", *more)
            ended = referee(*words)
            changes = json.loads(ended.stdout)["changes"]
            outcomes = {each["subject"]: each["outcome"] for each in changes}
            done = {"in force now", "unchanged"} >= set(outcomes.values())
            assert ended.returncode == (0 if done else 1), ended
            return outcomes

        other = plate | {"plc": {"unit": 9}}
        added = applied({"plate": plate, "other": other})
        assert added == {
            "plate": "unchanged",
            "other": "in force now",
            "soft-plc": "needs a restart",
        }
        with socket.create_server(("127.0.0.1", 0)) as taken:
            sockets = first["sockets"] | {"dashboard": taken.getsockname()[1]}
            file = tmp_path / "taken.yaml"
            file.write_text(yaml.safe_dump(first | {"sockets": sockets}))
            ended = referee("apply", str(file), "--run-dir", str(line.folder.path))
            assert ended.returncode == 2
            assert "sockets.dashboard" in ended.stderr
        assert applied({"plate": plate, "other": other})["other"] == "unchanged", "nothing was done"
        unclear = applied({"plate": plate, "lid": other})
        assert (unclear["lid"], unclear["other"]) == ("refused", "refused")
        renamed = {"plate": plate, "lid": other | {"renamed_from": "other"}}
        assert applied(renamed)["lid"] == "in force now"
        assert applied(renamed, "--restart")["soft-plc"] == "in force now"
        await_that(lambda: parts_of(line.folder, "lid") > 2, "the new station inspects parts")
        removed = applied({"plate": plate}, "--restart")
        assert removed["lid"] == "in force now"
        assert stage_pids(line) == stages, "a stage was restarted"
        await_that(lambda: all_closed_but_newest(line.folder), "the ledger of both stations closes")


def stage_pids(line: Up) -> dict[str, int]:
    stages = ("bridge", "ingest", "inference", "storage", "archive")
    return {each.name: each.pid for each in line.supervisor.processes() if each.name in stages}


def parts_of(folder: RunFolder, station: str) -> int:
    with open_sessions(folder.database_url)() as session:
        return sum(row.passed + row.rejected for row in ledger(session, station))


def all_closed_but_newest(folder: RunFolder) -> bool:
    """The station that stays goes on; the other's last epoch has ended."""
    with open_sessions(folder.database_url)() as session:
        rows = ledger(session)
    newest = max(row.epoch for row in rows if row.station == "plate")
    return all(row.closed for row in rows if (row.station, row.epoch) != ("plate", newest))
