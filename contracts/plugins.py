"""Finds cameras, rules, fieldbuses: ours, and those that other installed packages add.

Each is registered by name as a Python entry point, ours in pyproject.toml. A package of your own
adds one the same way, without a change to a file of ours:

    [project.entry-points."referee.cameras"]
    my_camera = "my_package.camera:MyCamera"
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from contracts.errors import UserError


def plugin_names(group: str) -> tuple[str, ...]:
    """Return the names registered in ``group``, sorted."""
    return tuple(sorted(_registered(group)))


@cache
def plugin(group: str, name: str) -> Any:
    """Import and return what is registered as ``name`` in ``group``, such as ``referee.cameras``.

    Raises UserError if the name is not registered, or if its module fails when it is imported.
    """
    registered = _registered(group).get(name)
    if registered is None:
        known = ", ".join(plugin_names(group)) or "none"
        kind = group.removeprefix("referee.")
        raise UserError(f"{name!r} is none of the installed {kind}: {known}")
    try:
        return registered.load()
    except Exception as error:  # the module is somebody else's: it may fail in any way
        raise UserError(
            f"{group} {name!r} ({registered.value}) cannot be loaded: "
            f"{type(error).__name__}: {error}"
        ) from error


@cache
def _registered(group: str) -> dict[str, EntryPoint]:
    """Raises UserError if two packages register the same name."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise UserError(
                f"{entry.name!r} is registered twice in {group}: {other.value} and {entry.value}"
            )
    return found
