"""A run survives being killed, says what is wrong in one line, and is the same in several ranks."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml

from contracts.errors import FatalError, UserError
from inference.training.data.batches import BatchMaker
from inference.training.data.sources import grammar_of, own_share
from inference.training.loop import checkpoint
from inference.training.loop.changes import changed_fields
from inference.training.loop.ranks import choose_device
from inference.training.loop.run_folder import append_row, forget_after, open_run, read_rows
from inference.training.loop.stopping import StopSignals
from inference.training.loop.train import Data, RunContext, run
from inference.training.recipe import Optimiser, TrainingRecipe, read_recipe
from tests.tiny import ROOT, TINY

OF_THE_CLOCK = {"images_per_s", "minutes_left"}
STEPS = 40


@pytest.fixture
def recipe(tiny_line: Path, encoder_folder: Path, few_words: Path) -> TrainingRecipe:
    return TrainingRecipe(
        name="tiny",
        text_encoder=str(encoder_folder),
        grammar=str(few_words),
        lines={"tiny": {"folder": str(tiny_line)}},
        model=TINY.to_dict(),
        crop_px=64,
        crop_batch=2,
        whole_area_px2=96 * 96 * 2,
        optimiser=Optimiser(steps=STEPS, decay_steps=10, warmup_steps=2),
        validate_every_steps=25,
        checkpoint_every_s=0.1,
        threads=1,
    )


@pytest.fixture
def recipe_file(recipe: TrainingRecipe, tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json")))
    return path


def train(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "referee", "train", *map(str, arguments)]


def train_in_two_processes(*arguments: object) -> list[str]:
    rendezvous = ("--nproc_per_node=2", "--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0")
    launcher = [sys.executable, "-m", "torch.distributed.run", *rendezvous]
    return [*launcher, *train(*arguments)[1:]]


def environment() -> dict[str, str]:
    quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return os.environ | quiet


def steady_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, but for what the clock says."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k not in OF_THE_CLOCK} for row in rows]


def assert_same_run(one: Path, other: Path) -> None:
    first, second = (checkpoint.load(folder / checkpoint.NAME) for folder in (one, other))
    assert first["step"] == second["step"]
    for part in ("model", "average"):
        for name, value in first[part].items():
            assert torch.equal(value, second[part][name]), f"{part} {name}"
    for file in ("train.csv", "val.csv"):
        assert steady_rows(one / file) == steady_rows(other / file)


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(
    recipe_file: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    arguments = ("--recipe", recipe_file, "--out", killed, "--device", "cpu")
    process = subprocess.Popen(
        train(*arguments), env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 250
        while not (killed / "train.csv").exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
    _, told = process.communicate()
    assert process.returncode == -signal.SIGKILL, told
    reached = checkpoint.load(killed / checkpoint.NAME)["step"]
    assert 0 <= reached < STEPS
    lost = {**read_rows(killed / "train.csv")[0], "step": STEPS}  # after the last checkpoint
    append_row(killed / "train.csv", lost)
    resumed = subprocess.run(
        train(*arguments, "--resume"), env=environment(), capture_output=True, text=True
    )
    assert resumed.returncode == 0, resumed.stderr
    assert "\x1b" not in resumed.stderr
    assert f"going on at step {reached}" in resumed.stderr
    whole = train("--recipe", recipe_file, "--out", tmp_path / "whole", "--device", "cpu")
    subprocess.run(whole, env=environment(), capture_output=True, check=True)
    assert_same_run(tmp_path / "whole", killed)
    assert [row["step"] for row in read_rows(killed / "train.csv")] == ["20", "40"]
    assert [row["step"] for row in read_rows(killed / "val.csv")] == ["25", "40"]
    assert (killed / "curves.png").stat().st_size > 10_000


def test_two_processes_end_with_the_same_weights(
    recipe: TrainingRecipe, recipe_file: Path, tmp_path: Path
) -> None:
    """They go on with what one began, share its batches out, and write once."""
    out = tmp_path / "shared"
    run(recipe, out, resume=False, stop_at=5)
    arguments = ("--recipe", recipe_file, "--out", out, "--resume", "--device", "cpu")
    shared = subprocess.run(
        train_in_two_processes(*arguments),
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert shared.returncode == 0, shared.stderr
    assert "2 processes hold the same weights" in shared.stderr
    assert "ranks: 1 -> 2" in shared.stderr
    state = checkpoint.load(out / checkpoint.NAME)
    assert (state["step"], state["ranks"]) == (STEPS, 2)
    assert state["changes"] == [{"step": 5, "field": "ranks", "change": "1 -> 2"}]
    assert [row["step"] for row in read_rows(out / "train.csv")] == ["20", "40"]
    assert [row["step"] for row in read_rows(out / "val.csv")] == ["25", "40"]


def test_ranks_draw_their_own_share(recipe: TrainingRecipe) -> None:
    data = Data.read(recipe)
    alone = BatchMaker(recipe, data.train, data.bank).batch(3)
    share = own_share(recipe, 2)
    assert share.crop_batch == 1
    first, second = (BatchMaker(share, data.train, data.bank, rank).batch(3) for rank in (0, 1))
    assert first.image.shape != second.image.shape or (first.image != second.image).any()
    again = BatchMaker(recipe, data.train, data.bank, 0).batch(3)
    assert (alone.image == again.image).all()
    with pytest.raises(UserError, match="crop_batch 2 cannot be shared out to 3"):
        own_share(recipe, 3)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_a_run_after_the_step_in_hand(
    number: signal.Signals, code: int, recipe: TrainingRecipe, tmp_path: Path
) -> None:
    with StopSignals() as stop:
        os.kill(os.getpid(), number)
        trainer = run(recipe, tmp_path / "out", resume=False, around=RunContext(stop=stop))
    assert stop.exit_code == code
    assert trainer.step == checkpoint.load(tmp_path / "out" / checkpoint.NAME)["step"] == 1


def test_a_second_signal_does_what_it_always_did() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _interrupt_twice()
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt_twice() -> None:
    with StopSignals():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_run_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "train.csv").touch()
    with pytest.raises(UserError, match=r"holds a run already.*--resume.*--out"):
        open_run(tmp_path, resume=False)
    with pytest.raises(UserError, match=r"no checkpoint at .*last\.pt"):
        open_run(tmp_path, resume=True)


def test_rows_after_the_checkpoint_and_half_rows_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    for step in (20, 40, 60):
        append_row(path, {"step": step, "total": 1.5})
    with path.open("a") as file:
        file.write("80")
    forget_after(tmp_path, 40)
    assert path.read_text().split() == ["step,total", "20,1.5", "40,1.5"]
    append_row(path, {"step": 60, "total": 1.0, "dice": 2})
    assert path.read_text().split() == ["step,total,dice", "20,1.5,", "40,1.5,", "60,1.0,2"]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, {"step": 1})
    path = tmp_path / checkpoint.NAME
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"last\.pt is not a checkpoint, or it is damaged"):
        checkpoint.load(path)


def test_a_full_disk_is_told_and_the_checkpoint_before_is_whole(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, {"step": 1})
    (tmp_path / "last.pt.partial").symlink_to("/dev/full")
    with pytest.raises(FatalError, match=r"last\.pt cannot be written: .*No space left"):
        checkpoint.save(tmp_path, {"step": 2, "weights": torch.zeros(100_000)})
    assert checkpoint.load(tmp_path / checkpoint.NAME) == {"step": 1}


def test_changes_that_matter_are_told_and_others_are_free(recipe: TrainingRecipe) -> None:
    before = recipe.model_dump(mode="json")
    now = recipe.model_dump(mode="json")
    now["optimiser"] |= {"steps": 99, "decay_steps": 9}
    now |= {"threads": 2, "validate_every_steps": 7}
    assert changed_fields(before, now) == {}
    now["losses"]["dice"] = 2.0
    now["lines"]["tiny"]["paste"] = ["spot"]
    now["lines"]["tiny"]["synthetic"] = {"crack": 1.0}
    now["lines"]["other"] = {"folder": "x"}
    assert changed_fields(before, now) == {
        "losses.dice": "1.0 -> 2.0",
        "lines.tiny.paste": "[] -> ['spot']",
        "lines.tiny.synthetic.crack": "none -> 1.0",
        "lines.other": "added",
    }
    now["model"]["width"] = 32
    with pytest.raises(UserError, match=r"model\.width was 16, the recipe has 32"):
        changed_fields(before, now)


def test_a_field_that_the_checkpoint_does_not_know_is_no_change(recipe: TrainingRecipe) -> None:
    before = recipe.model_dump(mode="json")
    del before["grammar"], before["losses"]["balanced_steps"]
    assert changed_fields(before, recipe.model_dump(mode="json")) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "not YAML"),
        ("seed: 010\n", r"yaml:1:7: seed: 010 begins with a zero"),
        ("lines: {a: {kinds: {7: 1, 07: 2}}}\n", "07 begins with a zero"),
        ("lines: {a: {kinds: {7: 1, '7': 2}}}\n", "appears twice, first on line 1"),
        ("checkpoint_every_s: 1:30\n", "write 90"),
        ("seed: 1.0\n", "must be a whole number, not 1.0"),
        ("name: a\nlines: {}\n", r"yaml:1:1: text_encoder: is missing \(and 1 more"),
        ("[]", "must be a group of fields"),
    ],
)
def test_a_bad_recipe_is_one_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=told) as raised:
        read_recipe(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match=r"nowhere\.yaml"):
        read_recipe(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("universal: [anything odd]\n", "must hold 'any defect'"),
        ("extends: false\nuniversal: [any defect]\nforms: {plain: ['{name}']}\n", "have none"),
        ("words: []\n", "words"),
    ],
)
def test_a_grammar_that_cannot_train_is_refused(
    text: str, told: str, recipe: TrainingRecipe, tmp_path: Path
) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=told):
        grammar_of(recipe.model_copy(update={"grammar": str(path)}))


def test_a_device_that_is_not_there_is_named() -> None:
    assert choose_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        assert choose_device(None).type == "cpu"
        with pytest.raises(UserError, match="no GPU"):
            choose_device("cuda")
    with pytest.raises(UserError, match="--device tea"):
        choose_device("tea")
