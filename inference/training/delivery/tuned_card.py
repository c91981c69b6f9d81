"""A fine-tuned network described: a table for the terminal, and a model card in Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from contracts.prompt import UNIVERSAL_PROMPT
from inference.training.data.own_parts import OwnParts, counts_of
from inference.training.recipe import TrainingRecipe
from runtime.process.console import Table

COLUMNS = ("kind", "parts", "network", "escapes", "false rejects", "AUROC", "mIoU", "oIoU")

Figures = dict[str, Any]


class Tuned(NamedTuple):
    """A fine-tuned network; ``described`` is its model.json."""

    parts: OwnParts
    recipe: TrainingRecipe
    described: dict[str, Any]
    before: Figures
    after: Figures


def rows(before: Figures, after: Figures) -> list[tuple[str, ...]]:
    """Two rows a kind: before and after."""
    return [
        (
            kind,
            str(row["defective"] + row["good"]),
            name,
            rate(row, "escape", "escapes", "defective"),
            rate(row, "false_reject", "false_rejects", "good"),
            *(
                "" if row[each] is None else f"{row[each]:.3f}"
                for each in ("auroc", "miou", "oiou")
            ),
        )
        for kind in after
        for name, row in (("before", before[kind]), ("after", after[kind]))
    ]


def rate(row: Figures, name: str, count: str, total: str) -> str:
    """Such as "1/25 = 4.0 % (0.1 .. 20.4 %)"; the interval is exact binomial, 95 %."""
    if row[f"{name}_rate"] is None:
        return ""
    low, high = row[f"{name}_interval"]
    shown = f"{row[count]}/{row[total]} = {row[f'{name}_rate']:.1%}"
    return f"{shown} ({low:.1%} .. {high:.1%})"


def figures_table(before: Figures, after: Figures) -> Table:
    """For the terminal."""
    table = Table(title="val, before and after", title_justify="left")
    for column in COLUMNS:
        table.add_column(column)
    for row in rows(before, after):
        table.add_row(*row)
    return table


def model_card(tuned: Tuned) -> str:
    """The card, in Markdown."""
    parts, recipe, described = tuned.parts, tuned.recipe, tuned.described
    train, val = counts_of(parts.train), counts_of(parts.val)
    data = [f"| {kind} | {train.get(kind, 0)} | {val.get(kind, 0)} |" for kind in {**train, **val}]
    figures = [f"| {' | '.join(row)} |" for row in rows(tuned.before, tuned.after)]
    settings = recipe.optimiser
    return "\n".join(
        [
            f"# Model card: {parts.name}",
            "",
            f"DQFormer, network {described['model_version']}, fine-tuned on the parts in the "
            f"folder `{parts.name}` on {described['date']}.",
            "",
            "## Data",
            "",
            "| kind | train | val |",
            "|---|---|---|",
            *data,
            "",
            f"Split: {parts.split}.",
            "",
            "## Training",
            "",
            f"From `{Path(str(recipe.start_from)).name}`, {described['steps']} steps, seed "
            f"{recipe.seed}, learning rate {settings.learning_rate:g}, crops of {recipe.crop_px} "
            "px. `recipe.yaml` in this folder has all settings.",
            *_changes(described["changed_on_the_way"]),
            "",
            "## Figures",
            "",
            f'On `val`, prompt "{UNIVERSAL_PROMPT}", at the shipped operating point: a part is '
            "rejected if presence is above 0 and any pixel has a margin above 0. A prompt's rules "
            "in the line file, such as `smallest_area`, are not applied. Intervals are exact "
            "binomial, 95 %. Before is the network that training started from; after is the "
            "exported one.",
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|" + "---|" * len(COLUMNS),
            *figures,
            "",
            "## Limits",
            "",
            "- It was measured on these pictures only. How it does on other parts, lights or "
            "cameras is not known, and it may have forgotten lines that it knew before.",
            "- `val` was watched during training, and the intervals treat pictures as independent: "
            "several pictures of one part make them too narrow.",
            "- A wide interval means that there were too few pictures.",
            "- Kinds that are not in the table were not measured.",
            "",
        ]
    )


def _changes(changes: list[dict[str, Any]]) -> list[str]:
    if not changes:
        return []
    lines = [f"- from step {c['step']}: {c['field']}: {c['change']}" for c in changes]
    return ["", "Changed during training:", "", *lines]
