"""Warnings of prompts in a line's releases: what the served network does not understand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from contracts.causes import Mode
from contracts.errors import UserError
from contracts.prompt import Prompt
from contracts.release import Activation, Release
from inference.model_name import ModelName
from inference.text_encoder import TextEncoder
from inference.words.known_words import NAME, KnownWords
from inference.words.prompt_reading import PromptReader
from inference.words.word_warnings import WarningKind, WordWarning, warnings_of
from referee.project import how_to_install, served_models, text_encoder_folder


class WarnedPrompt(NamedTuple):
    """A prompt with warnings.

    Attributes:
        recipe: number of the product recipe that it is of; 0 is the station's own list.
        number: its place in the list, from 1.
    """

    station: str
    recipe: int
    number: int
    prompt: Prompt
    warnings: tuple[WordWarning, ...]

    @property
    def place(self) -> str:
        """Return where it is in the line file, such as ``tiles, recipe 2, prompt 1``."""
        recipe = f", recipe {self.recipe}" if self.recipe else ""
        return f"{self.station}{recipe}, prompt {self.number}"

    @property
    def sentences(self) -> list[str]:
        """Return each warning as it is shown."""
        return [f'{self.place} "{self.prompt.words}": {each.text}.' for each in self.warnings]


def warned_prompts(release: Release) -> list[WarnedPrompt]:
    """Return the prompts of a release, its recipes' too, that the network may not understand."""
    own = {0: release.config.prompts}
    lists = own | {number: each.prompts for number, each in release.config.recipes.items()}
    return [
        WarnedPrompt(release.station, recipe, place, prompt, warnings)
        for recipe, prompts in lists.items()
        for place, (prompt, warnings) in enumerate(
            zip(prompts, word_warnings([p.words for p in prompts]), strict=True), 1
        )
        if warnings
    ]


def word_warnings(prompts: Sequence[str]) -> list[tuple[WordWarning, ...]]:
    """Return the warnings of each of the prompts of one station. One that says that nothing could
    be judged is among them."""
    folder = ModelName.from_environment().folder(served_models())
    known = _known(folder / NAME)
    if isinstance(known, str):
        return [_not_judged(known) for _ in prompts]
    reader = _reader(known, text_encoder_folder())
    if isinstance(reader, str):
        return [() if known.has_sentence(each) else _not_judged(reader) for each in prompts]
    return warnings_of(prompts, reader)


def as_said(warned: Iterable[WarnedPrompt]) -> dict[str, list[str]]:
    """Return the warnings by the words of their prompts, as an activation carries them."""
    said: dict[str, list[str]] = {}
    for each in warned:
        texts = said.setdefault(each.prompt.words, [])
        texts += [warning.text for warning in each.warnings if warning.text not in texts]
    return said


def warning_lines(activations: Iterable[Activation]) -> list[str]:
    """Return what is to be said of the words of releases that are put in force."""
    return [
        f'{each.station}: "{words}": {text}.'
        for each in activations
        for words, texts in each.word_warnings.items()
        for text in texts
    ]


def served_reader() -> PromptReader:
    """Return what reads prompts as the served network does. Raises UserError if it is not here."""
    known = _known(ModelName.from_environment().folder(served_models()) / NAME)
    reader = known if isinstance(known, str) else _reader(known, text_encoder_folder())
    if isinstance(reader, str):
        raise UserError(reader)
    return reader


def unconfirmed(release: Release, warned: Iterable[WarnedPrompt]) -> list[WarnedPrompt]:
    """Return the warned prompts that a person must confirm before the station may guard with them.

    They are none in other modes, which let every part through.
    """
    if release.config.mode is not Mode.GUARD:
        return []
    return [each for each in warned if not each.prompt.confirmed]


def refuse(found: Sequence[WarnedPrompt]) -> None:
    """Raise UserError if there are prompts that a person must confirm."""
    if not found:
        return
    stations = ", ".join(dict.fromkeys(each.station for each in found))
    told = "\n".join(f"  {sentence}" for each in found for sentence in each.sentences)
    raise UserError(
        f"mode guard, and the network may not understand these words of {stations}:\n{told}\n"
        "Write other words. Or look at what they find with `referee inspect`, then add "
        "`confirmed: true` to the prompt"
    )


def _not_judged(why: str) -> tuple[WordWarning, ...]:
    return (WordWarning(WarningKind.NOT_JUDGED, f"these words were not judged: {why}"),)


@lru_cache(maxsize=4)
def _known(path: Path) -> KnownWords | str:
    """Return what the network knows, or why that is not known."""
    try:
        return KnownWords.read(path)
    except FileNotFoundError:
        return f"{path} is missing; `referee export` writes it with the network"


@lru_cache(maxsize=4)
def _encoder(folder: Path) -> TextEncoder | str:
    try:
        return TextEncoder(folder)
    except FileNotFoundError as error:
        return f"{error}; {how_to_install('text-encoder')}, or set REFEREE_TEXT_ENCODER"


def _reader(known: KnownWords, folder: Path) -> PromptReader | str:
    """Return what reads prompts, or why there is none."""
    encoder = _encoder(folder)
    if isinstance(encoder, str):
        return encoder
    if encoder.sha256() != known.sentences.text_encoder_sha256:
        return f"the text encoder in {folder} is not the one that the network was trained with"
    return PromptReader(known, encoder)
