"""When a prompt is warned of. docs/words.md has the figures that the limits were chosen by."""

from __future__ import annotations

LEAST_LIKENESS = 0.54
"""Of a prompt to the nearest sentence of training. Below: the network was not trained for it."""
LEAST_WORD_LIKENESS = 0.48
"""Of a word to the nearest word of training. Below: the network does not know the word."""
RARE_WORD_PIECES = 3
"""From so many pieces on the text encoder spells a word because it does not know it."""
LEAST_RARE_WORD_LIKENESS = 0.62
"""The same for such a word: its pieces alone make it look like other words."""
PLACE_SCORE = 0.78
"""From here on a word asks for a place."""
SIZE_SCORE = 0.40
"""From here on a word asks for a size or an order, such as "largest"."""
SIZE_WORD_LIKENESS = 0.65
"""From here on a word means a size, such as "huge", unless it is part of a name: "small hole"."""
SAME_KIND_SHARE = 0.5
"""Two prompts ask for the same if each of them has this share of its votes for the same kind."""
