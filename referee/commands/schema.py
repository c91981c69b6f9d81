"""`referee schema`: print the JSON Schema of line files, for editors."""

from __future__ import annotations

import json

import typer

from referee.commands.command import add
from runtime.linefile.schema import line_schema


def register(app: typer.Typer) -> None:
    add(app, schema, "referee schema > line.schema.json")


def schema() -> None:
    """Print the JSON Schema of line files, with the cameras, rules and fieldbuses installed here.

    Save it beside your line files, and name it in their first line: an editor with a YAML language
    server then completes fields, explains them, and marks mistakes.
    """
    typer.echo(json.dumps(line_schema(), indent=2, ensure_ascii=False))
