"""How a line was started, kept in its run folder: what `referee apply` compares a file with."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, field_serializer

from contracts.errors import UserError
from contracts.line import LineFile
from referee.line.supervision import Program
from runtime.process.run_folder import RunFolder


class Start(BaseModel):
    """A line file in force, and the options of the command that started it.

    Attributes:
        images: folder of ``--images``.
        soft_plc: whether the simulated PLC is one of the line's processes.
        working_folder: the folder that the processes run in.
        version: of Referee.
        programs: the processes as they run now.
    """

    model_config = ConfigDict(frozen=True)

    line: LineFile
    images: Path | None = None
    soft_plc: bool = False
    dashboard: bool = False
    working_folder: Path
    version: str
    programs: tuple[Program, ...] = ()

    @classmethod
    def here(
        cls,
        line: LineFile,
        images: Path | None = None,
        *,
        soft_plc: bool = False,
        dashboard: bool = False,
    ) -> Self:
        """Return the start of a line from the current folder."""
        return cls(
            line=line,
            images=images and images.resolve(),
            soft_plc=soft_plc,
            dashboard=dashboard,
            working_folder=Path.cwd(),
            version=version("referee"),
        )

    @field_serializer("line")
    def _as_written(self, line: LineFile) -> dict[str, Any]:
        return line.model_dump(mode="json", exclude_unset=True)

    def save(self, folder: RunFolder) -> None:
        """Write it, whole or not at all, for its user only: a line file may hold a password."""
        new = folder.start.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(self.model_dump_json(indent=2), encoding="utf-8")
        new.replace(folder.start)

    @classmethod
    def load(cls, folder: RunFolder) -> Self:
        """Read how the line in this folder was started.

        Raises:
            UserError: the file is missing or damaged, or of a version that this one cannot read.
        """
        try:
            return cls.model_validate_json(folder.start.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{folder.start} cannot be read, so nothing can be compared with what runs; "
                "stop the line with `referee down` and start it with `referee up`"
            ) from error
