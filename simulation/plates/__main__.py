"""``python -m simulation.plates``: writes rendered parts with their truth as a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulation.plates.folder import write_folder


def main(arguments: Sequence[str]) -> None:
    """Write the folder that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation.plates",
        description="Write simulated parts with their truth, in the layout of MVTec AD.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--count", type=int, required=True, help="number of parts")
    parser.add_argument("--seed", type=int, default=0, help="seed of the parts")
    parser.add_argument("--defect-share", type=float, default=0.2, help="share with a defect")
    parser.add_argument("--width-px", type=int, default=384)
    parser.add_argument("--height-px", type=int, default=384)
    asked = parser.parse_args(arguments)
    if asked.out.exists() and any(asked.out.iterdir()):
        parser.error(f"{asked.out} is not empty: two sets of parts in one folder would mix")
    write_folder(
        asked.out, asked.count, asked.seed, asked.defect_share, (asked.width_px, asked.height_px)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
