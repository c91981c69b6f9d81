"""Line files: YAML that people write, checked field by field, wrong ones named by line."""

from __future__ import annotations

import os
from pathlib import Path

from contracts.fieldbus import without_opcua_section
from contracts.line import LineFile
from runtime.linefile.camera_check import Machine, checked_cameras, known_options
from runtime.linefile.checked_yaml import check_yaml, known_fields
from runtime.linefile.prompt_check import prompt_problems
from runtime.linefile.variable_check import variable_problems
from runtime.linefile.yaml_lines import Steps, read_yaml


def load_line_file(
    path: Path | str, *, images: Path | None = None, starts: bool = False, elsewhere: bool = False
) -> LineFile:
    """Return the line that a file describes, with whole paths in place of relative ones.

    Args:
        images: of ``--images DIR``.
        starts: the line is started now: each camera must have something to show.
        elsewhere: the line runs on another machine: its variables and files are not looked for.

    Raises:
        BadYaml: the file cannot be used; names the first mistake and what would be right.
    """
    document = read_yaml(path, see="lines/ for examples")
    folder = document.path.absolute().parent
    machine = Machine(folder, os.environ, images, starts, elsewhere)
    data, problems = checked_cameras(document.data, machine)
    problems += [*prompt_problems(data), *variable_problems(data)]
    try:
        data = without_opcua_section(data)
    except ValueError as error:
        raise document.bad(("opcua",), str(error)) from error

    def known(steps: Steps) -> list[str]:
        return known_options(document.data, steps) or known_fields(LineFile, steps)

    return check_yaml(LineFile, document, data, problems, known)
