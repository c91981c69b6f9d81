"""Drawn boards: traces, pads, planes and holes at random, in two tones.

A line's good boards are of a few designs, and a network that knows no others takes every new pad
for a defect. What is drawn here is good by the same rules that the defects of board_defects.py
break: traces keep their width and end in something, and nothing lies alone and shapeless.
"""

from __future__ import annotations

import cv2
import numpy as np

from inference.training.data.dataset import Part

COPPER, BARE = 0, 255
STEPS = np.array([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)], float)
ONE_ELEMENT_PX2 = 1800


def draw_board(line: str, hw: tuple[int, int], rng: np.random.Generator) -> Part:
    """A good part of a size, (H, W) px."""
    sheet = _Sheet(hw, rng)
    elements = (sheet.traces, sheet.footprint, sheet.pad, sheet.ring, sheet.plane, sheet.fan)
    shares = rng.dirichlet([2.0, 1.0, 1.0, 0.4, 0.5, 0.7])
    wanted = int(hw[0] * hw[1] / ONE_ELEMENT_PX2 * rng.uniform(0.25, 1.2))
    for index in rng.choice(len(elements), size=wanted, p=shares):
        elements[index]()
    sort, copper = rng.random(), sheet.copper
    if sort < 0.3:
        copper = sheet.flooded()
    elif sort < 0.5:  # a plane with slots in it
        copper = 255 - copper
    return Part(line, "drawn", _etched(copper, rng), {})


