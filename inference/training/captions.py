"""Referring expressions from the grammar in captions.yaml, and their token states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from inference.text_encoder import PromptTokens, TextEncoder

GRAMMAR = Path(__file__).with_name("captions.yaml")
UNIVERSAL_PROMPT = "any defect"
DEFAULT_PROMPT_SHARE = 0.4


@dataclass(frozen=True)
class Grammar:
    """The parsed captions.yaml."""

    universal: tuple[str, ...]
    templates: tuple[str, ...]
    names: dict[str, tuple[str, ...]]
    near: dict[str, frozenset[str]]

    @classmethod
    def read(cls, path: Path = GRAMMAR) -> Grammar:
        """Raises KeyError where a section is missing."""
        raw = yaml.safe_load(path.read_text())
        kinds = raw["kinds"]
        return cls(
            universal=tuple(raw["universal"]),
            templates=tuple(raw["templates"]),
            names={kind: tuple(entry["names"]) for kind, entry in kinds.items()},
            near={kind: frozenset(entry.get("near", ())) for kind, entry in kinds.items()},
        )

    def sentences(self, kind: str) -> list[str]:
        """Every sentence that asks for a kind."""
        names = self.names.get(kind, (kind.replace("_", " "),))
        return [template.format(name=name) for name in names for template in self.templates]

    def confusable(self, first: str, second: str) -> bool:
        """Whether "the second is absent" would be unfair to say of a part that has the first."""
        return (
            first == second
            or second in self.near.get(first, ())
            or first in self.near.get(second, ())
        )


class CaptionBank:
    """All captions of some kinds, encoded once; a caption is known by its number."""

    def __init__(self, grammar: Grammar, kinds: list[str], encoder: TextEncoder) -> None:
        self.grammar = grammar
        self.kinds = sorted(kinds)
        self.texts: list[str] = list(grammar.universal)
        self.universal_ids = np.arange(len(self.texts))
        self.kind_ids: dict[str, np.ndarray] = {}
        for kind in self.kinds:
            sentences = grammar.sentences(kind)
            self.kind_ids[kind] = np.arange(len(sentences)) + len(self.texts)
            self.texts += sentences
        encoded = encoder.encode(self.texts)
        longest = int(encoded.mask.sum(axis=1).max())
        self.tokens = PromptTokens(encoded.states[:, :longest], encoded.mask[:, :longest])

    def draw_universal(self, rng: np.random.Generator) -> int:
        """Number of a universal caption; the default prompt comes more often than the others."""
        if rng.random() < DEFAULT_PROMPT_SHARE:
            return self.texts.index(UNIVERSAL_PROMPT)
        return int(rng.choice(self.universal_ids))

    def draw_kind(self, kind: str, rng: np.random.Generator) -> int:
        """Number of a caption that asks for a kind."""
        return int(rng.choice(self.kind_ids[kind]))

    def draw_absent(self, present: list[str], rng: np.random.Generator) -> str:
        """A kind that is not on the part and could not be mixed up with one that is."""
        fair = [
            kind
            for kind in self.kinds
            if not any(self.grammar.confusable(here, kind) for here in present)
        ]
        return str(rng.choice(fair or self.kinds))
