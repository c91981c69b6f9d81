"""Referring expressions from the grammar in captions.yaml, and their token states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contracts.prompt import UNIVERSAL_PROMPT
from inference.text_encoder import PromptTokens, TextEncoder

GRAMMAR = Path(__file__).with_name("captions.yaml")
ANY_KIND = "defect"
"""A kind of the grammar that stands for whatever is wrong: absent from no defective part."""
PLAIN = "plain"
DEFAULT_PROMPT_SHARE = 0.4


@dataclass(frozen=True)
class Grammar:
    """A parsed captions.yaml; ``grammar_file.py`` reads it.

    Attributes:
        universal: sentences that mean whatever is wrong.
        forms: form (plain, a zone, a size, a count) -> templates with {name}.
        names: kind -> what people call it.
        near: kind -> kinds that a reasonable person may mix up with it.
    """

    universal: tuple[str, ...]
    forms: dict[str, tuple[str, ...]]
    names: dict[str, tuple[str, ...]]
    near: dict[str, frozenset[str]]

    def sentences(self, kind: str, form: str = PLAIN) -> list[str]:
        """Return every sentence that asks for a kind in a form."""
        return self.worded(self.names_of(kind), form)

    def names_of(self, kind: str) -> tuple[str, ...]:
        """Return what people call a kind; one that is not listed is called by its own name."""
        return self.names.get(kind, (kind.replace("_", " "),))

    @classmethod
    def of_checkpoint(cls, asked: Mapping[str, Any]) -> Grammar:
        """Return the grammar that ``CaptionBank.asked`` says; without kinds that are mixed up."""
        return cls(
            universal=tuple(asked["universal"]),
            forms={form: tuple(each) for form, each in asked["forms"].items()},
            names={kind: tuple(each) for kind, each in asked["names"].items()},
            near={},
        )

    def worded(self, names: tuple[str, ...], form: str) -> list[str]:
        """The form's templates about each of the names."""
        return [_worded(template, name) for name in names for template in self.forms.get(form, ())]

    def confusable(self, first: str, second: str) -> bool:
        """Return whether a person could call the first kind by the second's name."""
        return (
            first == second
            or second in self.near.get(first, ())
            or first in self.near.get(second, ())
        )


def _worded(template: str, name: str) -> str:
    """The template about a name: "a crack on the part", "an open circuit on the part"."""
    if template.startswith("a {name}") and name[0] in "aeiou":
        template = f"an{template[1:]}"
    return template.format(name=name)


class CaptionBank:
    """All captions of some kinds, by number; each is encoded when it is first used.

    There are thousands, and a short run uses few of them.
    """

    def __init__(self, grammar: Grammar, kinds: list[str], encoder: TextEncoder) -> None:
        self.grammar = grammar
        self.kinds = sorted(kinds)
        self.texts: list[str] = list(grammar.universal)
        self.universal_ids = np.arange(len(self.texts))
        self._ids: dict[tuple[str, str], np.ndarray] = {}
        usual = [self.texts.index(UNIVERSAL_PROMPT)] * len(self.texts)
        for kind in (*self.kinds, ANY_KIND):
            for form, templates in grammar.forms.items():
                sentences = grammar.sentences(kind, form)
                ids = np.arange(len(sentences)) + len(self.texts)
                self._ids[kind, form] = ids
                first = [0] * len(ids) if form == PLAIN else np.arange(len(ids)) % len(templates)
                usual += ids[first].tolist()
                self.texts += sentences
        self._usual = np.array(usual)
        self._encoder = encoder
        self._encoded: dict[int, PromptTokens] = {}

    def asked(self) -> dict[str, Any]:
        """Return what the captions are made of, as a checkpoint keeps it: JSON of a grammar, with
        the kinds that are asked for and no others."""
        kinds = (*self.kinds, ANY_KIND)
        return {
            "universal": list(self.grammar.universal),
            "forms": {form: list(each) for form, each in self.grammar.forms.items()},
            "names": {kind: list(self.grammar.names_of(kind)) for kind in kinds},
        }

    def tokens(self, captions: np.ndarray) -> PromptTokens:
        """States (..., L, width) and mask (..., L) of captions (...)."""
        wanted = [self._one(int(number)) for number in captions.ravel()]
        states = np.concatenate([tokens.states for tokens in wanted])
        mask = np.concatenate([tokens.mask for tokens in wanted])
        return PromptTokens(
            states.reshape(*captions.shape, *states.shape[1:]),
            mask.reshape(*captions.shape, *mask.shape[1:]),
        )

    def _one(self, number: int) -> PromptTokens:
        if number not in self._encoded:
            self._encoded[number] = self._encoder.encode([self.texts[number]])
        return self._encoded[number]

    def usual(self, captions: np.ndarray) -> np.ndarray:
        """Captions that ask for the same in the usual words: "any defect", a kind's first name."""
        return self._usual[captions]

    def draw_universal(self, rng: np.random.Generator) -> int:
        """Number of a universal caption; the default prompt comes more often than the others."""
        if rng.random() < DEFAULT_PROMPT_SHARE:
            return self.texts.index(UNIVERSAL_PROMPT)
        return int(rng.choice(self.universal_ids))

    def draw(self, kind: str, form: str, rng: np.random.Generator) -> int:
        """Number of a caption that asks for a kind (or ``ANY_KIND``) in a form."""
        return int(rng.choice(self._ids[kind, form]))

    def draw_absent(self, present: list[str], labelled: list[str], rng: np.random.Generator) -> str:
        """Return a kind that is not on the part.

        With probability 0.5, one of the line's own kinds if its labels distinguish them; otherwise
        any kind that is not confusable with those present.
        """
        own = [kind for kind in labelled if kind not in present]
        if own and set(present) <= set(labelled) and rng.random() < 0.5:
            return str(rng.choice(own))
        fair = [
            kind
            for kind in self.kinds
            if not any(self.grammar.confusable(here, kind) for here in present)
        ]
        return str(rng.choice(fair or self.kinds))