class _Sheet:
    """A board under way. Nothing is drawn nearer to what is there than the clearance."""

    def __init__(self, hw: tuple[int, int], rng: np.random.Generator) -> None:
        self.hw = hw
        self.rng = rng
        self.copper = np.zeros(hw, np.uint8)
        self.taken = np.zeros(hw, np.uint8)
        self.clearance = int(rng.integers(3, 14))
        self.width = int(rng.integers(3, 16))

    def traces(self) -> None:
        """One to six parallel traces with common bends, and what they end in."""
        count, width = int(self.rng.integers(1, 7)), self._width()
        path = self._path(self.rng.uniform(0, self.hw[::-1]), self.rng.uniform(60, 500))
        pitch = width + self.clearance + self.rng.uniform(1, 12)
        for number in range(count):
            self._trace(_beside(path, number * pitch), width)

    def fan(self) -> None:
        """A pad with a trace that leads away from it."""
        at = self.rng.uniform(0, self.hw[::-1])
        stroke = self._stroke(self._path(at, self.rng.uniform(30, 200)), self._width())
        self._add(stroke | self._pad_at(at, self.rng.uniform(7, 26)))

    def footprint(self) -> None:
        """A row or a block of equal pads."""
        rows, columns = self.rng.integers(1, 4), self.rng.integers(2, 9)
        size = self.rng.uniform(5, 20, 2)
        step = size * 2 + self.clearance + self.rng.uniform(1, 16, 2)
        at, round_share = self.rng.uniform(0, self.hw[::-1]), self.rng.random()
        hole = self.rng.uniform(2, 6) if self.rng.random() < 0.3 else 0.0
        for row in range(rows):
            for column in range(columns):
                centre = at + step * (column, row)
                pad = self._rounded(centre, size, round_share)
                if self._add(pad) and hole and min(size) > hole + 3:
                    self._drill(centre, hole)

    def pad(self) -> None:
        """One pad, with or without a hole."""
        at, radius = self.rng.uniform(0, self.hw[::-1]), self.rng.uniform(5, 34)
        if self._add(self._pad_at(at, radius)) and radius > 8 and self.rng.random() < 0.6:
            self._drill(at, radius * self.rng.uniform(0.25, 0.6))

    def ring(self) -> None:
        """A ring, at times with a dot in it: a mark that machines find."""
        at, radius = self.rng.uniform(0, self.hw[::-1]), self.rng.uniform(9, 45)
        ring = self._disc(at, radius)
        if self._add(ring):
            self._drill(at, radius - self.rng.uniform(2.5, 8))
            if radius > 18 and self.rng.random() < 0.6:
                self.copper |= self._disc(at, radius * self.rng.uniform(0.2, 0.4))

    def plane(self) -> None:
        """A large area of copper with bevelled or rounded corners, at times with holes."""
        at, size = self.rng.uniform(0, self.hw[::-1]), self.rng.uniform(20, 170, 2)
        if not self._add(self._rounded(at, size, self.rng.uniform(0, 0.5))):
            return
        for _ in range(self.rng.integers(0, 5)):
            self._drill(at + size * self.rng.uniform(-0.8, 0.8, 2), self.rng.uniform(3, 12))

    def flooded(self) -> np.ndarray:
        """Copper everywhere but around what was drawn: a board with a ground plane."""
        return self.copper | (self.taken == 0).astype(np.uint8) * 255

    def _width(self) -> int:
        other = self.rng.random() < 0.3
        return int(self.rng.integers(3, 34)) if other else self.width

    def _path(self, start_xy: np.ndarray, length_px: float) -> np.ndarray:
        """(n, 2) corners of a way in straight pieces that bend by 45 degrees, at times by 90."""
        points, heading = [start_xy], int(self.rng.integers(4)) * 2
        while length_px > 0:
            piece = float(self.rng.exponential(70)) + 12
            points.append(points[-1] + piece * STEPS[heading % 8])
            heading += int(self.rng.choice([-2, -1, 1, 2], p=[0.15, 0.35, 0.35, 0.15]))
            length_px -= piece
        return np.array(points)

    def _trace(self, path: np.ndarray, width: int) -> None:
        stroke = self._stroke(path, width)
        if self._add(stroke):
            for end in (path[0], path[-1]):
                if self.rng.random() < 0.5:
                    self.copper |= self._pad_at(end, width * self.rng.uniform(0.7, 1.6) + 2)

    def _stroke(self, path: np.ndarray, width: int) -> np.ndarray:
        """The way as wide as asked; at times a neck in it, or narrower from a corner on."""
        stroke, whole = np.zeros(self.hw, np.uint8), np.round(path).astype(np.int32)
        neck = int(self.rng.integers(len(path) - 1)) if self.rng.random() < 0.35 else len(path)
        narrow = max(2, round(width * self.rng.uniform(0.35, 0.7)))
        if neck < len(path) - 1:
            middle = path[neck] + (path[neck + 1] - path[neck]) * self.rng.uniform(0.2, 0.8)
            whole = np.vstack([whole[: neck + 1], middle.astype(np.int32)])
            cv2.polylines(stroke, [np.round(path[neck:]).astype(np.int32)], False, 255, narrow)
        cv2.polylines(stroke, [whole], False, 255, width)
        return stroke

    def _pad_at(self, centre: np.ndarray, radius: float) -> np.ndarray:
        if self.rng.random() < 0.5:
            return self._disc(centre, radius)
        size = radius * self.rng.uniform(0.7, 1.3, 2)
        return self._rounded(centre, size, float(self.rng.choice([0.0, 0.3, 1.0])))

    def _disc(self, centre: np.ndarray, radius: float) -> np.ndarray:
        disc = np.zeros(self.hw, np.uint8)
        cv2.circle(
            disc, tuple(np.round(centre).astype(int).tolist()), max(2, round(radius)), 255, -1
        )
        return disc

    def _rounded(self, centre: np.ndarray, half: np.ndarray, share: float) -> np.ndarray:
        """A rectangle of half sizes (x, y), its corners rounded by a share of the smaller one."""
        radius = share * float(min(half))
        core = np.zeros(self.hw, np.uint8)
        low, high = centre - half + radius, centre + half - radius
        ends = [tuple(np.round(p).astype(int).tolist()) for p in (low, high)]
        cv2.rectangle(core, ends[0], ends[1], 255, -1)
        if radius < 1:
            return core
        side = 2 * round(radius) + 1
        return cv2.dilate(core, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))

    def _add(self, mask: np.ndarray) -> bool:
        """Put a piece of copper down, if there is room for it."""
        free = not cv2.bitwise_and(mask, self.taken).any()
        if free:
            self.copper |= mask
            side = 2 * self.clearance + 1
            grown = cv2.dilate(mask, np.ones((side, side), np.uint8))
            self.taken = np.bitwise_or(self.taken, grown.astype(np.uint8))
        return free

    def _drill(self, centre: np.ndarray, radius: float) -> None:
        self.copper[self._disc(centre, radius) > 0] = 0


def _beside(path: np.ndarray, distance_px: float) -> np.ndarray:
    """Return the path parallel to another at a distance, mitred at its corners."""
    along = np.diff(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normals = np.stack([-along[:, 1], along[:, 0]], 1)
    before, after = np.vstack([normals[:1], normals]), np.vstack([normals, normals[-1:]])
    mitre = (before + after) / (1 + (before * after).sum(1, keepdims=True)).clip(0.3)
    return path + distance_px * mitre


def _etched(copper: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 with the ragged edges of a scan."""
    soft = cv2.GaussianBlur(copper.astype(np.float32), (0, 0), rng.uniform(0.6, 1.8))
    grain = rng.standard_normal(copper.shape, dtype=np.float32) * rng.uniform(0, 45)
    tone = np.where(cv2.GaussianBlur(soft + grain, (0, 0), 0.6) > 127, COPPER, BARE).astype(
        np.uint8
    )
    return np.repeat(tone[:, :, None], 3, axis=2)
