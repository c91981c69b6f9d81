"""From a recipe to what a run reads: parts in memory, and encoded captions."""

from __future__ import annotations

import os
import re
from pathlib import Path

from inference.text_encoder import TextEncoder
from inference.training.captions import CaptionBank, Grammar
from inference.training.dataset import Part, load_part, read_entries
from inference.training.recipe import Recipe
from inference.training.synthetic import PAINTERS


def expand(path: str) -> Path:
    """A recipe's path with its ${VARIABLES} filled in.

    Raises:
        ValueError: a variable is not set; says which.
    """
    expanded = os.path.expandvars(path)
    missing = re.findall(r"\$\{?(\w+)", expanded)
    if missing:
        raise ValueError(f"{path}: set the environment variable {missing[0]}")
    return Path(expanded)


def load_parts(recipe: Recipe, split: str) -> dict[str, list[Part]]:
    """Every line's decoded parts of one split.

    Raises:
        ValueError: a line has no picture of that split.
    """
    parts = {}
    for line, settings in recipe.lines.items():
        entries = read_entries(expand(settings.folder), line)
        parts[line] = [load_part(entry) for entry in entries if entry.split == split]
        if not parts[line]:
            raise ValueError(f"line {line}: no picture with split {split!r} in {settings.folder}")
    return parts


def encoder_of(recipe: Recipe) -> TextEncoder:
    """The recipe's text encoder."""
    return TextEncoder(expand(recipe.text_encoder))


def caption_bank(recipe: Recipe, parts: dict[str, list[Part]]) -> CaptionBank:
    """Captions of every kind that is on a part or can be painted on one."""
    kinds = {kind for line in parts.values() for part in line for kind in part.masks}
    for settings in recipe.lines.values():
        unknown = set(settings.synthetic) - set(PAINTERS)
        if unknown:
            raise ValueError(f"no painter for {sorted(unknown)}; there are {sorted(PAINTERS)}")
        kinds |= set(settings.synthetic)
    return CaptionBank(Grammar.read(), sorted(kinds), encoder_of(recipe))
