"""Line files: YAML that people write, checked field by field, wrong ones named by line."""

from __future__ import annotations

from pathlib import Path

from contracts.fieldbus import without_opcua_section
from contracts.line import LineFile
from runtime.linefile.camera_check import camera_problems, known_options
from runtime.linefile.checked_yaml import check_yaml, known_fields
from runtime.linefile.prompt_check import prompt_problems
from runtime.linefile.yaml_lines import Steps, read_yaml


def load_line_file(path: Path | str) -> LineFile:
    """Return the line that a file describes.

    Raises:
        BadYaml: the file cannot be used; names the first mistake and what would be right.
    """
    document = read_yaml(path, see="lines/ for examples")
    problems = [*camera_problems(document.data), *prompt_problems(document.data)]
    try:
        data = without_opcua_section(document.data)
    except ValueError as error:
        raise document.bad(("opcua",), str(error)) from error

    def known(steps: Steps) -> list[str]:
        return known_options(document.data, steps) or known_fields(LineFile, steps)

    return check_yaml(LineFile, document, data, problems, known)
