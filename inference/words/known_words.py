"""The words that a network was trained with: the file ``words.safetensors`` beside its model.json.

The file is written when the network is exported (``inference/training/words/learned_words.py``), so
that a network that knows other words carries them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from contracts.errors import UserError

NAME = "words.safetensors"
NOTES = "referee_words"
ANYTHING = "any defect"
"""The kind of sentences that ask for whatever is wrong."""


@dataclass(frozen=True)
class Sentences:
    """What training asked with.

    Attributes:
        texts: sentences about any defect, and the names of kinds; in lower case.
        kinds: of each text, the kind that it asks for, or ``ANYTHING``.
        plain: templates that ask for all of a kind, with {name} for one of its names.
        vocabulary: every word of the texts and of all templates.
        sizes: words of the templates that ask for a size.
        text_encoder_sha256: the encoder that the numbers below were made with.
    """

    texts: list[str]
    kinds: list[str]
    plain: list[str]
    vocabulary: list[str]
    sizes: list[str]
    text_encoder_sha256: str


@dataclass(frozen=True)
class KnownWords:
    """What training asked with, in numbers of the text encoder.

    Attributes:
        meanings: (n, 384) float32, of length 1: what each text means.
        word_meanings: (m, 384) float32, of length 1: what each word of the vocabulary means.
        place, size: (385,) float32 each: weights and offset of a linear function of a token's
            state, near 1 if the token asks for a place (a size), near 0 if not.
    """

    sentences: Sentences
    meanings: np.ndarray
    word_meanings: np.ndarray
    place: np.ndarray
    size: np.ndarray

    def has_sentence(self, text: str) -> bool:
        """Return whether training asked with this very sentence; capitals do not matter."""
        return self.name_in(text) is not None

    def name_in(self, text: str) -> str | None:
        """Return the name that a sentence of training asks for; None if it is not one of them."""
        asked = " ".join(text.lower().split())
        if asked in self.sentences.texts:
            return asked
        for template in self.sentences.plain:
            before, _, after = template.partition("{name}")
            name = asked[len(before) : len(asked) - len(after)]
            if asked == f"{before}{name}{after}" and name in self.sentences.texts:
                return name
        return None

    def save(self, path: Path) -> None:
        """Write the file. Numbers are kept as float16: their third digit is right."""
        numbers = {
            "meanings": self.meanings.astype(np.float16),
            "word_meanings": self.word_meanings.astype(np.float16),
            "place": self.place,
            "size": self.size,
        }
        notes = json.dumps(asdict(self.sentences), ensure_ascii=False)
        path.write_bytes(save(numbers, metadata={NOTES: notes}))

    @classmethod
    def read(cls, path: Path) -> KnownWords:
        """Read the file.

        Raises:
            FileNotFoundError: it does not exist.
            UserError: it is damaged.
        """
        if not path.is_file():
            raise FileNotFoundError(path)
        try:
            with safe_open(path, framework="numpy") as file:
                notes: Mapping[str, str] = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            sentences = Sentences(**json.loads(notes[NOTES]))
            return cls(sentences, **{name: t.astype(np.float32) for name, t in tensors.items()})
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path} is damaged: export the network again ({error})") from error
