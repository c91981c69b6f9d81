"""A training recipe: everything that decides a run, read from one YAML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from inference.dqformer.config import DQFormerConfig
from runtime.linefile.checked_yaml import check_yaml
from runtime.linefile.yaml_lines import read_yaml


@dataclass(frozen=True)
class Variation:
    """How far augmentation goes; 0 turns a term off.

    Attributes:
        scale: largest size factor; sizes are drawn between 1 / scale and scale.
        turn_deg: largest rotation of a crop.
        quarter_turns: share of crops turned by a random multiple of 90 degrees.
        light: largest factor of gain and gamma.
        noise: largest standard deviation of added noise, grey levels.
        blur: share of pictures slightly out of focus.
        two_tone: pictures are black and white: after a turn they are made so again, and lines are
            at times a little thicker or thinner.
    """

    scale: float = 1.3
    turn_deg: float = 8.0
    quarter_turns: float = 0.0
    light: float = 1.25
    noise: float = 6.0
    blur: float = 0.15
    two_tone: bool = False


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineRecipe(Strict):
    """One line's pictures and how they are drawn."""

    folder: str = Field(description="Folder in MVTec AD layout; may hold ${VARIABLES}.")
    weight: float = Field(1.0, gt=0, description="Share of this line among all that is drawn.")
    synthetic: dict[str, float] = Field(
        default_factory=dict, description="Painters and their weights; see synthetic.PAINTERS."
    )
    paint_crops: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of crops to paint on once they are cut: for defects that may lie "
        "anywhere. Others are painted on whole parts, by `shares`.",
    )
    most_painted: int = Field(1, gt=0, description="Painted defects a part or crop, at most.")
    drawn_boards: float = Field(
        0.0, ge=0, le=1, description="Share of good parts drawn by drawn_boards.py."
    )
    paste: list[str] = Field(
        default_factory=list, description="Kinds small enough to be moved to other parts."
    )
    kinds: dict[str, float] = Field(
        default_factory=dict, description="Weight of a kind among real defects; 1 if not named."
    )
    variation: dict[str, float | bool] = Field(
        default_factory=dict, description="Augmentation; see Variation."
    )

    def vary(self) -> Variation:
        return Variation(**self.variation)  # type: ignore[arg-type]


class Shares(Strict):
    """What a batch is made of; each number is a share between 0 and 1."""

    crop_real: float = Field(0.45, ge=0, le=1)
    crop_synthetic: float = Field(0.2, ge=0, le=1)
    crop_pasted: float = Field(0.1, ge=0, le=1)
    whole_real: float = Field(0.35, ge=0, le=1)
    whole_synthetic: float = Field(0.1, ge=0, le=1)
    whole_pasted: float = Field(0.05, ge=0, le=1)
    whole_start: float = Field(0.15, ge=0, le=1, description="Steps on whole parts, at first.")
    whole_end: float = Field(0.5, ge=0, le=1, description="Steps on whole parts, from whole_by on.")
    whole_by_step: int = Field(2000, gt=0, description="Step at which whole_end is reached.")
    plain_prompt: float = Field(
        0.6,
        ge=0,
        le=1,
        description="Share of true prompts that name only a kind; others add a zone, size, count.",
    )


class LossWeights(Strict):
    """Weights of the terms of losses.py."""

    balanced_steps: int = Field(
        2000,
        ge=0,
        description="Steps in which the balanced cross-entropy gives way to the plain one.",
    )
    dice: float = 1.0
    empty: float = Field(0.5, description="Cross-entropy of prompts that refer to nothing.")
    presence: float = 1.0
    presence_positive: float = Field(
        1.0, gt=0, description="Universal prompt: how much worse an escape is than a false reject."
    )
    grouping: float = 0.2
    kind_prompt: float = Field(
        0.5, description="Weight of each prompt other than the universal one."
    )
    reference_area_px2: float = Field(1000.0, description="Defects below it weigh more.")
    largest_area_weight: float = Field(2.0, ge=1)


class Optimiser(Strict):
    """AdamW: warm-up, a long level stretch, a decay; exponential moving average of the weights.

    All but the decay is counted from the first step, so that a run may be made longer without
    changing what was: go on from the checkpoint before the decay (``level.pt``).
    """

    steps: int = Field(gt=0)
    decay_steps: int = Field(0, ge=0, description="The last steps, in which the rate falls.")
    learning_rate: float = Field(1.5e-3, gt=0)
    weight_decay: float = Field(0.03, ge=0)
    warmup_steps: int = Field(200, ge=0)
    floor: float = Field(0.01, ge=0, description="Last learning rate over the largest.")
    clip_norm: float = Field(2.0, gt=0)
    ema_decay: float = Field(0.998, ge=0, lt=1)
    norm_momentum: float = Field(
        0.02,
        gt=0,
        le=1,
        description="Of batch norms' statistics: slow, as many batches are of one line alone.",
    )
    freeze_norm: float = Field(
        0.3, ge=0, le=1, description="Progress of the decay at which batch norms freeze."
    )

    def decay_progress(self, step: int) -> float:
        """0 before the decay, 1 at its end."""
        begun = step - (self.steps - self.decay_steps)
        return min(1.0, max(0.0, begun / self.decay_steps)) if self.decay_steps else 0.0


class TrainingRecipe(Strict):
    """Everything that decides a run."""

    name: str
    seed: int = 0
    text_encoder: str = Field(description="Folder of the text encoder; may hold ${VARIABLES}.")
    start_from: str | None = Field(
        None,
        description="A run's checkpoint or a weights file to start from; null: random weights.",
    )
    grammar: str | None = Field(
        None, description="A grammar file that adds to captions.yaml; see grammar_file.py."
    )
    lines: dict[str, LineRecipe]
    model: dict[str, Any] = Field(default_factory=dict, description="dqformer.config values.")
    crop_px: int = Field(224, multiple_of=32)
    crop_batch: int = Field(16, gt=0)
    whole_area_px2: int = Field(800_000, description="Pixels of a batch of whole parts.")
    max_side_px: int = 640
    shares: Shares = Shares()
    losses: LossWeights = LossWeights()
    optimiser: Optimiser
    threads: int = Field(2, gt=0)
    checkpoint_every_s: float = 90.0
    validate_every_steps: int = 1500

    def dqformer(self) -> DQFormerConfig:
        return DQFormerConfig.from_dict(self.model)


def read_recipe(path: Path) -> TrainingRecipe:
    """Return the recipe in a file.

    Raises:
        BadYaml: it cannot be used; names the first mistake and what would be right.
    """
    document = read_yaml(path, see="recipes/ for an example")
    return check_yaml(TrainingRecipe, document, document.data)
