"""Learn what good parts look like: ``python -m inference.training.learn``.

    python -m inference.training.learn --good DIR --backbone WEIGHTS --out FILE.npz [--rate 0.05]

DIR holds pictures of good parts, PNG or JPEG. Nothing is trained: features of some of their
positions are kept, and the limit above which a part is rejected follows from the parts themselves.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
from pathlib import Path

import torch

from contracts.errors import BadImage, BadSettings
from inference.dqformer.efficientnet_weights import find_weights
from inference.imaging import decode_image
from inference.references.bank import build_bank
from inference.references.bank_file import LearnedBank, save_bank
from inference.references.operating_point import calibrate
from inference.training.dataset import IMAGE_SUFFIXES
from inference.training.reference_features import (
    SIDE_PX,
    Extractor,
    ReferenceFeatures,
    pretrained_backbone,
)

log = logging.getLogger("referee.learn")


def learn(
    pictures: list[Path], extract: Extractor, features: str, side_px: int, rate: float | None
) -> LearnedBank:
    """Return the bank of some good parts, calibrated on them.

    Raises:
        BadSettings: a picture cannot be used, or they are too few for the rate.
    """
    try:
        good = [extract(decode_image(path.read_bytes())) for path in pictures]
        bank = build_bank(good)
        return LearnedBank(bank, calibrate(bank, good, rate), features, side_px)
    except (BadImage, ValueError) as error:
        raise BadSettings(f"references: {error}") from error


def pictures_in(folder: Path) -> list[Path]:
    """Return a folder's pictures by name.

    Raises:
        BadSettings: it is no folder.
    """
    if not folder.is_dir():
        raise BadSettings(f"references: no folder {folder}")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m inference.training.learn")
    parser.add_argument("--good", type=Path, required=True, help="folder of good parts' pictures")
    parser.add_argument("--backbone", required=True, help="ImageNet weights")
    parser.add_argument("--out", type=Path, required=True, help="the bank, an .npz file")
    parser.add_argument("--rate", type=float, help="of false rejects; default: the least stated")
    parser.add_argument("--side", type=int, default=SIDE_PX, help="longest side, px")
    given = parser.parse_args(argv)
    torch.set_num_threads(1)
    weights = find_weights(given.backbone)
    extract = ReferenceFeatures(pretrained_backbone(str(weights)), given.side)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    pictures = pictures_in(given.good)
    learned = learn(pictures, extract, digest, given.side, given.rate)
    version = save_bank(given.out, learned)
    log.info("%s: bank %s of %d good parts", given.out, version, learned.bank.parts)
    log.info("at most %.1f %% of parts like these are rejected", 100 * learned.point.rate)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        main()
    except BadSettings as error:
        sys.exit(f"error: {error}")
