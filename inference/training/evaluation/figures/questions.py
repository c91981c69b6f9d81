"""What is asked of a picture: always the same of the same picture, so that two passes agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar

from contracts.prompt import UNIVERSAL_PROMPT
from inference.training.evaluation.engines import NO_WORDS
from inference.training.words.captions import ANY_KIND, Grammar
from runtime.linefile.yaml_lines import read_yaml

PARAPHRASES = Path(__file__).parents[2] / "words" / "paraphrases.yaml"
T = TypeVar("T")

ABSENT_ASKED = 3
PARAPHRASES_ASKED = 3


class Role(StrEnum):
    UNIVERSAL = "universal"
    KIND = "kind"
    ABSENT = "absent"
    PARAPHRASE = "paraphrase"
    NO_TEXT = "no_text"


@dataclass(frozen=True)
class Question:
    """A prompt and what it is there for.

    Attributes:
        kind: what it names; None: anything.
    """

    role: Role
    words: str
    kind: str | None = None


@dataclass(frozen=True)
class Paraphrases:
    """The parsed paraphrases.yaml."""

    universal: tuple[str, ...]
    kinds: dict[str, tuple[str, ...]]

    @classmethod
    def read(cls, path: Path = PARAPHRASES) -> Self:
        raw = read_yaml(path, see="the shipped file").data
        return cls(tuple(raw["universal"]), {kind: tuple(of) for kind, of in raw["kinds"].items()})


class Questioner:
    """The questions for the pictures of one line."""

    def __init__(
        self, kinds: Sequence[str], grammar: Grammar, paraphrases: Paraphrases | None, silence: bool
    ) -> None:
        """``kinds`` are all of the line; no paraphrases, none are asked; ``silence``: ask without
        words too."""
        self._kinds = sorted(kinds)
        self._grammar = grammar
        self._paraphrases = paraphrases
        self._silence = silence

    def questions(self, present: Sequence[str], number: int) -> list[Question]:
        """For the ``number``-th picture of the line, on which these kinds are; the universal one
        comes first."""
        asked = [Question(Role.UNIVERSAL, UNIVERSAL_PROMPT)]
        asked += [Question(Role.KIND, self.name(kind), kind) for kind in sorted(present)]
        absent = _turned(self._absent(present), number * ABSENT_ASKED)[:ABSENT_ASKED]
        asked += [Question(Role.ABSENT, self.name(kind), kind) for kind in absent]
        if self._paraphrases and present:
            asked += self._reworded(self._paraphrases, present, number)
        if self._silence:
            asked.append(Question(Role.NO_TEXT, NO_WORDS))
        return asked

    def name(self, kind: str) -> str:
        """The first of a kind's names in the grammar, else its folder's."""
        names = self._grammar.names.get(kind)
        return names[0] if names else kind.replace("_", " ")

    def _absent(self, present: Sequence[str]) -> list[str]:
        """Kinds of the line that are not there. A line of one kind is asked for kinds of other
        lines instead, if they are not confusable with its own."""
        if len(self._kinds) > 1:
            return [kind for kind in self._kinds if kind not in present]
        return [
            kind
            for kind in sorted(self._grammar.names)
            if kind != ANY_KIND
            and not any(self._grammar.confusable(own, kind) for own in self._kinds)
        ]

    def _reworded(
        self, paraphrases: Paraphrases, present: Sequence[str], number: int
    ) -> list[Question]:
        """One for the universal prompt, and some of the kinds'; every picture is asked others."""
        general = _turned(paraphrases.universal, number)[0]
        known = [kind for kind in sorted(present) if kind in paraphrases.kinds]
        pairs = [(kind, words) for kind in known for words in paraphrases.kinds[kind]]
        chosen = _turned(pairs, number * PARAPHRASES_ASKED)[:PARAPHRASES_ASKED]
        return [
            Question(Role.PARAPHRASE, general),
            *(Question(Role.PARAPHRASE, words, kind) for kind, words in chosen),
        ]


def _turned(items: Sequence[T], by: int) -> list[T]:
    """The items, begun at another of them."""
    start = by % len(items) if items else 0
    return [*items[start:], *items[:start]]
