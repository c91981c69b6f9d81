"""The folder of simulated parts: layout of MVTec AD, index and masks that agree."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from simulation.plates.__main__ import main
from simulation.plates.render import render


def test_the_command_writes_pictures_masks_and_index(tmp_path: Path) -> None:
    main("--out DIR --count 10 --seed 4 --defect-share 0.5".replace("DIR", str(tmp_path)).split())
    index = json.loads((tmp_path / "index.json").read_text())
    assert [entry["split"] for entry in index] == ["train", "train", "train", "train", "val"] * 2
    for number, entry in enumerate(index):
        part = render(4, number, 384, 384, 0.5)
        written = cv2.imread(str(tmp_path / entry["image"]))
        assert np.array_equal(written[..., ::-1], part.image)
        assert entry["kind"] == part.kind == Path(entry["image"]).parent.name
        assert ("mask" in entry) == part.mask.any()
        if "mask" in entry:
            mask = cv2.imread(str(tmp_path / entry["mask"]), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(mask > 0, part.mask)
            assert entry["mask"].endswith(f"{Path(entry['image']).stem}_mask.png")


def test_only_good_parts_of_the_split_train_are_in_its_folder(tmp_path: Path) -> None:
    main("--out DIR --count 30 --seed 1 --defect-share 0.5".replace("DIR", str(tmp_path)).split())
    for entry in json.loads((tmp_path / "index.json").read_text()):
        in_train = entry["kind"] == "good" and entry["split"] == "train"
        assert entry["image"].startswith("train/") == in_train


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.json").write_text("[]")
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--count", "1"])
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["index.json"]
