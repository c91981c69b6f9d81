"""How many prompts of each group are warned of, and by what: ``referee bench words``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from inference.words.prompt_reading import PromptReader
from inference.words.word_warnings import WarningKind, warnings_of

FOLDER = Path(__file__).parent
PARAPHRASES = FOLDER.parents[1] / "inference" / "training" / "words" / "paraphrases.yaml"
PAIRS = ("same", "different")


class Group(NamedTuple):
    """Prompts of one kind that one person wrote.

    Attributes:
        warned: the prompts with a warning; of pairs, those that are said to mean the same.
        not_warned: the others.
        likeness: least, median and largest likeness to the nearest sentence of training.
        by: kind of warning -> prompts that have it.
    """

    source: str
    name: str
    warned: list[str]
    not_warned: list[str]
    likeness: tuple[float, float, float] | None
    by: dict[str, int]


def measured(reader: PromptReader) -> list[Group]:
    """Return every group of ``prompts.yaml``, of ``unseen.yaml`` and the held out paraphrases."""
    found = []
    for source in ("prompts", "unseen"):
        groups = yaml.safe_load((FOLDER / f"{source}.yaml").read_text())
        found += [_group(source, name, prompts, reader) for name, prompts in groups.items()]
    found.append(_group("paraphrases", "known", _paraphrases(), reader))
    return found


def _paraphrases() -> list[str]:
    written: Mapping[str, Any] = yaml.safe_load(PARAPHRASES.read_text())
    return [*written["universal"], *(text for kind in written["kinds"].values() for text in kind)]


def _group(source: str, name: str, prompts: list[Any], reader: PromptReader) -> Group:
    warned: list[str] = []
    not_warned: list[str] = []
    by = dict.fromkeys(WarningKind, 0)
    for prompt in prompts:
        pair = prompt if name in PAIRS else [prompt]
        kinds = {warning.kind for warning in warnings_of(pair, reader)[-1]}
        if name in PAIRS:
            kinds &= {WarningKind.SAME}
        for kind in kinds:
            by[kind] += 1
        (warned if kinds else not_warned).append(" | ".join(pair))
    found = {kind.value: count for kind, count in by.items() if count}
    return Group(source, name, warned, not_warned, _spread(name, prompts, reader), found)


def _spread(
    name: str, prompts: list[Any], reader: PromptReader
) -> tuple[float, float, float] | None:
    if name in PAIRS:
        return None
    likeness = sorted(reader.read(prompt).likeness for prompt in prompts)
    return likeness[0], likeness[len(likeness) // 2], likeness[-1]
