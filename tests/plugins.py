"""A package from outside, as an installed distribution has it: a module and its entry points."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from contracts import plugins


def write_package(
    folder: Path, module: str, source: str, entries: Mapping[str, Mapping[str, str]]
) -> None:
    """Write ``module`` and the metadata of an installed distribution that registers ``entries``.

    ``entries`` is group -> name -> "module:attribute". Put ``folder`` on PYTHONPATH for a process.
    """
    (folder / f"{module}.py").write_text(source)
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    lines = []
    for group, names in entries.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in names.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Make what ``write_package`` wrote visible in this process, for as long as the block runs."""
    sys.path.insert(0, str(folder))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        _forget()


def _forget() -> None:
    importlib.invalidate_caches()
    plugins.plugin.cache_clear()
    plugins._registered.cache_clear()
