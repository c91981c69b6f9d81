"""docs/benchmarks.md from the JSON object of `referee bench line`, with its plots.

    referee bench line --json > docs/benchmarks.json
    referee bench page docs/benchmarks.json --out docs/benchmarks.md

Nothing is measured here: the same object gives the same page. Plots go into a folder that has the
page's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.line.plots import memory_plot, steps_plot
from benchmarks.line.scenario import FULL, HALF
from benchmarks.line.targets import targets
from benchmarks.markdown import table
from runtime.process.files import made_folder, read_json, write_text

Report = Mapping[str, Any]
NONE = "–"

HOW = """\
## How

One run on one machine; "load at the start" shows whether anything else ran on it. Pictures are
rendered parts, encoded as JPEG beforehand and served from files, so neither a renderer nor a
camera's encoder is timed. *Bare network*: the exported file that the line serves, in ONNX Runtime
with the same threads; pictures are decoded and prompts encoded beforehand. *Through Triton*: the
same, with transport and decoding. The bare network with one prompt is timed before half and full
load and again after them, because the machine's speed drifts. *The line*: `referee up` with all
its processes, for all stations of the run at once. Ingest and the soft PLC stand for equipment
that a plant has anyway; they are listed separately. A load is the number of triggers a second,
divided by the parts a second that the bare network does one after the other; the load *memory*
uses small pictures, and so does its bare network. Percentiles are nearest rank. Times from the
trigger begin when the bridge sees it, times from the capture at the camera's shutter; both end
when the result is on the PLC's registers and in the bridge's journal. Processor time is that of
all threads and child processes; memory is proportional set size (PSS).

