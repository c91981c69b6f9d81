"""What is kept of a finished run, so that it need not be repeated: ``result.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.answers import Answer
from contracts.errors import UserError

NAME = "result.json"

Settings = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """What a run has cost so far.

    Attributes:
        images: pictures in all its batches.
        train_s: wall time of its steps, batches and all, without evaluation.
        cpu_s: processor time of the same.
    """

    images: int = 0
    train_s: float = 0.0
    cpu_s: float = 0.0

    def plus(self, images: int, train_s: float, cpu_s: float) -> Effort:
        return Effort(self.images + images, self.train_s + train_s, self.cpu_s + cpu_s)


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        settings: all that decides what the run will be, see ``runs.settings_of``.
        figures: line, or "pooled" -> ``figures.image_figures``.
        gflop: floating point operations of one forward pass of a training crop, one prompt.
        load: of the machine at its end, mean of five minutes.
        finished_utc: ISO date and time.
    """

    name: str
    settings: Settings
    figures: dict[str, dict[str, Any]]
    answers: list[Answer]
    parameters: int
    gflop: float
    effort: Effort
    evaluate_s: float
    load: float
    finished_utc: str

    def write(self, folder: Path) -> None:
        """Whole or not at all."""
        partial = folder / f"{NAME}.partial"
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(folder / NAME)

    @classmethod
    def read(cls, folder: Path, settings: Settings) -> Result | None:
        """Return the run's result; None if it has not finished.

        Raises:
            UserError: it is of a run with other settings.
        """
        path = folder / NAME
        if not path.is_file():
            return None
        values = json.loads(path.read_text())
        # Through JSON both: it knows no tuples.
        if values["settings"] != json.loads(json.dumps(settings)):
            raise UserError(
                f"{path} is of a run with other settings: remove {folder}, or name another --folder"
            )
        values["answers"] = [Answer(*answer) for answer in values["answers"]]
        return cls(**{**values, "effort": Effort(**values["effort"])})
