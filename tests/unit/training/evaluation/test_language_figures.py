"""What is asked, and what is made of the answers, with an engine that knows its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from contracts.prompt import UNIVERSAL_PROMPT
from inference.training.data.dataset import Entry, Part
from inference.training.evaluation.engines import NO_WORDS, Prediction
from inference.training.evaluation.figures.language import (
    absent_figures,
    kind_figures,
    no_text_figures,
    paraphrase_figures,
    swapped_figures,
)
from inference.training.evaluation.figures.lines import line_figures
from inference.training.evaluation.figures.looks import Look, look
from inference.training.evaluation.figures.pixels import PixelTally
from inference.training.evaluation.figures.questions import Paraphrases, Question, Questioner, Role
from inference.training.words.captions import GRAMMAR
from inference.training.words.grammar_file import read_grammar

KINDS = ("crack", "fray", "uneven", "blowhole")


class Painter:
    """Answers words with columns of a 10 x 10 picture."""

    knows_silence = True
    version = "painter"

    def __init__(self, columns: dict[str, tuple[int, int]]) -> None:
        self.columns = columns

    def ask(self, image_rgb: np.ndarray, words: Sequence[str]) -> Prediction:
        margin = np.full((len(words), 10, 10), -1.0, np.float32)
        presence = np.full(len(words), -1.0, np.float32)
        for index, each in enumerate(words):
            if each in self.columns:
                left, right = self.columns[each]
                margin[index, :, left:right], presence[index] = 1.0, 1.0
        return Prediction(margin, presence)


def part(**columns: tuple[int, int]) -> Part:
    masks = {}
    for kind, (left, right) in columns.items():
        masks[kind] = np.zeros((10, 10), np.uint8)
        masks[kind][:, left:right] = 255
    return Part("line", "a", np.zeros((10, 10, 3), np.uint8), masks)


def looked(painter: Painter, shown: Part, asked: list[Question]) -> Look:
    return look(painter, Entry("line", Path("a"), "kind", "val"), shown, asked, None)


def kind_words(kind: str) -> Question:
    return Question(Role.KIND, kind, kind)


UNIVERSAL = Question(Role.UNIVERSAL, UNIVERSAL_PROMPT)


def test_everything_is_asked_once_and_always_the_same() -> None:
    questioner = Questioner(KINDS, read_grammar(), Paraphrases.read(), silence=True)
    asked = questioner.questions(["crack"], 5)
    assert asked == questioner.questions(["crack"], 5)
    assert asked[0] == UNIVERSAL
    roles = [question.role for question in asked]
    assert [roles.count(role) for role in Role] == [1, 1, 3, 4, 1]
    assert asked[-1].words == NO_WORDS
    absent = {question.kind for question in asked if question.role == Role.ABSENT}
    assert absent == {"fray", "uneven", "blowhole"}


def test_good_parts_take_turns_with_the_absent_kinds() -> None:
    kinds = [*KINDS, "break"]
    questioner = Questioner(kinds, read_grammar(), None, silence=False)
    asked = [q.kind for number in range(5) for q in questioner.questions([], number)[1:]]
    assert {kind: asked.count(kind) for kind in kinds} == dict.fromkeys(kinds, 3)


def test_a_line_of_one_kind_is_asked_for_kinds_that_nobody_mixes_up_with_it() -> None:
    questioner = Questioner(["pitting"], read_grammar(), None, silence=False)
    absent = {q.kind for number in range(20) for q in questioner.questions([], number)[1:]}
    assert absent
    assert not absent & {"pitting", "blowhole", "spot", "stain", "defect"}


def test_a_kind_that_no_grammar_has_is_called_by_its_folder() -> None:
    questioner = Questioner(["bent_lead"], read_grammar(), Paraphrases.read(), silence=False)
    asked = questioner.questions(["bent_lead"], 0)
    assert [q.words for q in asked if q.role == Role.KIND] == ["bent lead"]
    assert [q.kind for q in asked if q.role == Role.PARAPHRASE] == [None]


def test_paraphrases_are_nowhere_in_the_captions() -> None:
    reworded, grammar = Paraphrases.read(), read_grammar()
    texts = [*reworded.universal, *(text for of in reworded.kinds.values() for text in of)]
    assert len(set(texts)) == len(texts)
    assert set(reworded.kinds) == set(grammar.names) - {"defect"}
    assert all(len(of) >= 2 for of in (reworded.universal, *reworded.kinds.values()))
    everything = str(yaml.safe_load(GRAMMAR.read_text())).lower()
    for text in texts:
        assert text.lower() not in everything, text
    for kind, of in reworded.kinds.items():
        for name in grammar.names[kind]:
            named = [text for text in of if re.search(rf"\b{re.escape(name)}\b", text)]
            assert not named, f"{kind}: {named}"


def test_a_kinds_mask_is_its_own_target_and_may_leak() -> None:
    shown = part(crack=(0, 2), fray=(5, 9))
    painter = Painter({UNIVERSAL_PROMPT: (0, 2), "crack": (0, 6), "fray": (5, 9)})
    looks = [looked(painter, shown, [UNIVERSAL, kind_words("crack"), kind_words("fray")])]
    crack, fray = kind_figures(looks, "crack"), kind_figures(looks, "fray")
    assert crack["miou"] == pytest.approx(20 / 60, abs=1e-4)
    assert crack["leak"] == 0.25  # one of fray's four columns
    assert (fray["miou"], fray["leak"], fray["t_acc"]) == (1.0, 0.0, 1.0)
    assert crack["universal"]["miou"] == pytest.approx(20 / 60, abs=1e-4)


def test_absent_kinds_are_right_where_nothing_is_answered() -> None:
    asked = [UNIVERSAL, *(Question(Role.ABSENT, kind, kind) for kind in ("fray", "uneven"))]
    painter = Painter({"fray": (0, 3)})
    defective = looked(painter, part(crack=(0, 2)), [*asked, kind_words("crack")])
    good = looked(painter, part(), [UNIVERSAL, Question(Role.ABSENT, "uneven", "uneven")])
    figures = absent_figures([defective, good])
    assert (figures["samples"], figures["n_acc"]) == (3, 0.6667)
    assert figures["defective"] == {"samples": 2, "n_acc": 0.5}
    assert figures["good"] == {"samples": 1, "n_acc": 1.0}
    # "fray" covers the crack's two columns and one more; the crack's own words find nothing.
    assert swapped_figures([defective, good]) == {"samples": 1, "miou": 0.6667, "right_miou": 0.0}


def test_paraphrases_are_held_against_the_usual_words() -> None:
    asked = [
        UNIVERSAL,
        kind_words("crack"),
        Question(Role.PARAPHRASE, "fissure", "crack"),
        Question(Role.PARAPHRASE, "fault", None),
    ]
    painter = Painter({"crack": (0, 4), "fissure": (0, 2)})
    figures = paraphrase_figures([looked(painter, part(crack=(0, 2)), asked)])
    assert figures["kinds"]["iou_to_original"] == 0.5
    assert figures["kinds"]["miou"] == 1.0
    assert (figures["universal"]["iou_to_original"], figures["universal"]["both_empty"]) == (1.0, 1)
    assert figures["iou_to_original"] == 0.75
    assert figures["iou_to_original_where_either_answers"] == 0.5


def test_no_text_is_held_against_everything() -> None:
    painter = Painter({NO_WORDS: (0, 4)})
    asked = [UNIVERSAL, Question(Role.NO_TEXT, NO_WORDS)]
    looks = [looked(painter, shown, asked) for shown in (part(crack=(0, 2)), part())]
    figures = no_text_figures(looks) or {}
    assert (figures["miou"], figures["giou"], figures["n_acc"]) == (0.5, 0.25, 0.0)
    assert no_text_figures([looked(painter, part(), [UNIVERSAL])]) is None


def test_gres_is_over_universal_kind_and_absent_prompts() -> None:
    painter = Painter({UNIVERSAL_PROMPT: (0, 2), "crack": (0, 4), NO_WORDS: (0, 9)})
    asked = [
        UNIVERSAL,
        kind_words("crack"),
        Question(Role.ABSENT, "fray", "fray"),
        Question(Role.NO_TEXT, NO_WORDS),
    ]
    figures = line_figures([looked(painter, part(crack=(0, 2)), asked)], PixelTally())
    assert (figures["samples"], figures["no_target"]) == (3, 1)
    assert figures["giou"] == pytest.approx((1 + 0.5 + 1) / 3, abs=1e-4)
    assert (figures["n_acc"], figures["t_acc"]) == (1.0, 1.0)
