"""From a recipe to what a run reads: parts in memory, and encoded captions."""

from __future__ import annotations

import os
import re
from pathlib import Path

from contracts.errors import UserError
from contracts.prompt import UNIVERSAL_PROMPT
from inference.text_encoder import TextEncoder
from inference.training.data.dataset import Part
from inference.training.data.labelled_folder import entries_of, load_sound
from inference.training.data.synthetic import PAINTERS
from inference.training.recipe import TrainingRecipe
from inference.training.words.captions import CaptionBank, Grammar
from inference.training.words.grammar_file import FORMS, read_grammar


def own_share(recipe: TrainingRecipe, ranks: int) -> TrainingRecipe:
    """The recipe of one of several ranks, which together see the recipe's batches.

    Raises:
        UserError: the batch cannot be shared out evenly.
    """
    if recipe.crop_batch % ranks:
        raise UserError(
            f"crop_batch {recipe.crop_batch} cannot be shared out to {ranks} processes: "
            f"make it a multiple of {ranks}"
        )
    return recipe.model_copy(
        update={
            "crop_batch": recipe.crop_batch // ranks,
            "whole_area_px2": recipe.whole_area_px2 // ranks,
        }
    )


def expand(path: str) -> Path:
    """A recipe's path with its ${VARIABLES} filled in.

    Raises:
        UserError: a variable is not set; the message names it.
    """
    expanded = os.path.expandvars(path)
    missing = re.findall(r"\$\{?(\w+)", expanded)
    if missing:
        raise UserError(f"{path}: set the environment variable {missing[0]}")
    return Path(expanded)


def load_parts(recipe: TrainingRecipe, split: str) -> dict[str, list[Part]]:
    """Every line's decoded parts of one split.

    Raises:
        UserError: a line has no picture of that split, or one that cannot be used.
    """
    return {
        line: _line_parts(line, expand(settings.folder), split)
        for line, settings in recipe.lines.items()
    }


def _line_parts(line: str, folder: Path, split: str) -> list[Part]:
    try:
        entries = entries_of(folder, line)
        parts = [load_sound(entry) for entry in entries if entry.split == split]
    except UserError as error:
        raise UserError(f"line {line}: {error}") from error
    if not parts:
        raise UserError(f"line {line}: no picture with split {split!r} in {folder}")
    return parts


def encoder_of(recipe: TrainingRecipe) -> TextEncoder:
    """The recipe's text encoder.

    Raises:
        UserError: the recipe's folder does not hold it.
    """
    return encoder_at(expand(recipe.text_encoder))


def encoder_at(folder: Path) -> TextEncoder:
    """The text encoder of a folder. Raises UserError if it is not there."""
    try:
        return TextEncoder(folder)
    except FileNotFoundError as error:
        raise UserError(f"{error}: run `make setup`, or set REFEREE_TEXT_ENCODER") from error


def grammar_of(recipe: TrainingRecipe) -> Grammar:
    """What the recipe's captions are made of.

    Raises:
        UserError: the grammar's file is not there, or not one to train with.
    """
    path = expand(recipe.grammar) if recipe.grammar else None
    grammar = read_grammar(path)
    missing = [form for form in FORMS if not grammar.forms.get(form)]
    if missing:
        raise UserError(f"{path}: training asks in every form, and these have none: {missing}")
    if UNIVERSAL_PROMPT not in grammar.universal:
        raise UserError(f"{path}: `universal` must hold {UNIVERSAL_PROMPT!r}")
    return grammar


def caption_bank(
    recipe: TrainingRecipe, parts: dict[str, list[Part]], encoder: TextEncoder | None = None
) -> CaptionBank:
    """Captions of every kind that is on a part or can be painted on one.

    Raises:
        UserError: a kind cannot be painted.
    """
    kinds = {kind for line in parts.values() for part in line for kind in part.masks}
    for settings in recipe.lines.values():
        unknown = set(settings.synthetic) - set(PAINTERS)
        if unknown:
            raise UserError(f"no painter for {sorted(unknown)}; there are {sorted(PAINTERS)}")
        kinds |= set(settings.synthetic)
    return CaptionBank(grammar_of(recipe), sorted(kinds), encoder or encoder_of(recipe))
