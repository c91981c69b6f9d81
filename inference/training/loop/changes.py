"""The differences between a resumed run's recipe and the one that it began with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.errors import UserError

FREE = (
    "name",
    "start_from",
    "text_encoder",
    "threads",
    "checkpoint_every_s",
    "validate_every_steps",
    "min_area_px2",  # removed; older checkpoints still have it
    "optimiser.steps",
    "optimiser.decay_steps",
)
"""Fields that say nothing about how a step that was made was made."""
FIXED = "model"

Values = Mapping[str, Any]


def changed_fields(before: Values, now: Values) -> dict[str, str]:
    """Dotted names of the fields that make later steps unlike earlier ones -> "before -> now".

    A field that the earlier recipe does not know is newer than it and not compared.

    Raises:
        UserError: the network itself is another.
    """
    old, new = dict(flat(before)), dict(flat(now))
    grown = set(before.get("lines", {})) ^ set(now.get("lines", {}))
    found = {f"lines.{line}": "taken out" if line in before["lines"] else "added" for line in grown}
    for name in sorted(old.keys() | new.keys()):
        if name in FREE or name.endswith(".folder") or _of_lines(name, grown):
            continue
        if old.get(name, _UNKNOWN) == new.get(name, _UNKNOWN):
            continue
        if name == FIXED or name.startswith(f"{FIXED}."):
            raise UserError(
                f"--resume: the checkpoint's network is another: {name} was {old.get(name)}, "
                f"the recipe has {new.get(name)}"
            )
        if name in old or _is_entry(name):
            found[name] = f"{old.get(name, 'none')} -> {new.get(name, 'none')}"
    return found


_UNKNOWN = object()


def flat(values: Values, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and values of nested mappings; an empty mapping has no value."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _of_lines(name: str, lines: set[str]) -> bool:
    return any(name.startswith(f"lines.{line}.") for line in lines)


def _is_entry(name: str) -> bool:
    """Whether the name is one of a free mapping's keys (lines.tiles.synthetic.crack)."""
    return name.startswith("lines.") and name.count(".") == 3
