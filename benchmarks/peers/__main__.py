"""Train DQFormer, its peers and its ablations with one small budget, and write the table.

    python -m benchmarks.peers --steps 4000 --out docs/peers.md

Runs are kept under runs/peers: one that has finished is not repeated, and ``--resume`` goes on
with one that was stopped. REFEREE_DATA and REFEREE_TEXT_ENCODER must be set, as for training.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import torch

from benchmarks.peers.contenders import CONTENDERS
from benchmarks.peers.material import Material, of_length
from benchmarks.peers.results import Result
from benchmarks.peers.runs import known_result, run
from benchmarks.peers.table import Setting, document
from contracts.errors import UserError
from inference.training.loop.recipe import Recipe, read_recipe

RECIPE = Path(__file__).with_name("peers.yaml")

log = logging.getLogger("referee.peers")


def arguments_of(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names, listed = list(CONTENDERS), ",".join(CONTENDERS)
    parser.add_argument("--steps", type=int, help="of each run; default: as the recipe says")
    parser.add_argument("--out", type=Path, default=Path("docs/peers.md"), help="the page")
    parser.add_argument("--runs", type=_list_of(names), default=names, help=f"some of {listed}")
    parser.add_argument("--lines", type=_list_of(None), help="some of the recipe's; default: all")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--table-only", action="store_true", help="train nothing")
    parser.add_argument("--val-every", type=int, default=1, help="ask about every N-th val picture")
    parser.add_argument("--folder", type=Path, default=Path("runs/peers"), help="of the runs")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--note", default="", help="a paragraph for the page: what it says")
    return parser.parse_args(argv)


def _list_of(known: list[str] | None) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = [name for name in text.split(",") if name]
        unknown = [name for name in names if known is not None and name not in known]
        if unknown or not names:
            raise argparse.ArgumentTypeError(f"{unknown}: there are {','.join(known or [])}")
        return names

    return parse


def recipe_of(arguments: argparse.Namespace) -> Recipe:
    """The common recipe, with the asked lines and steps.

    Raises:
        UserError: a line is none of the recipe's.
    """
    recipe = read_recipe(arguments.recipe)
    if arguments.lines:
        unknown = sorted(set(arguments.lines) - set(recipe.lines))
        if unknown:
            raise UserError(f"--lines: {unknown} not in {arguments.recipe}: {list(recipe.lines)}")
        chosen = {line: recipe.lines[line] for line in arguments.lines}
        recipe = recipe.model_copy(update={"lines": chosen})
    return of_length(recipe, arguments.steps) if arguments.steps else recipe


def command_of(arguments: argparse.Namespace) -> str:
    """What makes the same figures again: all that decides them, and nothing else."""
    words = ["python", "-m", "benchmarks.peers"]
    if arguments.recipe != RECIPE:
        words += ["--recipe", str(arguments.recipe)]
    if arguments.steps:
        words += ["--steps", str(arguments.steps)]
    if arguments.lines:
        words += ["--lines", ",".join(arguments.lines)]
    if arguments.val_every > 1:
        words += ["--val-every", str(arguments.val_every)]
    return shlex.join(words)


def main(argv: list[str] | None = None) -> None:
    arguments, began_s = arguments_of(argv), time.monotonic()
    recipe = recipe_of(arguments)
    results = finished(recipe, arguments)
    missing = [name for name in arguments.runs if name not in results]

    def write() -> None:
        took_s = time.monotonic() - began_s
        setting = Setting(command_of(arguments), recipe, arguments.val_every, took_s)
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(document(results, setting, arguments.note))
        log.info("%s is written", arguments.out)

    write()
    if missing and not arguments.table_only:
        torch.set_num_threads(recipe.threads)
        material = Material.read(recipe, arguments.val_every)
        for name in missing:
            results[name] = run(CONTENDERS[name], material, arguments.folder, arguments.resume)
            write()


def finished(recipe: Recipe, arguments: argparse.Namespace) -> dict[str, Result]:
    """The results that are there already, of every contender."""
    found = {
        name: known_result(contender, recipe, arguments.val_every, arguments.folder)
        for name, contender in CONTENDERS.items()
    }
    return {name: result for name, result in found.items() if result}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
