"""Train DQFormer, its peers and its ablations with one small budget, and write the table.

Runs are kept: one that has finished is not repeated, and one that was stopped can be resumed.
REFEREE_DATA and REFEREE_TEXT_ENCODER must be set, as for training.
"""

from __future__ import annotations

import logging
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from benchmarks.peers.contenders import CONTENDERS
from benchmarks.peers.material import Material, of_length
from benchmarks.peers.peer_page import Setting, document
from benchmarks.peers.peer_runs import known_result, run
from benchmarks.peers.results import Result
from contracts.errors import UserError
from inference.training.recipe import TrainingRecipe, read_recipe
from runtime.process.files import made_folder, write_text

RECIPE = Path(__file__).with_name("peers.yaml")

log = logging.getLogger("referee.peers")


@dataclass(frozen=True)
class PeerOptions:
    """What to train, and where the results go.

    Attributes:
        steps: of each run; None: as many as the recipe says.
        out: the page.
        runs: names of contenders; empty: all.
        lines: some of the recipe's lines; empty: all.
        resume: continue a run that was stopped.
        table_only: train nothing, write the page.
        val_every: ask about every N-th picture of the split val.
        folder: keeps the runs.
        note: a paragraph for the page.
    """

    steps: int | None = None
    out: Path = Path("docs/peers.md")
    runs: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    resume: bool = False
    table_only: bool = False
    val_every: int = 1
    folder: Path = Path("runs/peers")
    recipe: Path = RECIPE
    note: str = ""


def peer_benchmark(options: PeerOptions) -> None:
    """Train the runs that have not finished yet; write the page before and after each of them.

    Raises:
        UserError: a name is not known, or a run was stopped or made with other settings.
    """
    cv2.setNumThreads(1)
    began_s = time.monotonic()
    names = chosen_runs(options.runs)
    recipe = common_recipe(options)
    results = finished(recipe, options)

    def write() -> None:
        took_s = time.monotonic() - began_s
        setting = Setting(command_of(options), recipe, options.val_every, took_s)
        made_folder(options.out.parent)
        write_text(options.out, document(results, setting, options.note))
        log.info("wrote %s", options.out)

    missing = [name for name in names if name not in results]
    write()
    if missing and not options.table_only:
        torch.set_num_threads(recipe.threads)
        material = Material.read(recipe, options.val_every)
        for name in missing:
            results[name] = run(CONTENDERS[name], material, options.folder, options.resume)
            write()


def chosen_runs(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the contenders' names, all of them if none was given.

    Raises:
        UserError: a name is not a contender's.
    """
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        raise UserError(f"--runs: {', '.join(unknown)} not known; choose from {list(CONTENDERS)}")
    return names or tuple(CONTENDERS)


def common_recipe(options: PeerOptions) -> TrainingRecipe:
    """Return the recipe of all runs, with the chosen lines and steps.

    Raises:
        UserError: the recipe cannot be read, or has no line of that name.
    """
    recipe = read_recipe(options.recipe)
    if options.lines:
        unknown = sorted(set(options.lines) - set(recipe.lines))
        if unknown:
            raise UserError(f"--lines: {unknown} not in {options.recipe}: {list(recipe.lines)}")
        chosen = {line: recipe.lines[line] for line in options.lines}
        recipe = recipe.model_copy(update={"lines": chosen})
    return of_length(recipe, options.steps) if options.steps else recipe


def command_of(options: PeerOptions) -> str:
    """Return the command that gives the same figures: all that decides them, nothing else."""
    words = ["referee", "bench", "peers"]
    if options.recipe != RECIPE:
        words += ["--recipe", str(options.recipe)]
    if options.steps:
        words += ["--steps", str(options.steps)]
    if options.lines:
        words += ["--lines", ",".join(options.lines)]
    if options.val_every > 1:
        words += ["--val-every", str(options.val_every)]
    return shlex.join(words)


def finished(recipe: TrainingRecipe, options: PeerOptions) -> dict[str, Result]:
    """Return the results that exist already, of every contender."""
    found = {
        name: known_result(contender, recipe, options.val_every, options.folder)
        for name, contender in CONTENDERS.items()
    }
    return {name: result for name, result in found.items() if result}
