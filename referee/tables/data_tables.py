"""Statistics of a referring data set as tables, a column for each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.process.console import Table

Figures = dict[str, Any]


def tables(report: Figures) -> list[Table]:
    """Pictures and anomalies; expressions; words."""
    groups: dict[str, Figures] = dict(report["lines"])
    if len(groups) > 1:
        groups["all"] = report["all"]
    if "painted" in report:
        groups["painted"] = report["painted"]
    return [
        _table("pictures and anomalies", groups, _anomaly_rows),
        _table("expressions", groups, _expression_rows),
        _table("words", groups, _word_rows),
    ]


def _table(title: str, groups: dict[str, Figures], rows: Any) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    columns = []
    for group, figures in groups.items():
        table.add_column(group, justify="right")
        columns.append(dict(rows(figures)))
    names = dict.fromkeys(name for column in columns for name in column)
    for name in names:
        table.add_row(name, *(column.get(name, "") for column in columns))
    return table


Rows = Iterator[tuple[str, str]]


def _anomaly_rows(figures: Figures) -> Rows:
    images, anomalies = figures["images"], figures["anomalies"]
    yield "pictures", str(images["all"])
    for split, count in images["by_split"].items():
        yield f"  {split}", str(count)
    yield "defective", str(images["defective"])
    for name, count in anomalies["images_by_area"].items():
        yield f"  {_spaced(name)}", str(count)
    yield "  below 1 percent", _percent(anomalies["small_images_share"])
    yield "anomalies (connected regions)", str(anomalies["regions"])
    for name, count in anomalies["regions_by_area"].items():
        yield f"  {_spaced(name)} ", str(count)
    yield "  below 1 percent ", _percent(anomalies["small_regions_share"])
    yield "anomalies a defective picture", _spread(anomalies["regions_per_image"])


def _expression_rows(figures: Figures) -> Rows:
    expressions = figures["expressions"]
    yield "expressions", str(expressions["all"])
    yield "referring to nothing", str(expressions["refer_to_nothing"])
    for title in ("split", "form", "kind"):
        yield f"by {title}", ""
        for name, count in expressions[f"by_{title}"].items():
            yield f"  {_spaced(name)}" + " " * (title == "kind"), str(count)


def _word_rows(figures: Figures) -> Rows:
    words = figures["words"]
    yield "words an expression", _spread(words["per_expression"])
    yield "different expressions", str(words["different_expressions"])
    yield "vocabulary", str(words["vocabulary"])
    yield "commonest", ", ".join(list(words["commonest"])[:6])


def _spread(spread: Figures) -> str:
    if spread["mean"] is None:
        return ""
    return f"{spread['least']} .. {spread['most']}, mean {spread['mean']:.1f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")