*The loop* is the plain alternative: cv2 and the shipped weights in torch, without a line. *Paper*
is a network of the paper's size (Swin-B, 480 x 480 px) in torch with random weights and one
prompt; encoding the prompt is not counted."""

STEPS = """\
Means over inspected parts; they add up to the time from the trigger to the registers. The
camera's encoding counts as queue, because the shutter is stamped before it. *To and from the
model* includes waiting for the part before. *Rules, journal and broker* is the verdict's way from
inference to the bridge."""


def write_page(report_file: Path, page: Path) -> None:
    """Write the page and its plots from what `referee bench line --json` printed."""
    report = read_json(report_file)
    folder = page.with_suffix("")
    made_folder(folder)
    steps_plot(report, folder / "steps.svg")
    if grew(report):
        memory_plot(report["memory_growth"], folder / "memory.svg")
    write_text(page, document(report, folder.name))


def grew(report: Report) -> bool:
    """Whether memory was watched."""
    return isinstance(report["memory_growth"], Mapping)


def document(report: Report, folder: str) -> str:
    """The page; its plots lie in ``folder``, as seen from it."""
    parts = [
        _head(report["about"]),
        "## Must hold\n\n" + _targets(report),
        "## Ratios\n\n" + _ratios(report["ratios"]),
        "## Times\n\n" + _times(report),
        f"## Where a part's time goes\n\n{STEPS}\n\n![steps]({folder}/steps.svg)\n\n"
        + _steps(report),
        "## What a part costs\n\n" + _costs(report),
        "## Scenarios\n\n" + _scenarios(report["scenarios"]),
        "## Parts without a verdict\n\n" + _refused(report["scenarios"]),
    ]
    if grew(report):
        parts.append(_growth(report["memory_growth"], folder))
    return "\n\n".join([*parts, HOW]) + "\n"


def _head(about: Mapping[str, Any]) -> str:
    rows = [
        [name, f"`{value}`" if name == "command" else str(value)] for name, value in about.items()
    ]
    return (
        "# The line compared with its network alone\n\nRatios compare two times of one run and "
        "hold on other machines too; milliseconds are those of this machine.\n\n"
        + table(["", ""], rows)
    )


def _targets(report: Report) -> str:
    rows = [
        [each.name, each.wanted, _number(each.measured, "{:.4g}"), each.verdict]
        for each in targets(report)
    ]
    return table(["", "limit", "measured", ""], rows)


def _ratios(ratios: Mapping[str, float]) -> str:
    return table(["", "ratio"], [[f"`{name}`", f"{value:.3f}"] for name, value in ratios.items()])


def _times(report: Report) -> str:
    rows = {f"bare network, {_prompts(n)}": ms for n, ms in report["network_ms_by_prompts"].items()}
    rows |= {
        f"through Triton, {_prompts(n)}": ms for n, ms in report["triton_ms_by_prompts"].items()
    }
    rows |= {
        "the line at half load, capture to PLC": report["capture_to_plc_ms"],
        "the loop": report["torch_loop_ms"],
        "paper": report["paper_ms"],
    }
    return table(
        ["ms", "p50", "p95", "p99", "mean"],
        [
            [name, *(_of(ms, which) for which in ("p50", "p95", "p99", "mean"))]
            for name, ms in rows.items()
        ],
    )


def _of(spread: Mapping[str, float] | str, which: str) -> str:
    return NONE if isinstance(spread, str) else f"{spread[which]:.1f}"


def _prompts(count: str) -> str:
    return f"{count} prompt" if count == "1" else f"{count} prompts"


def _steps(report: Report) -> str:
    steps = report["where_time_goes_ms"]
    whole = sum(steps.values())
    rows = [[name, f"{ms:.2f}", f"{ms / whole:.1%}"] for name, ms in steps.items()]
    rows.append(["**trigger to registers**", f"**{whole:.2f}**", ""])
    return table([HALF, "ms", "share"], rows)


def _costs(report: Report) -> str:
    cpu, memory, simulated = (
        report[name] for name in ("cpu_ms_per_part", "memory_mb", "simulators")
    )
    own = {name: ms for name, ms in cpu.items() if name not in simulated}
    rows = [[name, f"{ms:.1f}", f"{memory[name]:.0f}"] for name, ms in _most_first(own)]
    rows.append(
        ["**servers and stages**", f"**{sum(own.values()):.1f}**", f"**{memory['total']:.0f}**"]
    )
    rows += [
        [f"{name}, simulated", f"{ms:.1f}", NONE]
        for name, ms in _most_first(cpu)
        if name in simulated
    ]
    rows.append(["the bare network's wall time", f"{report['network_ms']['mean']:.1f}", NONE])
    return f"A triggered part at {FULL}.\n\n" + table(["", "CPU ms a part", "MB"], rows)


def _most_first(values: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(values.items(), key=lambda item: -item[1])


def _scenarios(scenarios: Mapping[str, Any]) -> str:
    head = ["", "load", "parts", "inspected", "no verdict", "unanswered", "ledger"]
    head += ["inspected a second", "own CPU ms a part", "capture to PLC p50 ms", "p99 ms"]
    rows = [
        [
            name,
            *(f"{each['load']:.2g}", f"{each['parts']}", f"{each['inspected']}"),
            ", ".join(f"{count} {cause}" for cause, count in each["no_verdict"].items()) or NONE,
            str(each["unanswered"]),
            "closed" if each["ledger_closed"] else "**open**",
            f"{each['inspected_a_second']:.2f}",
            f"{each['own_cpu_ms_per_part']:.1f}",
            *(f"{each['capture_to_plc_ms'][which]:.1f}" for which in ("p50", "p99")),
        ]
        for name, each in scenarios.items()
    ]
    return table(head, rows)


def _refused(scenarios: Mapping[str, Any]) -> str:
    rows = [
        [name, cause, str(ms["parts"]), *(f"{ms[one]:.1f}" for one in ("p50", "p99", "largest"))]
        for name, each in scenarios.items()
        for cause, ms in each["no_verdict_trigger_to_plc_ms"].items()
    ]
    head = "From the trigger until the registers show that the part has no verdict.\n\n"
    return head + table(["", "cause", "parts", "p50 ms", "p99 ms", "largest ms"], rows)


def _growth(growth: Mapping[str, Any], folder: str) -> str:
    slopes = [
        [name, f"{each['mb']:+.2f}", f"{each['low']:+.2f} to {each['high']:+.2f}"]
        for name, each in growth["mb_per_10000_parts"].items()
    ]
    ends = [
        [
            name,
            *(f"{end['largest_mb']:.1f}", f"{end['bound_mb']:.0f}", str(end["keys"])),
            ", ".join(f"{stream} {count}" for stream, count in end["streams"].items()) or NONE,
        ]
        for name, end in growth["redis"].items()
    ]
    head = (
        f"## Memory over {growth['parts']} parts\n\nOne sample every {growth['every_s']:.1f} s; "
        f"the first {growth['warm_up_share']:.0%} of the parts are warm-up. Slopes are Theil-Sen; "
        "their intervals treat samples as independent, so they are somewhat too narrow.\n\n"
        f"![memory]({folder}/memory.svg)\n\n"
    )
    growth_table = table(["MB per 10,000 parts", "slope", "95 % interval"], slopes)
    redis = table(["at the end", "largest MB", "bound MB", "keys", "entries in streams"], ends)
    return f"{head}{growth_table}\n\n{redis}"


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else form.format(value)
