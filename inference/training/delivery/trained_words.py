"""The words that a checkpoint's network was trained with."""

from __future__ import annotations

from typing import Any

from inference.text_encoder import TextEncoder
from inference.training.data.sources import grammar_of
from inference.training.recipe import TrainingRecipe
from inference.training.words.captions import Grammar
from inference.training.words.learned_words import learned_words
from inference.words.known_words import KnownWords


def words_of(state: dict[str, Any], encoder: TextEncoder) -> KnownWords:
    """Return the words that a checkpoint's network was trained with.

    A checkpoint of an earlier version does not say them: then they are all of its recipe's grammar.

    Raises:
        UserError: the recipe's grammar file is needed and is not there.
    """
    asked = state.get("words")
    if asked is None:
        grammar = grammar_of(TrainingRecipe.model_validate(state["recipe"]))
    else:
        grammar = Grammar.of_checkpoint(asked)
    return learned_words(grammar, encoder)
