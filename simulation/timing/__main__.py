"""``python -m simulation.timing``: draw the timing diagrams of docs/plc.md again."""

from __future__ import annotations

import sys
from pathlib import Path

from simulation.timing.scenes import SCENES, picture

FOLDER = Path(__file__).parents[2] / "docs" / "plc"


def main() -> int:
    """Write one picture for each case."""
    FOLDER.mkdir(exist_ok=True)
    for name, scene in SCENES.items():
        (FOLDER / f"{name}.svg").write_text(picture(scene), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
