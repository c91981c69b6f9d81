"""The table of conditions in docs/operating.md: `python -m referee.tables.conditions_table`."""

from __future__ import annotations

import sys

from contracts.conditions import CONDITIONS, SEVERITIES

HEAD = "| code | severity | what is wrong | what to do |\n|---|---|---|---|\n"


def conditions_table() -> str:
    """Return every severity, and every condition with its words and its remedy, in Markdown."""
    severities = "".join(f"- **{each}**: {words}.\n" for each, words in SEVERITIES.items())
    rows = [
        f"| `{code}` | {kind.severity} | {kind.words} | {kind.remedy} |\n"
        for code, kind in CONDITIONS.items()
    ]
    return f"{severities}\n{HEAD}{''.join(rows)}"


if __name__ == "__main__":
    sys.stdout.write(conditions_table())
