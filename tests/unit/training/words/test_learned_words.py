"""What a network knows follows from what training asked it with."""

from __future__ import annotations

import numpy as np

from inference.text_encoder import TextEncoder
from inference.training.words.captions import CaptionBank, Grammar
from inference.training.words.grammar_file import read_grammar
from inference.training.words.learned_words import learned_words
from inference.words.known_words import KnownWords
from inference.words.prompt_reading import PromptReader
from inference.words.word_warnings import warnings_of
from tests.tiny import ROOT

SHIPPED = ROOT / "triton_models" / "dqformer" / "1" / "words.safetensors"


def test_words_of_ones_own_are_known_to_a_network_trained_with_them(encoder: TextEncoder) -> None:
    grammar = Grammar(
        universal=("any defect",),
        forms={"plain": ("{name}", "a {name} on the part"), "left": ("{name} on the left",)},
        names={"flash": ("flash", "burr of plastic"), "defect": ("defect",), "crack": ("crack",)},
        near={},
    )
    asked = CaptionBank(grammar, ["flash", "short_shot"], encoder).asked()
    reader = PromptReader(learned_words(Grammar.of_checkpoint(asked), encoder), encoder)
    assert warnings_of(["a burr of plastic on the part", "any defect"], reader) == [(), ()]
    assert reader.read("short shot").trained, "a kind is called by its name if it has no other"
    assert not reader.read("crack").trained, "no part had one"
    assert warnings_of(["mousebite"], reader)[0], "known to the network that ships"


def test_the_file_that_ships_is_of_the_shipped_grammar(encoder: TextEncoder) -> None:
    known, grammar = KnownWords.read(SHIPPED), read_grammar()
    assert known.sentences.text_encoder_sha256 == encoder.sha256()
    assert set(grammar.universal) <= set(known.sentences.texts)
    assert set(known.sentences.kinds) >= set(grammar.names) - {"defect"}
    for number in (0, len(known.sentences.texts) // 2, -1):
        meaning = encoder.read(known.sentences.texts[number]).meaning
        assert np.dot(meaning, known.meanings[number]) > 0.999
