"""A station whose camera triggers: each frame is numbered, told of, handed on, in this order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.camera import CameraConfig, Shot
from contracts.causes import Cause, TriggerSource
from contracts.errors import CameraFailed, Unavailable
from contracts.identity import PartKey
from contracts.messages import CaptureNotice, FrameHeader, Verdict
from contracts.release import Prompt, Release, StationConfig
from ingest.frame_parts import FrameParts, Pace
from ingest.output import PartOutput
from ingest.station import IngestStation
from ingest.station_camera import StationCamera
from runtime.process.clock import ManualClock

LIVE = CameraConfig(kind="opencv", source="0")


def release(**config: object) -> Release:
    prompts = (Prompt(words="a crack"),)
    made = StationConfig.model_validate({"camera": LIVE, "prompts": prompts, **config})
    return Release.of("web", made)


ALONE = release(trigger=TriggerSource.CAMERA)


@dataclass
class World:
    """Camera, numbers, notices, frames and outbox of one station, and what they saw in order."""

    clock: ManualClock = field(default_factory=ManualClock)
    happened: list[str] = field(default_factory=list)
    frames: list[FrameHeader] = field(default_factory=list)
    notices: list[CaptureNotice] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    shots: list[Shot | CameraFailed | None] = field(default_factory=list)
    why_not = ""
    backlog = seq = 0
    numbers_fail: Exception | None = None
    asked_lost: list[int] = field(default_factory=list)
    opened_quiet: list[bool] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    triggered_steps = 0
    release: Release | None = ALONE

    def __post_init__(self) -> None:
        self.camera = StationCamera(self.open, self.clock)
        self.parts = FrameParts(
            "web",
            camera=self.camera,
            numbers=self,
            notices=self,
            output=PartOutput("web", self, self, self.clock, greatest_backlog=3),
            clock=self.clock,
            sleep=self.sleep,
        )

    def shot(self, lost_before: int = 0) -> Shot:
        return Shot(b"picture", self.clock.now(), "here", lost_before)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance_ms(seconds * 1000)

    # The camera

    def open(self, settings: CameraConfig, may_be_quiet: bool) -> World:
        self.opened_quiet.append(may_be_quiet)
        return self

    def next_frame(self, wait_s: float) -> Shot | None:
        shot = self.shots.pop(0)
        if isinstance(shot, CameraFailed):
            raise shot
        return shot

    def capture(self) -> Shot:
        shot = self.next_frame(0)
        assert shot is not None
        return shot

    def trouble(self) -> str:
        return self.why_not

    def close(self) -> None: ...

    # Numbers, notices, frames, outbox

    def resume(self) -> None:
        self.happened.append("resume")

    def end_epoch(self) -> None:
        self.happened.append("end")

    def lose(self, frames: int) -> None:
        self.asked_lost.append(frames)

    def next(self) -> PartKey:
        if self.numbers_fail:
            raise self.numbers_fail
        self.happened.append("number")
        self.seq += 1
        return PartKey(station="web", epoch=4, trigger_seq=self.seq)

    def announce(self, notice: CaptureNotice) -> None:
        self.happened.append("notice")
        self.notices.append(notice)

    def waiting(self) -> int:
        return self.backlog

    def put(self, header: FrameHeader, image: bytes) -> None:
        self.happened.append("frame")
        self.frames.append(header)

    def tidy(self) -> int:
        return 0

    def record(self, verdict: Verdict) -> bool:
        self.verdicts.append(verdict)
        return True

    def active(self, station: str) -> Release | None:
        return self.release

    def step(self) -> None:
        self.triggered_steps += 1


@pytest.fixture
def world() -> World:
    return World()


def test_a_frame_is_numbered_then_told_of_then_handed_on(world: World) -> None:
    world.shots = [world.shot()]
    world.parts.step(ALONE)
    assert world.happened == ["resume", "number", "notice", "frame"]
    [header], [notice] = world.frames, world.notices
    assert header.part == notice.part == PartKey(station="web", epoch=4, trigger_seq=1)
    assert header.started_at == header.captured_at == notice.captured_at
    assert (header.deadline_ms, header.part_id) == (notice.deadline_ms, notice.part_id) == (1000, 1)
    assert header.release_id == ALONE.release_id


def test_no_frame_is_no_part_and_a_lost_one_leaves_its_number_out(world: World) -> None:
    world.shots = [None, world.shot(lost_before=2)]
    world.parts.step(ALONE)
    assert world.notices == []
    world.parts.step(ALONE)
    assert world.asked_lost == [2]


def test_what_has_no_number_is_told_to_nobody(world: World) -> None:
    world.shots = [world.shot()]
    world.numbers_fail = Unavailable("journal", "away")
    with pytest.raises(Unavailable):
        world.parts.step(ALONE)
    assert (world.notices, world.frames) == ([], [])


def test_a_frame_too_many_is_answered_at_once(world: World) -> None:
    world.shots = [world.shot()]
    world.backlog = 3
    world.parts.step(ALONE)
    assert world.frames == []
    assert [verdict.cause for verdict in world.verdicts] == [Cause.OVERLOAD]
    assert len(world.notices) == 1


def test_a_picture_that_fails_is_a_lost_frame_and_a_camera_that_fails_is_none(world: World) -> None:
    paced = release(trigger=TriggerSource.CAMERA, frames_per_s=4)
    world.shots = [CameraFailed("a broken file")]
    world.parts.step(paced)
    assert world.asked_lost == [1]
    world.shots = [CameraFailed("gone")]
    world.why_not = "gone"
    with pytest.raises(CameraFailed):
        world.parts.step(paced)
    assert world.asked_lost == [1]


@pytest.mark.parametrize(
    ("config", "quiet"),
    [
        ({"trigger": TriggerSource.CAMERA}, True),
        ({"trigger": TriggerSource.CAMERA, "frames_per_s": 4}, False),
        ({}, False),
    ],
)
def test_only_a_camera_that_something_else_fires_may_be_quiet(
    world: World, config: dict[str, object], quiet: bool
) -> None:
    world.camera.follow(release(**config))
    assert world.opened_quiet == [quiet]


def test_a_pace_is_kept_and_a_late_frame_is_not_made_up_for() -> None:
    world = World()
    pace = Pace(world.clock, world.sleep)
    assert pace.wait(4)
    assert pace.wait(4)
    world.clock.advance_ms(900)
    assert pace.wait(4)
    assert pace.wait(4)
    assert world.slept == pytest.approx([0, 0.25, 0, 0.25])


def test_a_slow_pace_does_not_hold_the_station() -> None:
    world = World()
    pace = Pace(world.clock, world.sleep)
    assert [pace.wait(1) for _ in range(4)] == [True, False, True, False]


def test_a_station_follows_its_release_and_ends_an_epoch_once(world: World) -> None:
    triggered: Any = world
    station = IngestStation(
        "web",
        releases=world,
        camera=world.camera,
        triggered=triggered,
        alone=world.parts,
        keep_streams=lambda: world.happened.append("keep"),
        let_streams_go=lambda: world.happened.append("let go"),
    )
    world.shots = [world.shot()]
    station.step()
    world.release = release()
    station.step()
    station.step()
    assert world.triggered_steps == 2
    station.close()
    station.leave()
    parts = ["resume", "number", "notice", "frame", "end"]
    assert world.happened == ["keep", *parts, "let go"]
