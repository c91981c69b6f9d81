"""Builds a referring data set from labelled pictures, in the style of MVTec-Ref.

Each picture's expressions are a function of the seed, its line and its path alone: adding pictures
changes nothing about the others.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from contracts.errors import UserError
from contracts.picture_folder import GOOD
from inference.training.data.dataset import Entry, Part
from inference.training.data.labelled_folder import check_files, entries_of, find_lines, load_sound
from inference.training.data.synthetic import PAINTERS, add_defect
from inference.training.referring.expressions import Expression, Scene, draw
from inference.training.referring.referring_set import (
    BoxXyxy,
    MaskFiles,
    Referring,
    Region,
    area_bin,
    relative,
    write_png,
    write_referring,
)
from inference.training.words.captions import ANY_KIND, Grammar
from inference.training.words.forms import SMALLEST_REGION_PX2
from runtime.process.files import made_folder, writing

COMBINED = "combined"  # MVTec AD's name for parts with several kinds that are not labelled apart
MOST_PAINTED = 3
PAINT_TRIES = 20

Progress = Callable[[Sequence[Entry], str], Iterator[Entry]]


@dataclass(frozen=True)
class Build:
    """What to build.

    Attributes:
        per_image: expressions of a defective picture, at most.
        per_good: expressions of a good one, at most.
        synthetic: pictures painted with defects, for each line.
    """

    out: Path
    grammar: Grammar
    seed: int = 0
    per_image: int = 8
    per_good: int = 2
    synthetic: int = 0


def build(data: Path, plan: Build, progress: Progress) -> list[Referring]:
    """Write a data set into an empty folder, its list last.

    Raises:
        UserError: the pictures, their labels or the folder cannot be used; the message says why.
    """
    lines = find_lines(data)
    if plan.out.exists() and (not plan.out.is_dir() or any(plan.out.iterdir())):
        raise UserError(f"{plan.out}: is not an empty folder; name another one or empty it")
    entries = {line: entries_of(folder, line, plan.grammar.names) for line, folder in lines.items()}
    for entry in chain.from_iterable(entries.values()):
        check_files(entry)
    made_folder(plan.out)
    records: list[Referring] = []
    with writing(plan.out):
        for line, folder in lines.items():
            told_apart = _told_apart(entries[line])
            for entry in progress(entries[line], line):
                records += _of_picture(entry, folder, told_apart, plan)
            records += _painted(line, entries[line], plan)
        write_referring(plan.out, records)
    return records


def _told_apart(entries: Sequence[Entry]) -> frozenset[str]:
    kinds = {entry.kind for entry in entries if not entry.regions}
    kinds |= {region["kind"] for entry in entries for region in entry.regions}
    return frozenset(kinds - {GOOD, COMBINED, ANY_KIND})


def _of_picture(
    entry: Entry, folder: Path, told_apart: frozenset[str], plan: Build
) -> list[Referring]:
    part = load_sound(entry)
    if COMBINED in part.masks:
        part.masks[ANY_KIND] = part.masks.pop(COMBINED)
    counted = Counter(region["kind"] for region in entry.regions)
    scene = Scene(part, frozenset(part.masks) | set(counted), told_apart, counted or None)
    name = entry.image.relative_to(folder).as_posix()
    masks = MaskFiles(plan.out, f"{entry.line}/{name}")
    if entry.mask is not None:
        masks.know(part.any_mask(), entry.mask)
    return _records(scene, entry.image, entry.split, masks, plan, _rng(plan, entry.line, name))


def _rng(plan: Build, line: str, name: str) -> np.random.Generator:
    return np.random.default_rng([plan.seed, zlib.crc32(f"{line}/{name}".encode())])


def _records(
    scene: Scene,
    image: Path,
    split: str,
    masks: MaskFiles,
    plan: Build,
    rng: np.random.Generator,
    painted_on: Path | None = None,
) -> list[Referring]:
    most = plan.per_image if scene.part.masks else plan.per_good
    return [
        Referring(
            line=scene.part.line,
            split=split,
            image=relative(image, plan.out),
            image_hw_px=scene.part.image.shape[:2],
            text=said.text,
            form=said.form,
            kind=said.kind,
            narrowed_by=said.narrowed_by,
            painted_on=relative(painted_on, plan.out) if painted_on else None,
            **_target(said, scene.part, masks),
        )
        for said in draw(scene, plan.grammar, most, rng)
    ]


def _target(said: Expression, part: Part, masks: MaskFiles) -> dict:
    """The fields of a record that say what is meant."""
    if said.target is None:
        return {}
    mask = said.target()
    area_px2 = int((mask > 0).sum())
    left, top, width, height = cv2.boundingRect(mask)
    return {
        "mask": masks.path_of(mask),
        "regions": tuple(_regions(mask, part)),
        "box_xyxy": (left, top, left + width, top + height),
        "area_px2": area_px2,
        "area_share": round(area_px2 / mask.size, 8),
        "area_bin": area_bin(area_px2, mask.size),
    }


def _regions(target: np.ndarray, part: Part) -> Iterator[Region]:
    for kind, mask in sorted(part.masks.items()):
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask & target, connectivity=8)
        for left, top, width, height, area_px2 in stats[1:].tolist():
            if area_px2 >= SMALLEST_REGION_PX2:
                box: BoxXyxy = (left, top, left + width, top + height)
                yield Region(kind=kind, box_xyxy=box, area_px2=area_px2)


def _painted(line: str, entries: Sequence[Entry], plan: Build) -> Iterator[Referring]:
    """Expressions of pictures with painted defects, on good ones that are for training."""
    good = [entry for entry in entries if entry.kind == GOOD and entry.split == "train"]
    if plan.synthetic and not good:
        raise UserError(f"line {line}: no good picture for training to paint on; drop --synthetic")
    for number in range(plan.synthetic):
        rng = _rng(plan, line, f"synthetic/{number}")
        under = good[int(rng.integers(len(good)))]
        part = _paint(load_sound(under), rng)
        if not part.masks:
            continue
        file = plan.out / "synthetic" / line / f"{number:06d}.png"
        write_png(file, cv2.cvtColor(part.image, cv2.COLOR_RGB2BGR))
        masks = MaskFiles(plan.out, f"{line}/synthetic/{file.name}")
        # Painted kinds were not labelled by people: a painted crack may look like a scratch.
        scene = Scene(part, frozenset(part.masks), frozenset())
        yield from _records(scene, file, "train", masks, plan, rng, under.image)


def _paint(part: Part, rng: np.random.Generator) -> Part:
    """Paint one to three defects that do not touch; return the part unchanged if none fits."""
    kinds, wanted, done = sorted(PAINTERS), int(rng.integers(1, MOST_PAINTED + 1)), 0
    for _ in range(PAINT_TRIES):
        kind = str(rng.choice(kinds))
        near = cv2.dilate(part.any_mask(), np.ones((9, 9), np.uint8)) > 0
        after = add_defect(part, kind, rng)
        added = after.any_mask().astype(bool) & ~part.any_mask().astype(bool)
        untouched = not (near & (after.image != part.image).any(axis=2)).any()
        if added.any() and untouched:
            part, done = after, done + 1
        if done == wanted:
            break
    return part
