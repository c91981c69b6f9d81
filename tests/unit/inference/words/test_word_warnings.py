"""What the network that ships is said not to understand, and what it is not warned of."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.text_encoder import TextEncoder
from inference.words.known_words import NAME, KnownWords
from inference.words.prompt_reading import PromptReader
from inference.words.word_warnings import warnings_of
from runtime.linefile.line_file import load_line_file
from tests.tiny import ROOT

SHIPPED = ROOT / "triton_models" / "dqformer" / "1" / NAME
LONG = (
    "any scratch on the surface of the painted part that was not there before and that a customer "
    "would see from one metre away in good light, and also any dent or hole"
)


@pytest.fixture(scope="module")
def reader(encoder: TextEncoder) -> PromptReader:
    return PromptReader(KnownWords.read(SHIPPED), encoder)


def kinds(reader: PromptReader, *prompts: str) -> list[str]:
    """Of the warnings of the last prompt."""
    return [warning.kind.value for warning in warnings_of(prompts, reader)[-1]]


@pytest.mark.parametrize(
    ("words", "warned", "says"),
    [
        ("キズ", "signs", "Japanese letters"),
        ("любой дефект", "signs", "Cyrillic letters"),
        ("scratch 傷", "signs", "Chinese or Japanese"),
        ("🔥", "signs", 'cannot read "🔥"'),
        ("find 🔍", "signs", 'cannot read "🔍"'),
        ("tout défaut", "unlike", "Another language"),
        ("jeder Fehler", "unlike", "Another language"),
        ("xyzzy", "unlike", "misspelled"),
        ("???", "unlike", "0.54 is the least"),
        ("a happy dog", "unlike", "unlike everything that the network was trained to find"),
        ("any scratch on the conveyor", "words", '"conveyor" (nearest "solder", 0.46 alike'),
        (LONG, "cut", 'never reads "any dent or hole"'),
        ("scratch on the left", "place", '"left" asks for a place'),
        ("a stain in the upper third", "place", '"upper" asks for a place'),
        ("the largest scratch", "size", '"largest" asks for a size'),
        ("huge crack", "size", '"huge" is a size'),
        ("a crack longer than 5 mm", "size", '"5" is a number'),
    ],
)
def test_words_that_are_not_understood_are_said(
    reader: PromptReader, words: str, warned: str, says: str
) -> None:
    found = {each.kind.value: each.text for each in warnings_of([words], reader)[0]}
    assert says in found[warned]


@pytest.mark.parametrize(
    "words",
    [
        "any defect",
        "ANY DEFECT",
        "a scratch",
        "any scratch on the surface",
        "oil stain on the metal",
        "small hole in the surface",
        "a broken corner",
        "void left by gas",
        "anything unusual on the plate",
    ],
)
def test_words_of_the_trade_are_not_warned_of(reader: PromptReader, words: str) -> None:
    assert kinds(reader, words) == []


def test_two_prompts_for_the_same_are_said_once(reader: PromptReader) -> None:
    assert kinds(reader, "a scratch") == []
    assert kinds(reader, "a scratch", "scratches in the coating") == ["same"]
    assert kinds(reader, "open circuit", "broken track") == ["same"]
    assert kinds(reader, "any defect", "anything wrong with the part") == ["same"]
    assert kinds(reader, "any defect", "a scratch", "a stain") == []


@pytest.mark.parametrize("file", sorted((ROOT / "lines").glob("*.yaml")), ids=lambda f: f.name)
def test_the_lines_that_ship_are_not_warned_of(reader: PromptReader, file: Path) -> None:
    for station in load_line_file(file).stations.values():
        words = [prompt.words for prompt in station.prompts]
        assert warnings_of(words, reader) == [()] * len(words)


@pytest.mark.parametrize("words", ["�", "a\u200bb", "\u0301x", "x" * 400, "'", "Ⅷ ½"])
def test_any_text_is_read(reader: PromptReader, words: str) -> None:
    assert warnings_of([words], reader)[0]
