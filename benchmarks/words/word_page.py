"""The figures of ``referee bench words`` as a table in Markdown."""

from __future__ import annotations

from benchmarks.words.word_benchmark import PAIRS, Group

QUIET = ("known", "different")
"""Groups that are not to be warned of."""


def page(groups: list[Group]) -> str:
    """Return a table, and below it every prompt that was judged wrongly."""
    lines = [
        "| set | group | warned of | likeness: least, median, largest | by |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(group) for group in groups]
    return "\n".join([*lines, "", *(_wrong(group) for group in groups if _wrong(group))])


def _row(group: Group) -> str:
    count = len(group.warned) + len(group.not_warned)
    spread = ", ".join(f"{value:.2f}" for value in group.likeness) if group.likeness else "–"
    by = "" if group.name in PAIRS else ", ".join(f"{k} {n}" for k, n in group.by.items())
    return f"| {group.source} | {group.name} | {len(group.warned)} of {count} | {spread} | {by} |"


def _wrong(group: Group) -> str:
    wrong = group.warned if group.name in QUIET else group.not_warned
    if not wrong:
        return ""
    verb = "warned of" if group.name in QUIET else "not warned of"
    return f"- {group.source}, {group.name}, {verb}: " + ", ".join(f'"{text}"' for text in wrong)
