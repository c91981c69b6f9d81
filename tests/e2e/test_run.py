"""`referee run` on the demo line: real Redis, Triton, broker, Modbus, SQL."""

from pathlib import Path

from tests.e2e.lines import ROOT, running, summary_of, total, write_line


def test_the_demo_line_accounts_for_every_part(tmp_path: Path) -> None:
    with running(write_line(tmp_path, parts_per_s=4), tmp_path / "run", 40) as process:
        summary = summary_of(process)
    assert summary["exit_code"] == 0, summary
    assert summary["triggered"] == total(summary) == 40
    assert summary["ledger_closed"]
    assert summary["gate"]["wrong_pass"] == summary["gate"]["over_rejected"] == 0
    assert summary["gate"]["passed"] + summary["gate"]["ejected"] == 40
    assert summary["capture_to_plc_ms"]["p50"] > 0
    assert summary["defective"] + summary["good"] == 40 - sum(summary["no_verdict"].values())


def test_a_line_file_with_a_typo_is_named_with_line_and_field(tmp_path: Path) -> None:
    line = tmp_path / "typo.yaml"
    line.write_text((ROOT / "lines" / "demo.yaml").read_text().replace("deadline_ms", "deadlin_ms"))
    with running(line, tmp_path / "run", 1) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert "typo.yaml:" in err
    assert "deadlin_ms" in err
    assert "deadline_ms" in err


def test_observe_lets_every_part_through_and_records_its_verdict(tmp_path: Path) -> None:
    line = write_line(tmp_path, parts_per_s=4, mode="observe")
    with running(line, tmp_path / "run", 20) as process:
        summary = summary_of(process)
    assert summary["exit_code"] == 0, summary
    assert summary["ledger_closed"]
    assert summary["gate"]["ejected"] == 0
    assert summary["pass"] + summary["reject"] > 0
