"""What a person should know of a prompt before it inspects parts, in plain words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from inference.words.known_words import ANYTHING
from inference.words.limits import (
    LEAST_LIKENESS,
    LEAST_RARE_WORD_LIKENESS,
    LEAST_WORD_LIKENESS,
    PLACE_SCORE,
    RARE_WORD_PIECES,
    SAME_KIND_SHARE,
    SIZE_SCORE,
    SIZE_WORD_LIKENESS,
)
from inference.words.prompt_reading import PromptReader, PromptReading, Word

SHOWN_WORDS = 5
LATIN = ("LATIN", "FEMININE", "MASCULINE", "MODIFIER", "MICRO", "FULLWIDTH")
"""First words of the Unicode names of letters that English texts may have."""
SCRIPTS = {
    "CJK": "Chinese or Japanese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HALFWIDTH": "Japanese",
    "HANGUL": "Korean",
}
"""Names that people know for the first words of other letters' Unicode names."""


class WarningKind(StrEnum):
    """What may go wrong with the words of a prompt."""

    SIGNS = "signs"
    UNLIKE = "unlike"
    WORDS = "words"
    CUT = "cut"
    PLACE = "place"
    SIZE = "size"
    SAME = "same"
    NOT_JUDGED = "not_judged"


class WordWarning(NamedTuple):
    """One warning of one prompt; ``text`` is a sentence or two for the person who wrote it."""

    kind: WarningKind
    text: str


def warnings_of(prompts: Sequence[str], reader: PromptReader) -> list[tuple[WordWarning, ...]]:
    """Return the warnings of each prompt of a station, in their order.

    Raises:
        ValueError: a prompt is empty or blank.
    """
    readings = [reader.read(text) for text in prompts]
    return [
        (*_alone(reading), *_same(reading, readings[:number]))
        for number, reading in enumerate(readings)
    ]


def _alone(reading: PromptReading) -> list[WordWarning]:
    if reading.trained:
        return []
    signs = _signs(reading)
    about = () if signs else (_unlike, _unknown_words)
    more = [warning for each in (*about, _cut, _place, _size) if (warning := each(reading))]
    return [signs, *more] if signs else more


def _signs(reading: PromptReading) -> WordWarning | None:
    scripts = sorted({script for letter in reading.text if (script := _foreign_script(letter))})
    if scripts:
        return WordWarning(
            WarningKind.SIGNS,
            f"written in {_and(scripts)} letters: the network reads English alone, and may pass "
            "every part. Write it in English",
        )
    if reading.unknown_signs:
        return WordWarning(
            WarningKind.SIGNS,
            f"the network cannot read {_quoted(reading.unknown_signs)}. Say it in English words",
        )
    return None


def _foreign_script(letter: str) -> str | None:
    """Return the name of a letter's script; None if it is Latin or not a letter."""
    if not letter.isalpha():
        return None
    script = unicodedata.name(letter, "UNKNOWN").split()[0]
    return None if script in LATIN else SCRIPTS.get(script, script.capitalize())


def _unlike(reading: PromptReading) -> WordWarning | None:
    if reading.likeness >= LEAST_LIKENESS:
        return None
    return WordWarning(
        WarningKind.UNLIKE,
        f'unlike everything that the network was trained to find: nearest is "{reading.nearest}", '
        f"{reading.likeness:.2f} alike, and {LEAST_LIKENESS:.2f} is the least. It may pass every "
        "part. Another language, or a word misspelled? Say what the defect looks like, in English",
    )


def _unknown_words(reading: PromptReading) -> WordWarning | None:
    unknown = [word for word in reading.words if not is_known(word)]
    if not unknown:
        return None
    shown = ", ".join(
        f'"{word.text}" (nearest "{word.nearest}", {word.likeness:.2f} alike, {_pieces(word)})'
        for word in unknown[:SHOWN_WORDS]
    )
    more = f" and {len(unknown) - SHOWN_WORDS} more" if len(unknown) > SHOWN_WORDS else ""
    return WordWarning(
        WarningKind.WORDS,
        f"the network does not know {shown}{more}. Use words for the look of the defect",
    )


def is_known(word: Word) -> bool:
    """Return whether a word is one of training or near enough to one."""
    rare = word.pieces >= RARE_WORD_PIECES
    return word.likeness >= (LEAST_RARE_WORD_LIKENESS if rare else LEAST_WORD_LIKENESS)


def _pieces(word: Word) -> str:
    return "1 piece" if word.pieces == 1 else f"{word.pieces} pieces"


def _cut(reading: PromptReading) -> WordWarning | None:
    if not reading.cut:
        return None
    return WordWarning(
        WarningKind.CUT,
        f'too long: the network never reads "{reading.cut.strip()}". Make a prompt of each thing '
        "to look for",
    )


def _place(reading: PromptReading) -> WordWarning | None:
    score, word = reading.place
    if score < PLACE_SCORE:
        return None
    return WordWarning(
        WarningKind.PLACE,
        f'"{word}" asks for a place (score {score:.2f}, from {PLACE_SCORE:.2f} on). The network '
        "does not understand places and finds defects elsewhere too. Use the rule `zone` or "
        "`region_of_interest`",
    )


def _size(reading: PromptReading) -> WordWarning | None:
    asked = _size_asked(reading)
    if asked is None:
        return None
    return WordWarning(
        WarningKind.SIZE,
        f"{asked}. The network does not measure and finds defects of every size. Use the rules "
        "`smallest_area`, `largest_length` or `largest_total_area`",
    )


def _size_asked(reading: PromptReading) -> str | None:
    number = next((part for part in reading.text.split() if any(map(str.isdigit, part))), None)
    if number is not None and any(map(str.isalpha, reading.text)):
        return f'"{number}" is a number'
    score, word = reading.size
    if score >= SIZE_SCORE:
        return f'"{word}" asks for a size (score {score:.2f}, from {SIZE_SCORE:.2f} on)'
    for each in reading.words:
        if each.size_likeness >= SIZE_WORD_LIKENESS and not _part_of_a_name(each, reading):
            return f'"{each.text}" is a size'
    return None


def _part_of_a_name(word: Word, reading: PromptReading) -> bool:
    """Return whether training called things so: "small" in "small dark hole"."""
    return any(word.text.lower() in name.split() for name in reading.neighbours)


def _same(reading: PromptReading, before: Sequence[PromptReading]) -> list[WordWarning]:
    """At most one warning: of the first prompt before that asks for the same."""
    for other in before:
        sure = min(reading.kind_share, other.kind_share) >= SAME_KIND_SHARE
        understood = min(reading.likeness, other.likeness) >= LEAST_LIKENESS
        if reading.kind == other.kind and sure and understood:
            asked = "any defect" if reading.kind == ANYTHING else f"kind {reading.kind}"
            return [
                WordWarning(
                    WarningKind.SAME,
                    f'means the same to the network as "{other.text}": both ask for {asked} '
                    f"({reading.kind_share:.0%} and {other.kind_share:.0%} of the nearest words of "
                    "training). One defect counts for both",
                )
            ]
    return []


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f'"{text}"' for text in dict.fromkeys(texts))


def _and(texts: Sequence[str]) -> str:
    return " and ".join(texts)
