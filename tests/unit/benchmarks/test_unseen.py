"""PatchCore against plain loops; the table's rows on a tiny product."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.patchcore import PatchCore, joined
from benchmarks.unseen import WAYS, figures_of, main, references_of
from contracts.errors import BadSettings
from inference.training.labelled_folder import entries_of


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """Grey noise, a bright square on bad parts: six good to learn, three and three to judge."""
    folder, rng, index = tmp_path / "product", np.random.default_rng(0), []
    for number in range(12):
        kind = "spot" if number >= 9 else "good"
        image = rng.integers(90, 120, (64, 64, 3), dtype=np.uint8)
        row = {"image": f"{number}.png", "kind": kind, "split": "train" if number < 6 else "val"}
        if kind == "spot":
            image[16:32, 32:48] = 250
            mask = np.zeros((64, 64), np.uint8)
            mask[16:32, 32:48] = 255
            row["mask"] = f"{number}_mask.png"
            _write(folder / row["mask"], mask)
        _write(folder / row["image"], image)
        index.append(row)
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def block_means(image: np.ndarray) -> list[np.ndarray]:
    """Features plain enough for a test: means of 8 and of 16 px, and a constant."""
    maps = []
    for size in (8, 16):
        side = image.shape[0] // size
        means = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        maps.append(np.concatenate([means, np.full((side, side, 1), 100.0, np.float32)], axis=2))
    return maps


def test_both_ways_find_the_squares_and_pass_the_good(product: Path) -> None:
    found = figures_of(product, block_means, count=6, rate=None, seed=0)
    assert set(found) == set(WAYS)
    for figures in found.values():
        assert (figures["references"], figures["rate"]) == (6, pytest.approx(1 / 7))
        assert (figures["escapes"], figures["defective"], figures["good"]) == (0, 3, 3)
        assert figures["auroc"] == 1.0
        assert figures["miou"] > 0.1


def test_references_are_good_training_parts_drawn_by_the_seed(product: Path) -> None:
    entries = entries_of(product, "product")
    first, again, other = (references_of(entries, 4, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert all(entry.split == "train" and entry.kind == "good" for entry in first)
    with pytest.raises(BadSettings, match="two at least"):
        references_of(entries[6:], 4, 0)


def test_patchcore_scores_by_its_papers_equations() -> None:
    rng = np.random.default_rng(5)
    good = [
        [rng.standard_normal((6, 6, 5)).astype(np.float32), np.ones((3, 3, 2), np.float32)]
        for _ in range(8)
    ]
    peer, part = PatchCore(good), good[0]
    part = [part[0] + 1.0, part[1]]
    distances, total = peer.judge(part)
    rows = joined(part).reshape(-1, 7).astype(float)
    memory = peer.memory.astype(float)
    each = np.array([min(np.linalg.norm(row - m) for m in memory) for row in rows])
    np.testing.assert_allclose(distances.ravel(), each, rtol=1e-3)
    worst = rows[each.argmax()]
    nearest = memory[np.argmin([np.linalg.norm(worst - m) for m in memory])]
    around = sorted(memory, key=lambda m: np.linalg.norm(nearest - m))[:9]
    powers = np.exp([np.linalg.norm(worst - m) for m in around])
    expected = (1 - np.exp(each.max()) / powers.sum()) * each.max()
    assert total == pytest.approx(expected, rel=1e-3)


def test_patchcores_part_left_out_does_not_vouch_for_itself() -> None:
    rng = np.random.default_rng(6)
    good = [[rng.standard_normal((6, 6, 5)).astype(np.float32)] for _ in range(4)]
    good[2] = [good[2][0] + 20]
    peer = PatchCore(good)
    assert peer.judge(good[2], left_out=2)[1] > 2 * peer.judge(good[2])[1]


def test_the_command_names_a_folder_without_weights(product: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="backbone"):
        main(["--data", str(product), "--backbone", str(tmp_path / "none")])
