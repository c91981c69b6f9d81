"""The newest release of each station, and nothing else, is active."""

from __future__ import annotations

from contracts.camera import CameraConfig
from contracts.release import Activation, Prompt, Release, StationConfig
from runtime.messaging.release_book import ReleaseBook
from runtime.messaging.router import Cleared


def release(station: str, words: str) -> Activation:
    camera, prompts = CameraConfig(kind="simulated"), (Prompt(words=words),)
    of = Release.of(station, StationConfig(camera=camera, prompts=prompts))
    return Activation.by("anna", "a trial", of)


def test_the_newest_is_active_and_an_empty_message_clears_it() -> None:
    book = ReleaseBook()
    assert book.active("top") is None
    old, new, other = release("top", "a dent"), release("top", "a crack"), release("side", "rust")
    for sent in (old, new, other):
        assert book.take(sent) == sent
    assert (book.active("top"), book.active("side")) == (new, other)
    assert book.ids() == {"top": new.release_id, "side": other.release_id}
    assert book.take(Cleared("top")) is None
    assert book.active("top") is None
    assert book.active("side") == other
