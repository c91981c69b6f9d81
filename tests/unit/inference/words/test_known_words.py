"""The file that says which words a network was trained with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.errors import UserError
from inference.words.known_words import ANYTHING, KnownWords, Sentences


@pytest.fixture
def known() -> KnownWords:
    sentences = Sentences(
        texts=["any defect", "odd glow"],
        kinds=[ANYTHING, "odd_glow"],
        plain=["{name}", "a {name} on the part"],
        vocabulary=["any", "defect", "glow", "odd"],
        sizes=["odd"],
        text_encoder_sha256="0",
    )
    half = np.linspace(-1, 1, 384, dtype=np.float16).astype(np.float32)
    return KnownWords(
        sentences,
        np.stack([half] * 2),
        np.stack([half] * 4),
        np.ones(385, np.float32),
        np.zeros(385, np.float32),
    )


def test_the_file_is_read_as_it_was_written(known: KnownWords, tmp_path: Path) -> None:
    known.save(tmp_path / "words.safetensors")
    read = KnownWords.read(tmp_path / "words.safetensors")
    assert read.sentences == known.sentences
    for name in ("meanings", "word_meanings", "place", "size"):
        assert np.array_equal(getattr(read, name), getattr(known, name))
        assert getattr(read, name).dtype == np.float32


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("odd glow", True),
        ("Odd  GLOW", True),
        ("a odd glow on the part", True),
        ("an odd glow", False),
        ("a dull glow on the part", False),
        ("", False),
    ],
)
def test_a_sentence_of_training_is_known_without_the_encoder(
    known: KnownWords, text: str, is_one: bool
) -> None:
    assert known.has_sentence(text) == is_one


def test_a_file_that_is_missing_or_damaged_is_named(known: KnownWords, tmp_path: Path) -> None:
    file = tmp_path / "words.safetensors"
    with pytest.raises(FileNotFoundError):
        KnownWords.read(file)
    known.save(file)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(UserError, match=r"words\.safetensors is damaged: export the network again"):
        KnownWords.read(file)
