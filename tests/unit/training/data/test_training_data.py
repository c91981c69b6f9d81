"""Pictures, captions, painted and moved defects, batches."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.prompt import UNIVERSAL_PROMPT
from inference.text_encoder import TextEncoder
from inference.training.data.augment import Variation, crop, resize_whole
from inference.training.data.batches import BatchMaker
from inference.training.data.dataset import Part, at_network_scale, load_part, read_entries
from inference.training.data.paste import paste_defect
from inference.training.data.synthetic import PAINTERS, SMALLEST_AREA_PX2, add_defect
from inference.training.recipe import LineRecipe, Optimiser, Shares, TrainingRecipe
from inference.training.words.captions import ANY_KIND, CaptionBank
from inference.training.words.forms import COUNTS, ZONES
from inference.training.words.grammar_file import read_grammar

BOARD_KINDS = {"open", "short", "mousebite", "spur", "spurious_copper", "pin_hole"}

BANK_KINDS = ["crack", "scratch", "spot"]


def plain_part(hw: tuple[int, int] = (120, 160), level: int = 120) -> Part:
    noise = np.random.default_rng(0).integers(-5, 6, (*hw, 3))
    return Part("line", "plain", (level + noise).astype(np.uint8))


def marked_part() -> Part:
    part = plain_part()
    part.image[40:52, 70:90] = 220
    part.masks["spot"] = np.zeros((120, 160), np.uint8)
    part.masks["spot"][40:52, 70:90] = 255
    return part


@pytest.fixture(scope="module")
def bank(encoder: TextEncoder) -> CaptionBank:
    return CaptionBank(read_grammar(), BANK_KINDS, encoder)


def test_an_index_is_read(tiny_line: Path) -> None:
    entries = read_entries(tiny_line, "tiny")
    parts = [load_part(entry) for entry in entries]
    assert [entry.split for entry in entries] == ["train"] * 4 + ["val"] * 4
    assert [sorted(part.masks) for part in parts[:2]] == [[], ["spot"]]
    assert (parts[1].any_mask() > 0).sum() == 16 * 16


def test_the_mvtec_layout_is_read_without_an_index(tmp_path: Path) -> None:
    for name in ("train/good/a.png", "test/good/b.png", "test/dent/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((32, 32), 99, np.uint8))
    mask = np.zeros((32, 32), np.uint8)
    mask[:4] = 255
    (tmp_path / "ground_truth/dent").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "ground_truth/dent/c_mask.png"), mask)
    entries = read_entries(tmp_path, "line")
    assert [(e.kind, e.split) for e in entries] == [
        ("good", "train"),
        ("dent", "val"),
        ("good", "val"),
    ]
    assert (load_part(entries[1]).masks["dent"] > 0).sum() == 4 * 32


def test_a_folder_without_either_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"index\.json"):
        read_entries(tmp_path, "line")


def test_a_mask_of_the_wrong_size_or_empty_is_an_error(tiny_line: Path) -> None:
    entry = read_entries(tiny_line, "tiny")[1]
    assert entry.mask is not None
    cv2.imwrite(str(entry.mask), np.full((80, 95), 255, np.uint8))
    with pytest.raises(ValueError, match="does not match"):
        load_part(entry)
    cv2.imwrite(str(entry.mask), np.zeros((80, 96), np.uint8))
    with pytest.raises(ValueError, match="nothing marked"):
        load_part(entry)


def test_regions_give_each_kind_its_own_mask(tiny_line: Path) -> None:
    index = json.loads((tiny_line / "index.json").read_text())
    index[1]["regions"] = [
        {"kind": "open", "box_xyxy": [40, 30, 48, 46]},
        {"kind": "spur", "box_xyxy": [48, 30, 56, 46]},
    ]
    (tiny_line / "index.json").write_text(json.dumps(index))
    masks = load_part(read_entries(tiny_line, "tiny")[1]).masks
    areas_px2 = {kind: int((mask > 0).sum()) for kind, mask in masks.items()}
    assert areas_px2 == {"open": 128, "spur": 128}


def test_a_thin_line_survives_the_network_scale() -> None:
    part = plain_part((100, 1280))
    part.masks["scratch"] = np.zeros((100, 1280), np.uint8)
    part.masks["scratch"][50] = 255
    small = at_network_scale(part, 640)
    assert small.image.shape == (50, 640, 3)
    assert (small.masks["scratch"] > 0).sum() >= 640


def test_every_caption_has_a_kind_and_the_default_prompt_is_universal() -> None:
    grammar = read_grammar()
    assert UNIVERSAL_PROMPT in grammar.universal
    named = {near for nears in grammar.near.values() for near in nears}
    assert set(PAINTERS) <= set(grammar.names)
    assert all(grammar.confusable(b, a) for a in grammar.names for b in grammar.near[a])
    assert named
    assert grammar.sentences("new_kind")[0] == "new kind"


def test_an_absent_kind_cannot_be_mixed_up_with_a_present_one(bank: CaptionBank) -> None:
    rng = np.random.default_rng(0)
    drawn = {bank.draw_absent(["crack"], [], rng) for _ in range(50)}
    assert drawn == {"spot"}  # scratch is near crack


def test_a_lines_own_kinds_are_told_apart_however_near(bank: CaptionBank) -> None:
    rng = np.random.default_rng(0)
    drawn = {bank.draw_absent(["crack"], ["crack", "scratch"], rng) for _ in range(50)}
    assert drawn == {"spot", "scratch"}
    painted = {bank.draw_absent(["crack"], ["scratch"], rng) for _ in range(50)}
    assert painted == {"spot"}, "a painted crack may pass for a scratch"


def test_every_form_has_sentences_of_every_kind(bank: CaptionBank) -> None:
    rng = np.random.default_rng(0)
    for form in (*ZONES, "largest", "smallest", *COUNTS.values()):
        for kind in (*bank.kinds, ANY_KIND):
            assert bank.draw(kind, form, rng) >= len(bank.universal_ids)


@pytest.mark.parametrize("kind", sorted(set(PAINTERS) - BOARD_KINDS))
def test_a_painted_defect_changes_what_its_mask_marks(kind: str) -> None:
    visible = 0
    for seed in range(8):
        part = plain_part()
        painted = add_defect(part, kind, np.random.default_rng(seed))
        if not painted.masks:
            continue
        mask = painted.masks[kind] > 0
        change = np.abs(painted.image.astype(int) - part.image).mean(axis=2)
        assert mask.sum() >= SMALLEST_AREA_PX2
        far = cv2.dilate(painted.masks[kind], np.ones((45, 45), np.uint8)) == 0
        assert change[far].max(initial=0) == 0
        visible += change[mask].mean() > 5
    assert visible >= 5


def test_a_moved_defect_keeps_its_contrast() -> None:
    rng, target = np.random.default_rng(1), plain_part((150, 200), level=60)
    moved = paste_defect(target, marked_part(), "spot", rng)
    mask = moved.masks["spot"] > 0
    assert 80 < mask.sum() < 700
    # 220 on 120 becomes about 110 on 60: ratios are kept.
    assert 95 < np.median(moved.image[mask]) < 125
    assert target.masks == {}


def test_a_crop_holds_the_defect_it_was_centred_on() -> None:
    for seed in range(10):
        cut = crop(marked_part(), np.array([80, 46]), 64, Variation(), np.random.default_rng(seed))
        mask = cut.masks["spot"] > 0
        assert cut.image.shape == (64, 64, 3)
        assert cut.image[mask].mean() > 190
        assert cut.image[~mask].mean() < 135


def test_whole_parts_keep_image_and_mask_together() -> None:
    part = resize_whole(marked_part(), Variation(), np.random.default_rng(4))
    mask = part.masks["spot"] > 0
    assert part.image[mask].mean() > 190 > 135 > part.image[~mask].mean()


def two_tone_part() -> Part:
    """Copper on the left half; a bite out of it (bright) and a spur on it (dark)."""
    image = np.full((120, 160, 3), 255, np.uint8)
    image[:, :80] = 0
    masks = {kind: np.zeros((120, 160), np.uint8) for kind in ("mousebite", "spur")}
    image[30:42, 68:80], masks["mousebite"][30:42, 68:80] = 255, 255
    image[80:92, 80:92], masks["spur"][80:92, 80:92] = 0, 255
    return Part("board", "b", image, masks)


def test_two_tones_stay_two_and_outlines_move_with_the_copper() -> None:
    vary = Variation(turn_deg=3, two_tone=True)
    for seed in range(8):
        cut = crop(two_tone_part(), np.array([80.0, 60]), 128, vary, np.random.default_rng(seed))
        grey = cut.image[:, :, 0]
        assert set(np.unique(grey)) == {0, 255}
        assert (grey[cut.masks["mousebite"] > 0] == 255).all()
        assert (grey[cut.masks["spur"] > 0] == 0).all()
        # Repaired, the copper's edge is straight again: a line from top to bottom, hardly ragged.
        repaired = np.where(cut.any_mask() > 0, 255 - grey, grey)
        edge = (repaired == 0).sum(axis=1).astype(float)
        line = np.polyval(np.polyfit(np.arange(128), edge, 1), np.arange(128))
        assert np.abs(edge - line).max() < 2


def test_a_board_turned_by_right_angles_takes_its_masks_along() -> None:
    vary = Variation(scale=1.0, quarter_turns=1.0, two_tone=True)
    for seed in range(6):
        part = resize_whole(two_tone_part(), vary, np.random.default_rng(seed))
        assert (part.image[part.masks["spur"] > 0] == 0).all()
        assert (part.image[part.masks["mousebite"] > 0] == 255).all()


def test_captions_have_the_right_article() -> None:
    plain = read_grammar().sentences("open")
    assert "an open circuit on the part" in plain
    assert "a gap in a trace on the part" in plain
    assert not any(" a o" in f" {sentence}" for sentence in plain)


def maker(bank: CaptionBank) -> BatchMaker:
    line = LineRecipe(folder="unused", synthetic={"crack": 1.0}, paste=["spot"])
    recipe = TrainingRecipe(
        name="t",
        text_encoder="unused",
        lines={"line": line},
        optimiser=Optimiser(steps=10),
        crop_px=64,
        crop_batch=6,
        whole_area_px2=160 * 192 * 3,
    )
    return BatchMaker(recipe, {"line": [plain_part(), marked_part()]}, bank)


def test_a_batch_is_a_function_of_seed_and_step(bank: CaptionBank) -> None:
    first, second = maker(bank), maker(bank)
    for step in (0, 3, 9):
        for one, other in zip(first.batch(step), second.batch(step), strict=True):
            assert np.array_equal(one, other)
    assert not np.array_equal(first.batch(0).caption, first.batch(1).caption)


def test_prompts_and_targets_agree(bank: CaptionBank) -> None:
    batches = maker(bank)
    found = 0
    for step in range(12):
        batch = batches.batch(step)
        assert batch.target.shape[1] == batch.caption.shape[1] == 3
        assert batch.target.shape[2:] == tuple(side // 2 for side in batch.image.shape[2:])
        assert (batch.caption[:, 0] < len(bank.universal_ids)).all()
        assert (batch.caption[:, 1:] >= len(bank.universal_ids)).all()
        for target in batch.target:
            assert (target[1] <= target[0]).all()
            assert not target[2].any(), "the last prompt is false"
            assert (target[1].max() > 127) == (target[0].max() > 127)
            found += target[1].max() > 127
    assert found > 0


def test_crops_of_boards_are_drawn_and_painted_on(bank: CaptionBank) -> None:
    line = LineRecipe(
        folder="unused", synthetic={"spot": 1}, drawn_boards=1, paint_crops=1, most_painted=3
    )
    none_real = {name: 0.0 for name in Shares.model_fields if name != "whole_by_step"}
    recipe = TrainingRecipe(
        name="t",
        text_encoder="unused",
        lines={"line": line},
        optimiser=Optimiser(steps=10),
        crop_px=64,
        crop_batch=8,
        shares=Shares(**none_real),
    )
    batch = BatchMaker(recipe, {"line": [plain_part(), marked_part()]}, bank).batch(0)
    assert (batch.target[:, 0].reshape(8, -1).max(axis=1) > 127).sum() >= 6
    counts = [cv2.connectedComponents((t[0] > 127).astype(np.uint8))[0] - 1 for t in batch.target]
    assert max(counts) >= 2


def test_whole_parts_come_more_often_later(bank: CaptionBank) -> None:
    batches = maker(bank)
    shares = [batches.whole_share(step) for step in (0, 1000, 2000, 9000)]
    assert shares == pytest.approx([0.15, 0.325, 0.5, 0.5])
