"""A prompt in numbers: how far it is from the words that the network was trained with."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import numpy as np

from inference.text_encoder import ReadText, TextEncoder
from inference.words.known_words import KnownWords

NEAREST = 5
"""Sentences that vote on the kind that a prompt asks for."""
SHARPNESS = 10.0
"""How much more a nearer sentence's vote weighs: exp(10 * likeness)."""
NEIGHBOURS = 8
"""Sentences in which a size may be part of a name, such as "small dark hole"."""


class Word(NamedTuple):
    """A word of a prompt.

    Attributes:
        likeness: cosine of its meaning and that of the nearest word of training; 1 if it is one.
        nearest: that word.
        pieces: pieces that the text encoder cuts it into: 1 for a usual English word.
        size_likeness: the same with the words that ask for a size.
    """

    text: str
    likeness: float
    nearest: str
    pieces: int
    size_likeness: float


class PromptReading(NamedTuple):
    """A prompt in numbers.

    Attributes:
        trained: training asked with this very sentence.
        likeness: cosine of its meaning and that of the nearest sentence of training.
        nearest: that sentence.
        kind: what the nearest sentences ask for; ``ANYTHING`` for any defect.
        kind_share: how much of their votes the kind has, 0..1.
        words: its words that are read; numbers and signs are none.
        unknown_signs: signs that the text encoder has no piece for.
        cut: the end of the text that the network never reads; empty if it reads all.
        place, size: largest score of a word that asks for a place (a size), and the word.
        neighbours: the nearest sentences of training.
    """

    text: str
    trained: bool
    likeness: float
    nearest: str
    kind: str
    kind_share: float
    words: tuple[Word, ...]
    unknown_signs: tuple[str, ...]
    cut: str
    place: tuple[float, str]
    size: tuple[float, str]
    neighbours: tuple[str, ...]


class PromptReader:
    """Reads prompts as the network's text encoder does, and compares them with what it knows."""

    def __init__(self, known: KnownWords, encoder: TextEncoder) -> None:
        self.known = known
        self._encoder = encoder
        vocabulary = known.sentences.vocabulary
        self._place_of = {word: place for place, word in enumerate(vocabulary)}
        self._sizes = known.word_meanings[[self._place_of[w] for w in known.sentences.sizes]]

    def read(self, text: str) -> PromptReading:
        """Return a prompt in numbers.

        Raises:
            ValueError: the text is empty or blank.
        """
        read = self._encoder.read(text)
        alike = self.known.meanings @ read.meaning
        order = np.argsort(-alike)
        kind, share = self._kind(alike, order[:NEAREST])
        texts = self.known.sentences.texts
        return PromptReading(
            text=text,
            trained=self.known.has_sentence(text),
            likeness=float(alike[order[0]]),
            nearest=texts[order[0]],
            kind=kind,
            kind_share=share,
            words=self._words(read),
            unknown_signs=tuple(text[p.start : p.end] for p in read.pieces if not p.known),
            cut=_cut(text, read),
            place=_largest(text, read, self.known.place),
            size=_largest(text, read, self.known.size),
            neighbours=tuple(texts[number] for number in order[:NEIGHBOURS]),
        )

    def word(self, text: str, pieces: int = 1) -> Word:
        """Return a word by itself."""
        place = self._place_of.get(text.lower())
        meaning = (
            self._encoder.read(text).meaning if place is None else self.known.word_meanings[place]
        )
        alike = self.known.word_meanings @ meaning
        nearest = int(np.argmax(alike))
        of_size = float((self._sizes @ meaning).max(initial=-1.0))
        likeness = 1.0 if place is not None else float(alike[nearest])
        return Word(text, likeness, self.known.sentences.vocabulary[nearest], pieces, of_size)

    def _kind(self, alike: np.ndarray, nearest: np.ndarray) -> tuple[str, float]:
        votes: dict[str, float] = {}
        for number in nearest:
            kind = self.known.sentences.kinds[number]
            votes[kind] = votes.get(kind, 0.0) + float(np.exp(SHARPNESS * alike[number]))
        kind = max(votes, key=lambda each: votes[each])
        return kind, votes[kind] / sum(votes.values())

    def _words(self, read: ReadText) -> tuple[Word, ...]:
        text, seen = read.text, read.pieces[: len(read.states)]
        words: dict[str, Word] = {}
        for _, group in groupby(seen, key=lambda piece: piece.word):
            pieces = list(group)
            written = text[pieces[0].start : pieces[-1].end]
            if written in words or not any(letter.isalpha() for letter in written):
                continue
            if all(piece.known for piece in pieces):
                words[written] = self.word(written, len(pieces))
        return tuple(words.values())


def _cut(text: str, read: ReadText) -> str:
    lost = read.pieces[len(read.states) :]
    return text[lost[0].start :] if lost else ""


def _largest(text: str, read: ReadText, function: np.ndarray) -> tuple[float, str]:
    """Return the largest value of a linear function of the states, and the word that has it."""
    if not len(read.states):
        return 0.0, ""
    scores = read.states @ function[:-1] + function[-1]
    chosen = read.pieces[int(np.argmax(scores))].word
    pieces = [piece for piece in read.pieces if piece.word == chosen]
    return float(scores.max()), text[pieces[0].start : pieces[-1].end]
