"""Makes what a network knows of words out of the grammar that it was trained with."""

from __future__ import annotations

import re

import numpy as np

from inference.text_encoder import SHA256, TextEncoder
from inference.training.words.captions import ANY_KIND, PLAIN, Grammar
from inference.training.words.forms import SIZES, ZONES
from inference.words.known_words import ANYTHING, KnownWords, Sentences

PLAIN_NAMES, PLACE_NAMES, SIZE_NAMES = 600, 10, 40
"""Names a template is seen with, when the words for places and sizes are learned."""
RIDGE = 30.0
SHORTEST_WORD = 3
"""Letters. Shorter words, such as "at" and "in", stand in names as often as in places."""

PLACE, SIZE, NEITHER = 1, 2, 0


def learned_words(grammar: Grammar, encoder: TextEncoder, seed: int = 0) -> KnownWords:
    """Return what a network knows that was trained with a grammar."""
    sentences = _sentences(grammar)
    place, size = _directions(grammar, encoder, np.random.default_rng(seed))
    return KnownWords(
        sentences,
        np.stack([encoder.read(text).meaning for text in sentences.texts]),
        np.stack([encoder.read(word).meaning for word in sentences.vocabulary]),
        place,
        size,
    )


def words_of(text: str) -> set[str]:
    """Return the words of a text, in lower case, without those that hold a digit."""
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def _sentences(grammar: Grammar) -> Sentences:
    kind_of = {text.lower(): ANYTHING for text in grammar.universal}
    for kind, names in grammar.names.items():
        for name in names:
            kind_of.setdefault(name.lower(), ANYTHING if kind == ANY_KIND else kind)
    templates = [template for each in grammar.forms.values() for template in each]
    return Sentences(
        texts=list(kind_of),
        kinds=list(kind_of.values()),
        plain=[template.lower() for template in grammar.forms[PLAIN]],
        vocabulary=sorted(set().union(*(_bare(text) for text in [*kind_of, *templates]))),
        sizes=sorted(_asking(grammar, SIZES)),
        text_encoder_sha256=SHA256,
    )


def _bare(template: str) -> set[str]:
    return words_of(template.replace("{name}", " "))


def _asking(grammar: Grammar, forms: tuple[str, ...]) -> set[str]:
    """Return the words with which some forms differ from the plain one."""
    plain = set().union(*(_bare(template) for template in grammar.forms[PLAIN]))
    templates = [template for form in forms for template in grammar.forms.get(form, ())]
    words = set().union(*(_bare(template) for template in templates)) - plain
    return {word for word in words if len(word) >= SHORTEST_WORD}


def _directions(
    grammar: Grammar, encoder: TextEncoder, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the functions ``KnownWords.place`` and ``KnownWords.size``.

    Ridge regression on the states of tokens in sentences of training; both classes weigh the same.
    """
    names = [name for kind in grammar.names.values() for name in kind]
    names += grammar.universal
    seen = _Tokens(encoder)
    for forms, label, count in ((ZONES, PLACE, PLACE_NAMES), (SIZES, SIZE, SIZE_NAMES)):
        asking = _asking(grammar, forms)
        for form in forms:
            for template in grammar.forms.get(form, ()):
                for name in _some(names, count, rng):
                    seen.add(template.format(name=name), label, asking - words_of(name))
    for text in _some(names, PLAIN_NAMES, rng):
        seen.add(text, NEITHER, set())
    return seen.function(PLACE), seen.function(SIZE)


def _some(names: list[str], count: int, rng: np.random.Generator) -> list[str]:
    return [str(name) for name in rng.choice(names, min(count, len(names)), replace=False)]


class _Tokens:
    """States of tokens, and whether each asks for a place, a size or neither."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._states: list[np.ndarray] = []
        self._labels: list[int] = []

    def add(self, text: str, label: int, asking: set[str]) -> None:
        read = self._encoder.read(text)
        for piece, state in zip(read.pieces, read.states, strict=False):
            self._states.append(state)
            written = text[piece.start : piece.end].lower()
            self._labels.append(label if written in asking else NEITHER)

    def function(self, label: int) -> np.ndarray:
        """Return (385,) float32: near 1 for tokens of the label, near 0 for all others."""
        states, is_label = np.stack(self._states), np.array(self._labels) == label
        middle, spread = states.mean(axis=0), np.maximum(states.std(axis=0), 1e-3)
        x = np.column_stack([(states - middle) / spread, np.ones(len(states))])
        share = np.where(is_label, 0.5 / max(is_label.sum(), 1), 0.5 / max((~is_label).sum(), 1))
        weighted = x * (share * len(x))[:, None]
        solved = np.linalg.solve(weighted.T @ x + RIDGE * np.eye(x.shape[1]), weighted.T @ is_label)
        weights = solved[:-1] / spread
        return np.append(weights, solved[-1] - middle @ weights).astype(np.float32)
