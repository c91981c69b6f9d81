"""The settings of every process as a Markdown table: `python -m referee.tables.settings_table`.

docs/operating.md holds its output, and a test holds the two together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from dashboard.settings import DashboardSettings
from inference.settings import InferenceSettings
from ingest.settings import IngestSettings
from plc.settings import BridgeSettings, FieldbusSettings
from runtime.process.settings import PREFIX, ProcessSettings
from storage.archive.settings import ArchiveSettings
from storage.settings import StorageSettings

PROCESSES: dict[str, type[BaseSettings]] = {
    "every process": ProcessSettings,
    "ingest": IngestSettings,
    "inference": InferenceSettings,
    "bridge": BridgeSettings,
    "storage": StorageSettings,
    "archive": ArchiveSettings,
    "dashboard": DashboardSettings,
}


def settings_table() -> str:
    """One row a setting, each named once, under the first process that has it."""
    heading = ["| process | variable | meaning | default |", "|---|---|---|---|"]
    return "\n".join([*heading, *_rows()])


def _rows() -> Iterator[str]:
    told: set[str] = set()
    for process, settings in PROCESSES.items():
        for name, field in settings.model_fields.items():
            if name not in told:
                told.add(name)
                yield _row(process, PREFIX, name, field)
    for name, field in FieldbusSettings.model_fields.items():
        yield _row("bridge, for each fieldbus", f"{PREFIX}<FIELDBUS>_", name, field)


def _row(process: str, prefix: str, name: str, field: FieldInfo) -> str:
    return f"| {process} | `{prefix}{name.upper()}` | {field.title or ''} | {_default(field)} |"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "must be given"
    if field.default in (None, ()):
        return "none"
    is_list = isinstance(field.default, tuple)
    return f"`{','.join(field.default) if is_list else field.default}`"


if __name__ == "__main__":
    sys.stdout.write(settings_table() + "\n")
