"""The results of `referee evaluate` as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.process.console import Table


def tables(about: dict[str, Any], report: dict[str, Any]) -> Iterator[Table | str]:
    """A table of parts, of words, of pixels; and of times where there are some."""
    yield _about(about, f", prompt {about['prompt']!r}")
    lines = report["lines"]
    yield _parts(lines)
    yield _kinds(lines)
    yield _words(lines)
    yield _sizes(lines)
    if any("pixel" in figures for figures in lines.values()):
        yield _pixels(lines)
    if "speed" in report:
        yield _speed(report["speed"])


def word_tables(about: dict[str, Any], report: dict[str, Any]) -> Iterator[Table | str]:
    """A table of how expressions of each form are understood, and one of zones, sizes, counts."""
    yield _about(about)
    for title, name in (("Forms", "forms"), ("Zones, sizes and counts", "narrowed_by")):
        table = _table(
            title, "line", name.replace("_", " "), "samples", "mIoU", "oIoU", "N-acc", "T-acc"
        )
        for line, figures in report["lines"].items():
            for each, row in figures[name].items():
                numbers = (_number(row[figure]) for figure in ("miou", "oiou", "n_acc", "t_acc"))
                table.add_row(line, each.replace("_", " "), str(row["samples"]), *numbers)
        yield table


def _about(about: dict[str, Any], prompt: str = "") -> str:
    return (
        f"{about['data']}, split {about['split']}: {about['weights']} ({about['engine']})"
        f"{prompt}, smallest area {about['smallest_area_px2']:g} px2\n"
        f"{about['date']}, {about['machine']}, {about['cores']} cores, {about['threads']} threads"
    )


def agreement_text(found: dict[str, Any]) -> str:
    """One line."""
    first, second = found["engines"]
    return (
        f"{first} and {second}: mask IoU least {found['least_iou']:.4f}, median "
        f"{found['median_iou']:.4f}, over {found['images']} pictures"
    )


def _parts(lines: dict[str, Any]) -> Table:
    table = _table(
        "Parts",
        "line",
        "images",
        "escapes",
        "false rejects",
        "at 0/1/2 % escapes",
        "AUROC",
        "mIoU",
        "oIoU",
        "oIoU 2 px",
        "region recall",
        "false blobs a good part",
    )
    for line, row in lines.items():
        table.add_row(
            line,
            str(row["images"]),
            _rate(row, "escape", "escapes", "defective"),
            _rate(row, "false_reject", "false_rejects", "good"),
            " / ".join(_share(value) for value in row["false_rejects_at_escapes"].values()),
            *(_number(row[name]) for name in ("auroc", "miou", "oiou", "oiou_2px")),
            f"{_number(row['region_recall'])} of {row['regions']}",
            _number(row["false_blobs_per_good"]),
        )
    return table


def _kinds(lines: dict[str, Any]) -> Table:
    table = _table(
        "Kinds, asked for by name",
        "line",
        "kind",
        "images",
        "mIoU",
        "oIoU",
        "Pr@.5 / .7 / .9",
        "answered",
        "leak into others",
        "escapes, any defect",
        "mIoU, any defect",
    )
    for line, figures in lines.items():
        for kind, row in figures["kinds"].items():
            table.add_row(
                line,
                kind,
                str(row["images"]),
                _number(row["miou"]),
                _number(row["oiou"]),
                " / ".join(_number(row["precision_at"][at]) for at in ("0.5", "0.7", "0.9")),
                _share(row["t_acc"]),
                _share(row["leak"]),
                f"{row['universal']['escapes']}/{row['universal']['defective']}",
                _number(row["universal"]["miou"]),
            )
    return table


def _words(lines: dict[str, Any]) -> Table:
    table = _table(
        "Words",
        "line",
        "gIoU",
        "cIoU",
        "N-acc",
        "T-acc",
        "absent kind: nothing here",
        "swapped / right mIoU",
        "paraphrase IoU",
        "no text mIoU",
    )
    for line, row in lines.items():
        language = row["language"]
        swapped, reworded = language["swapped"], language.get("paraphrases", {})
        table.add_row(
            line,
            *(_number(row[name]) for name in ("giou", "ciou", "n_acc", "t_acc")),
            f"{_share(language['absent']['n_acc'])} of {language['absent']['samples']}",
            f"{_number(swapped['miou'])} / {_number(swapped['right_miou'])}",
            _number(reworded.get("iou_to_original")),
            _number((language.get("no_text") or {}).get("miou")),
        )
    return table


def _sizes(lines: dict[str, Any]) -> Table:
    table = _table(
        "Sizes (share of the picture)", "line", "size", "images", "escapes", "mIoU", "region recall"
    )
    for line, figures in lines.items():
        for size, row in figures["by_area"].items():
            region = figures["region_recall_by_area"][size]
            table.add_row(
                line,
                size.replace("_", " ").replace("percent", "%"),
                str(row["images"]),
                str(row["escapes"]),
                _number(row["miou"]),
                f"{_number(region['recall'])} of {region['regions']}",
            )
    return table


def _pixels(lines: dict[str, Any]) -> Table:
    table = _table("Pixels", "line", "AP", "F1", "AUPRO 0.3", "AUPRO 0.05")
    for line, figures in lines.items():
        row = figures["pixel"]
        names = ("ap", "f1", "aupro_0.3", "aupro_0.05")
        table.add_row(line, *(_number(row[name]) for name in names))
    return table


def _speed(timed: dict[str, Any]) -> Table:
    table = _table("Milliseconds a picture", "line", "prompts", "p50", "p95", "p99")
    for line, figures in timed.items():
        for count, row in figures.items():
            if count.endswith("_prompts"):
                prompts = count.removesuffix("_prompts")
                table.add_row(line, prompts, *(f"{value:g}" for value in row.values()))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def _rate(row: dict[str, Any], name: str, count: str, total: str) -> str:
    if row[f"{name}_rate"] is None:
        return "-"
    low, high = row[f"{name}_interval"]
    return f"{row[count]}/{row[total]} = {row[f'{name}_rate']:.1%} ({low:.1%} to {high:.1%})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
