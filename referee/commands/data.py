"""`referee data`: build a data set of pictures, expressions and masks; count what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from referee.commands.command import add
from referee.tables.data_tables import tables
from runtime.process.console import Console, print_json, progress

if TYPE_CHECKING:
    from inference.training.data.dataset import Entry

PLOT = "statistics.png"


def register(app: typer.Typer) -> None:
    data = typer.Typer(
        help="Build a referring data set (picture, expression, mask), or count what is in one.",
    )
    add(data, build, "referee data build --data photos --out expressions")
    add(data, stats, "referee data stats --data expressions --out plots")
    app.add_typer(data, name="data")


def build(
    data: Annotated[
        Path,
        typer.Option(help="Folder of a line (MVTec AD layout or index.json), or of several lines."),
    ],
    out: Annotated[Path, typer.Option(help="An empty folder for the data set.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same expressions.")] = 0,
    per_image: Annotated[
        int, typer.Option(min=1, help="Most expressions for a defective picture.")
    ] = 8,
    per_good: Annotated[int, typer.Option(min=1, help="Most expressions for a good picture.")] = 2,
    synthetic: Annotated[
        int, typer.Option(min=0, help="Number of pictures with painted defects, for each line.")
    ] = 0,
    grammar: Annotated[
        Path | None, typer.Option(help="YAML with your own kinds, names and sentences.")
    ] = None,
) -> None:
    """Write expressions for labelled pictures: kind, place, size, number, and absent kinds."""
    from inference.training.referring.referring_builder import Build
    from inference.training.referring.referring_builder import build as build_set
    from inference.training.words.grammar_file import read_grammar

    plan = Build(out, read_grammar(grammar), seed, per_image, per_good, synthetic)
    records = build_set(data, plan, _progress)
    pictures = len({record.image for record in records})
    Console().print(
        f"{len(records)} expressions of {pictures} pictures in {out}; "
        f"see `referee data stats --data {out}`",
        soft_wrap=True,
    )


def _progress(entries: Sequence[Entry], line: str) -> Iterator[Entry]:
    with progress(len(entries), line) as advance:
        for entry in entries:
            yield entry
            advance()


def stats(
    data: Annotated[Path, typer.Option(help="A folder that `referee data build` made.")],
    out: Annotated[Path | None, typer.Option(help=f"Folder for the plot {PLOT}.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
) -> None:
    """Count expressions, kinds, sizes of anomalies and words."""
    from inference.training.referring.referring_plot import draw_statistics
    from inference.training.referring.referring_set import read_referring
    from inference.training.referring.referring_statistics import statistics

    report: dict[str, Any] = statistics(read_referring(data))
    if out is not None:
        draw_statistics(report, out / PLOT)
    if as_json:
        print_json(report)
        return
    console = Console()
    for table in tables(report):
        console.print(table)
    if out is not None:
        console.print(f"plot: {out / PLOT}", soft_wrap=True)
