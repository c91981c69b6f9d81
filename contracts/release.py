"""A release: what one station looks for and what it does about it. Never edited in place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    field_serializer,
    model_validator,
)
from pydantic_core import to_jsonable_python

from contracts.camera import CameraConfig
from contracts.causes import Mode, TriggerSource
from contracts.identity import Config, Message, Slug
from contracts.polygon import Polygon
from contracts.prompt import Prompt

LEAST_DEADLINE_MS, GREATEST_DEADLINE_MS, DEFAULT_DEADLINE_MS = 10, 60_000, 1000


class Recipe(Config):
    """What another product on the same line is judged by."""

    prompts: Annotated[
        tuple[Prompt, ...], Field(min_length=1, max_length=64, title="What to look for")
    ]
    region_of_interest: Annotated[
        Polygon | None, Field(title="As of the station; the station's own if none")
    ] = None

    @model_validator(mode="after")
    def _can_be_looked_for(self) -> Self:
        _check_names(self.prompts)
        return self


RECIPE_NUMBER = r"^[1-9][0-9]{0,4}$"


def _one_spelling(number: Any) -> Any:
    """Refuse other spellings: 7 and 07 would be one recipe, and the last of them would be kept."""
    if not isinstance(number, str):
        return number
    if not re.match(RECIPE_NUMBER, number):
        raise ValueError("a recipe has a number from 1 to 65535, written in digits, such as 7")
    return int(number)


RecipeNumber = Annotated[int, BeforeValidator(_one_spelling), Field(ge=1, le=65_535)]
"""As the PLC selects it."""

DeadlineMs = Annotated[
    int,
    Field(
        ge=LEAST_DEADLINE_MS,
        le=GREATEST_DEADLINE_MS,
        title="From trigger to verdict on the registers",
    ),
]


class StationConfig(Config):
    """One station of a line, as its line file describes it."""

    camera: Annotated[CameraConfig, Field(title="Where pictures come from")]
    trigger: Annotated[
        TriggerSource, Field(title="plc: it announces each part; camera: each frame is a part")
    ] = TriggerSource.PLC
    frames_per_s: Annotated[
        float | None,
        Field(gt=0, le=200, title="Trigger camera: greatest number of parts a second; all if none"),
    ] = None
    prompts: Annotated[
        tuple[Prompt, ...], Field(min_length=1, max_length=64, title="What to look for")
    ]
    scale_mm_per_px: Annotated[
        Annotated[float, Field(gt=0)] | Literal["unknown"],
        Field(title="Millimetres a sensor pixel covers on the part; areas are px2 if unknown"),
    ] = "unknown"
    region_of_interest: Annotated[
        Polygon | None,
        Field(title="Polygon, as shares (0 to 1) of width and height; the whole picture if none"),
    ] = None
    deadline_ms: DeadlineMs = DEFAULT_DEADLINE_MS
    mode: Annotated[Mode, Field(title="observe, guard or bypass")] = Mode.OBSERVE
    consecutive_reject_limit: Annotated[
        int, Field(ge=0, title="Ask for a line stop after so many rejects in a row; 0: never")
    ] = 0
    plc_unit: Annotated[int, Field(ge=1, le=247, title="Modbus unit id of the station")] = 1
    renamed_from: Annotated[
        Slug | None,
        Field(title="Its name before: the same station. null: a new one in an old one's place"),
    ] = None
    recipes: Annotated[
        dict[RecipeNumber, Recipe],
        Field(title="By the number with which the PLC selects it; 0 is what stands above"),
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_looked_for(self) -> Self:
        _check_names(self.prompts)
        return self

    @model_validator(mode="after")
    def _can_be_triggered(self) -> Self:
        if self.trigger is TriggerSource.CAMERA:
            _check_camera_alone(self)
        elif self.frames_per_s is not None:
            raise ValueError("frames_per_s goes with trigger camera")
        return self

    @property
    def area_unit(self) -> str:
        """``mm2`` where the scale is known, else ``px2``."""
        return "px2" if self.scale_mm_per_px == "unknown" else "mm2"

    @property
    def length_unit(self) -> str:
        """``mm`` if the scale is known, else ``px``."""
        return self.area_unit.removesuffix("2")

    @property
    def unit_per_px(self) -> float:
        """How many ``length_unit`` a sensor pixel covers on the part: 1 if the scale is unknown."""
        return 1.0 if self.scale_mm_per_px == "unknown" else self.scale_mm_per_px


class Release(Message):
    """A station's configuration under the name that verdicts carry.

    A release keeps the configuration's document as it was written, before defaults are filled in,
    and is sent and stored in that form. So its name stays valid when a later version adds fields.

    Attributes:
        release_id: first 12 hex digits of the SHA-256 of the station's name and the document's
            canonical JSON, so that the same configuration has the same name everywhere.
    """

    schema_version: Literal[1, 2, 3] = 3
    station: Slug
    release_id: str
    config: StationConfig
    _document: dict[str, Any] = PrivateAttr()

    @property
    def document(self) -> dict[str, Any]:
        """The configuration as it was written: JSON without the defaults that it did not name."""
        return self._document

    @classmethod
    def of(cls, station: str, config: StationConfig) -> Release:
        """Return the release of a configuration. Values that are the default go unwritten."""
        return cls._named(station, config.model_dump(mode="json", exclude_defaults=True))

    def of_recipe(self, number: int) -> Release | None:
        """Return the release that judges parts of a recipe: itself for 0, None if unknown."""
        if number == 0:
            return self
        recipe = self._document.get("recipes", {}).get(str(number))
        if recipe is None:
            return None
        region = recipe.get("region_of_interest") or self._document.get("region_of_interest")
        judged_by = {"prompts": recipe["prompts"], "region_of_interest": region, "recipes": {}}
        return Release._named(self.station, self._document | judged_by)

    def recipes(self) -> list[Release]:
        """Return the release of each recipe but 0."""
        found = [self.of_recipe(number) for number in self.config.recipes]
        return [release for release in found if release]

    @classmethod
    def _named(cls, station: str, document: dict[str, Any]) -> Release:
        release_id = name_of(station, document)
        return cls.model_validate(
            {"station": station, "release_id": release_id, "config": document}
        )

    @field_serializer("config")
    def _as_written(self, config: StationConfig) -> dict[str, Any]:
        return self._document

    @model_validator(mode="wrap")
    @classmethod
    def _named_after_its_document(
        cls, given: Any, validate: ModelWrapValidatorHandler[Self]
    ) -> Self:
        release = validate(given)
        if release is given:
            return release
        release._document = to_jsonable_python(given["config"])
        named = name_of(release.station, release._document)
        if release.release_id != named:
            raise ValueError(f"release_id is {release.release_id}, its content is {named}")
        return release


class Activation(Release):
    """A release that somebody put in force: what a station's ``config`` topic carries.

    Attributes:
        who: a name; empty where nobody said.
        why: their reason. A bypass lets every part through, so it has both.
        word_warnings: words of a prompt -> what the network may not understand in them, as it was
            said to who put the release in force.
    """

    who: str = ""
    why: str = ""
    word_warnings: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @classmethod
    def by(
        cls,
        who: str,
        why: str,
        release: Release,
        word_warnings: Mapping[str, Sequence[str]] | None = None,
    ) -> Activation:
        """The release, put in force by ``who``, because of ``why``."""
        said = {"who": who, "why": why, "word_warnings": dict(word_warnings or {})}
        return cls.model_validate(release.model_dump() | said)

    @model_validator(mode="after")
    def _a_bypass_is_signed(self) -> Self:
        if self.config.mode is Mode.BYPASS and not (self.who.strip() and self.why.strip()):
            raise ValueError("mode bypass needs who and why")
        return self


def _check_camera_alone(config: StationConfig) -> None:
    """No PLC announces its parts, so none can know which part a result is of."""
    if config.mode is Mode.GUARD:
        raise ValueError("trigger camera has no mode guard: no PLC knows where such a part is")
    if config.recipes:
        raise ValueError("trigger camera has no recipes: a PLC selects them with its triggers")


def _check_names(prompts: tuple[Prompt, ...]) -> None:
    names = [prompt.name for prompt in prompts]
    if len(set(names)) != len(names):
        raise ValueError("two prompts have the same label: trends could not tell them apart")


def name_of(station: str, document: dict[str, Any]) -> str:
    """Return the release id of a configuration's document, which is JSON as it was written."""
    canonical = json.dumps(document, sort_keys=True)
    return hashlib.sha256(f"{station}\n{canonical}".encode()).hexdigest()[:12]
