"""Pictures that are none: each a named cause, the part in the ledger, the line goes on."""

from pathlib import Path

import cv2
import numpy as np

from simulation.plates.render import render
from tests.e2e.lines import running, summary_of, write_line


def picture_folder(folder: Path) -> Path:
    """Four pictures that can be inspected (one of 16 bits), three that cannot."""
    folder.mkdir()
    image = render(seed=5, index=1, width_px=384, height_px=384, defect_share=0.0).image
    for name in ("fine-1.png", "fine-2.jpg", "fine-3.png"):
        cv2.imwrite(str(folder / name), image)
    cv2.imwrite(str(folder / "sixteen-bits.png"), image.astype(np.uint16) * 257)
    jpeg = (folder / "fine-2.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    cv2.imwrite(str(folder / "one-pixel.png"), image[:1, :1])
    (folder / "text.jpg").write_text("this is no picture")
    return folder


def test_bad_pictures_are_named_and_the_line_goes_on(tmp_path: Path) -> None:
    images = picture_folder(tmp_path / "pictures")
    line = write_line(tmp_path, parts_per_s=2, camera={"kind": "replay", "repeat": True})
    run_dir = tmp_path / "run"
    with running(line, run_dir, 14, "--images", str(images)) as process:
        summary = summary_of(process)
    assert summary["exit_code"] == 0, summary
    assert summary["ledger_closed"]
    assert summary["no_verdict"] == {"bad_image": 6}  # three pictures, shown twice
    assert summary["pass"] + summary["reject"] == 8
    assert summary["gate"]["wrong_pass"] == 0
