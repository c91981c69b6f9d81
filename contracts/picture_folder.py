"""A folder of labelled pictures, as the replay camera shows it and as training reads it.

Two layouts are understood: that of MVTec AD (``train/good``, ``test/KIND``,
``ground_truth/KIND/STEM_mask.png``), and a list of pictures in ``index.json``.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contracts.errors import UserError
from contracts.parsing import first_problem

INDEX = "index.json"
GOOD = "good"
"""The kind of a part without a defect; every other kind is a defect's."""


def _inside(path: str) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError("a path must lie inside the folder of index.json")
    return path


PathInside = Annotated[str, AfterValidator(_inside)]
Pixel = Annotated[int, Field(ge=0)]


class IndexRegion(BaseModel):
    """One defect of a picture; the box is in sensor pixels, right and bottom exclusive."""

    kind: str
    box_xyxy: tuple[Pixel, Pixel, int, int]


class IndexRow(BaseModel):
    """One picture of an ``index.json``. Further fields are the user's own.

    Attributes:
        image: path inside the folder.
        kind: ``good``, or the kind of the picture's defect.
        split: such as ``train`` or ``val``; training needs it.
        mask: path of the picture's mask inside the folder.
        regions: the mask, by defect, if a picture has several.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    image: PathInside
    kind: str
    split: str | None = None
    mask: PathInside | None = None
    regions: tuple[IndexRegion, ...] = ()


def parse_index(raw: bytes, source: str) -> list[IndexRow]:
    """Return the rows of an ``index.json``.

    Raises:
        UserError: names ``source``, the place in it and what is wrong.
    """
    try:
        return TypeAdapter(list[IndexRow]).validate_json(raw)
    except ValidationError as error:
        raise UserError(first_problem(error, source)) from error
