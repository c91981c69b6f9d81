"""All expressions that are true of a labelled picture, and a fair draw from them.

One queue for each way of saying; a draw goes round the queues, so that the first expressions of a
picture differ in form, and only later ones differ in words alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from inference.training.data.dataset import Part
from inference.training.words.captions import ANY_KIND, PLAIN, Grammar
from inference.training.words.forms import (
    COUNTS,
    SIZES,
    ZONES,
    countable,
    empty_zones,
    regions_of,
    true_forms,
)


class Form(StrEnum):
    """How an expression refers."""

    UNIVERSAL = "universal"
    PLAIN = "plain"
    ZONE = "zone"
    SIZE = "size"
    COUNT = "count"
    PARAPHRASE = "paraphrase"
    ABSENT = "absent"


class Expression(NamedTuple):
    """Attributes:
    kind: what is asked for; ``ANY_KIND`` means anything that is wrong.
    narrowed_by: a zone, size or count of the grammar's forms; None for all of a kind.
    target: makes the (H, W) uint8 mask of the target; None if it refers to nothing.
    """

    text: str
    kind: str
    form: Form
    narrowed_by: str | None = None
    target: Callable[[], np.ndarray] | None = None


@dataclass(frozen=True)
class Scene:
    """A picture, and what is known from its labels.

    Attributes:
        part: its masks by kind; ``ANY_KIND`` if several kinds share one mask.
        present: all kinds that the labels name, whether in the masks or not.
        told_apart: kinds that the labels of this line distinguish; empty for painted defects.
        counted: kind -> number of labelled defects; None: count connected regions instead.
    """

    part: Part
    present: frozenset[str]
    told_apart: frozenset[str]
    counted: Counter[str] | None = None


def draw(scene: Scene, grammar: Grammar, most: int, rng: np.random.Generator) -> list[Expression]:
    """Return at most ``most`` expressions with different texts; the first one is universal."""
    queues = [_spread(queue, rng) for queue in _queues(scene, grammar)]
    drawn: dict[str, Expression] = {}
    for expression in (each for turn in zip_longest(*queues) for each in turn if each):
        if len(drawn) == most:
            break
        drawn.setdefault(expression.text, expression)
    return list(drawn.values())


def _spread(queue: Iterator[Expression], rng: np.random.Generator) -> list[Expression]:
    """Shuffled, and so that a kind and zone come again only after all others had their turn."""
    expressions = list(queue)
    shuffled = [expressions[index] for index in rng.permutation(len(expressions))]
    seen: Counter[tuple[str, str | None]] = Counter()
    turns = []
    for each in shuffled:
        turns.append(seen[each.kind, each.narrowed_by])
        seen[each.kind, each.narrowed_by] += 1
    return [shuffled[index] for index in np.argsort(turns, kind="stable")]


def _queues(scene: Scene, grammar: Grammar) -> list[Iterator[Expression]]:
    narrowed = list(_narrowed(scene, grammar))
    of_form = {form: iter([e for e in narrowed if e.form is form]) for form in Form}
    return [
        _universal(scene, grammar),
        _named(scene, grammar, Form.PLAIN),
        of_form[Form.ZONE],
        _absent(scene, grammar),
        of_form[Form.SIZE],
        of_form[Form.COUNT],
        _named(scene, grammar, Form.PARAPHRASE),
        _elsewhere(scene, grammar),
    ]


def names_of(grammar: Grammar, kind: str) -> tuple[str, ...]:
    """What people call a kind, the usual name first; else its folder's name."""
    return grammar.names.get(kind, (kind.replace("_", " "),))


def _universal(scene: Scene, grammar: Grammar) -> Iterator[Expression]:
    target = scene.part.any_mask if scene.part.masks else None
    for text in grammar.universal:
        yield Expression(text, ANY_KIND, Form.UNIVERSAL, None, target)


def _named(scene: Scene, grammar: Grammar, form: Form) -> Iterator[Expression]:
    """All of a kind: by its usual name, or by another one (a paraphrase)."""
    for kind, mask in scene.part.masks.items():
        usual, *others = names_of(grammar, kind)
        names = (usual,) if form is Form.PLAIN else tuple(others)
        for text in grammar.worded(names, PLAIN):
            yield Expression(text, kind, form, None, partial(np.copy, mask))


def _asked(scene: Scene) -> dict[str, np.ndarray]:
    """Kind -> mask, and whatever is wrong under ``ANY_KIND``."""
    return {**scene.part.masks, ANY_KIND: scene.part.any_mask()} if scene.part.masks else {}


def _narrowed(scene: Scene, grammar: Grammar) -> Iterator[Expression]:
    for kind, mask in _asked(scene).items():
        regions = regions_of(mask)
        # Where people counted, a count or a size of connected regions must not contradict them.
        counted = _count(scene, kind)
        sure = countable(mask, regions) if counted is None else counted == len(regions.areas_px2)
        for narrowed_by, chosen in true_forms(regions, sure).items():
            form = _form_of(narrowed_by)
            if form is Form.PLAIN:
                continue
            target = partial(regions.mask, chosen)
            for text in grammar.worded(names_of(grammar, kind), narrowed_by):
                yield Expression(text, kind, form, narrowed_by, target)


def _count(scene: Scene, kind: str) -> int | None:
    if scene.counted is None:
        return None
    return scene.counted.total() if kind == ANY_KIND else scene.counted[kind]


def _form_of(narrowed_by: str) -> Form:
    if narrowed_by in ZONES:
        return Form.ZONE
    if narrowed_by in SIZES:
        return Form.SIZE
    return Form.COUNT if narrowed_by in COUNTS.values() else Form.PLAIN


def _absent(scene: Scene, grammar: Grammar) -> Iterator[Expression]:
    """Return the kinds that are absent; none if the kinds on the part are not known."""
    if ANY_KIND in scene.present:
        return
    here = {name for kind in scene.present for name in names_of(grammar, kind)}
    for kind in sorted(_absent_kinds(scene, grammar)):
        names = tuple(name for name in names_of(grammar, kind) if name not in here)
        for text in grammar.worded(names, PLAIN):
            yield Expression(text, kind, Form.ABSENT)


def _absent_kinds(scene: Scene, grammar: Grammar) -> set[str]:
    """Return the line's own kinds, and the others that are not confusable with one present."""
    fair = {
        kind
        for kind in grammar.names
        if not any(grammar.confusable(here, kind) for here in scene.present)
    }
    return (fair | scene.told_apart) - scene.present - {ANY_KIND}


def _elsewhere(scene: Scene, grammar: Grammar) -> Iterator[Expression]:
    """Kinds that are there, in zones that no pixel of them lies in."""
    for kind, mask in _asked(scene).items():
        for zone in empty_zones(mask):
            for text in grammar.worded(names_of(grammar, kind), zone):
                yield Expression(text, kind, Form.ABSENT, zone)
