"""One station: what becomes of a trigger, with everything around it in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.camera import CameraConfig, Shot
from contracts.causes import Cause, Decision
from contracts.errors import CameraFailed, ServerFull, Unavailable
from contracts.identity import PartKey
from contracts.messages import FrameHeader, Trigger, Verdict
from contracts.release import Prompt, Recipe, Release, StationConfig
from ingest import triggered_parts
from ingest.output import PartOutput
from ingest.station_camera import StationCamera
from ingest.triggered_parts import TriggeredParts
from runtime.messaging.streams import Entry
from runtime.process.clock import ManualClock

DEADLINE_MS = 1000


class ScriptedCamera:
    """Takes its time, fails when told to, and keeps what happened in order."""

    def __init__(self, clock: ManualClock, happened: list[str]) -> None:
        self.clock = clock
        self.happened = happened
        self.takes_ms = 10.0
        self.failure = ""
        self.closed = False
        self.taken = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def capture(self) -> Shot:
        self.happened.append("capture")
        if self.failure:
            raise CameraFailed(self.failure)
        self.clock.advance_ms(self.takes_ms)
        self.taken += 1
        shot = Shot(b"picture %d" % self.taken, self.clock.now(), f"here#{self.taken}")
        self.meanwhile()
        return shot

    def trouble(self) -> str:
        return self.failure

    def close(self) -> None:
        self.closed = True


class World:
    """Redis, journal, releases and camera of one station, in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.happened: list[Any] = []
        self.queue: list[Entry] = []
        self.orphans: list[Entry] = []
        self.frames: list[tuple[FrameHeader, bytes]] = []
        self.verdicts: list[Verdict] = []
        self.dead: list[tuple[Entry, str]] = []
        self.opened: list[ScriptedCamera] = []
        self.release: Release | None = release_with(CameraConfig(kind="simulated"))
        self.read_fails: Exception | None = None
        self.put_fails: Exception | None = None
        self.record_fails: Exception | None = None
        self.open_fails = ""
        self.tries = 0
        self.backlog = 0
        self.lost = 0
        opener: Any = self.open_camera
        self.camera = StationCamera(opener, self.clock)
        self.worker = TriggeredParts(
            "tiles",
            triggers=self,
            output=PartOutput("tiles", self, self, self.clock, greatest_backlog=3),
            dead_letter=lambda entry, reason: self.dead.append((entry, reason)),
            releases=self,
            camera=self.camera,
            clock=self.clock,
            greatest_age_ms=500,
        )

    def trigger(
        self, seq: int = 1, station: str = "tiles", age_ms: float = 0, recipe: int = 0
    ) -> Entry:
        started_at = self.clock.now()
        self.clock.advance_ms(age_ms)
        part = PartKey(station=station, epoch=2, trigger_seq=seq)
        trigger = Trigger(
            part=part,
            part_id=70 + seq,
            encoder=5,
            started_at=started_at,
            deadline_ms=DEADLINE_MS,
            recipe=recipe,
        )
        text = trigger.model_dump_json().encode()
        return Entry("triggers:tiles", f"{seq}-0", {b"trigger": text})

    def come(self, *seqs: int, every_ms: float) -> None:
        """These parts come, one after the other, and nobody has the time to look."""
        for seq in seqs:
            self.queue.append(self.trigger(seq))
            self.clock.advance_ms(every_ms)

    def pass_part(self, seq: int = 1, age_ms: float = 0, recipe: int = 0) -> None:
        self.queue.append(self.trigger(seq, age_ms=age_ms, recipe=recipe))
        self.worker.step()

    @property
    def causes(self) -> list[Cause | None]:
        return [verdict.cause for verdict in self.verdicts]

    def open_camera(self, settings: CameraConfig, may_be_quiet: bool) -> ScriptedCamera:
        self.tries += 1
        if self.open_fails:
            raise CameraFailed(self.open_fails)
        self.opened.append(ScriptedCamera(self.clock, self.happened))
        return self.opened[-1]

    def read(self, count: int, block_ms: int) -> list[Entry]:
        if self.read_fails:
            raise self.read_fails
        taken, self.queue = self.queue[:count], self.queue[count:]
        return taken

    def reclaim(self, min_idle_ms: int, count: int) -> list[Entry]:
        return list(self.orphans[:count])

    def ack_and_delete(self, *entries: Entry) -> None:
        self.happened.append("ack")
        self.orphans = [entry for entry in self.orphans if entry not in entries]

    def waiting(self) -> int:
        return self.backlog

    def put(self, header: FrameHeader, image: bytes) -> None:
        if self.put_fails:
            raise self.put_fails
        self.frames.append((header, image))

    def tidy(self) -> int:
        self.happened.append("tidy")
        return self.lost

    def record(self, verdict: Verdict) -> bool:
        if self.record_fails:
            raise self.record_fails
        self.verdicts.append(verdict)
        return True

    def active(self, station: str) -> Release | None:
        return self.release


def release_with(camera: CameraConfig, words: str = "a crack") -> Release:
    config = StationConfig(camera=camera, prompts=(Prompt(words=words),))
    return Release.of("tiles", config)


@pytest.fixture
def world() -> World:
    return World()


def test_a_trigger_becomes_a_frame_with_the_same_identity(world: World) -> None:
    world.pass_part(seq=7, age_ms=20)
    [(header, image)] = world.frames
    assert image == b"picture 1"
    assert str(header.part) == "tiles/2/7"
    assert (header.part_id, header.encoder, header.deadline_ms) == (77, 5, DEADLINE_MS)
    assert header.captured_at.ms_since(header.started_at) == 30
    assert world.release
    assert (header.source, header.release_id) == ("here#1", world.release.release_id)
    assert world.verdicts == []


def test_a_frame_names_the_recipe_of_its_trigger_and_that_recipes_release(world: World) -> None:
    recipes = {7: Recipe(prompts=(Prompt(words="rust"),))}
    assert world.release
    config = world.release.config.model_copy(update={"recipes": recipes})
    world.release = Release.of("tiles", config)
    world.pass_part(seq=1, recipe=7)
    [(header, _)] = world.frames
    assert header.recipe == 7
    assert header.release_id == world.release.of_recipe(7).release_id
    world.pass_part(seq=2, recipe=3)
    [verdict] = world.verdicts
    assert (verdict.cause, verdict.detail) == (Cause.NO_RELEASE, "the release has no recipe 3")
    assert len(world.frames) == world.opened[0].taken == 1


def test_the_trigger_is_acknowledged_before_the_capture(world: World) -> None:
    world.pass_part()
    assert world.happened == ["ack", "capture"]


def test_of_parts_that_came_during_a_hiccup_only_the_newest_is_captured(world: World) -> None:
    world.come(1, 2, 3, 4, 5, every_ms=90)
    world.worker.step()
    assert [header.part.trigger_seq for header, _ in world.frames] == [5]
    assert world.happened.count("capture") == 1
    assert [verdict.part.trigger_seq for verdict in world.verdicts] == [1, 2, 3, 4]
    assert set(world.causes) == {Cause.MISSED_CAPTURE}
    assert "part tiles/2/5 came before" in world.verdicts[0].detail


def test_a_hiccup_longer_than_a_read_is_still_one_hiccup(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggered_parts, "READ_AT_ONCE", 2)
    world.come(1, 2, 3, 4, 5, every_ms=50)
    world.worker.step()
    assert [header.part.trigger_seq for header, _ in world.frames] == [5]


def test_a_picture_of_the_next_part_clears_nobody(world: World) -> None:
    world.worker.step()
    camera = world.opened[0]
    camera.takes_ms = 120
    world.queue.append(world.trigger(1))
    next_part = world.trigger(2)

    def comes_before_the_picture() -> None:
        world.queue.append(next_part)
        camera.takes_ms = 10
        camera.meanwhile = lambda: None

    camera.meanwhile = comes_before_the_picture
    world.worker.step()
    assert world.frames == []
    [verdict] = world.verdicts
    assert (verdict.part.trigger_seq, verdict.cause) == (1, Cause.MISSED_CAPTURE)
    assert verdict.source == "here#1"
    world.worker.step()
    assert [header.part.trigger_seq for header, _ in world.frames] == [2]


def test_a_part_that_comes_after_the_picture_takes_nothing_away(world: World) -> None:
    world.worker.step()
    world.opened[0].meanwhile = lambda: world.come(2, every_ms=1) if not world.frames else None
    world.pass_part(1)
    world.worker.step()
    assert [header.part.trigger_seq for header, _ in world.frames] == [1, 2]
    assert world.verdicts == []


@pytest.mark.parametrize("takes_ms", [1, 60, 99])
def test_jitter_below_the_parts_spacing_misses_no_capture(world: World, takes_ms: float) -> None:
    world.worker.step()
    world.opened[0].takes_ms = takes_ms
    for seq in range(20):
        world.pass_part(seq)
        world.clock.advance_ms(100 - takes_ms)
    assert len(world.frames) == 20


def test_a_trigger_that_was_written_twice_is_captured_once(world: World) -> None:
    twice = world.trigger(1)
    world.queue += [twice, twice]
    world.worker.step()
    world.queue += [world.trigger(2), twice]
    world.worker.step()
    world.queue.append(twice)
    world.worker.step()
    assert [header.part.trigger_seq for header, _ in world.frames] == [1, 2]
    assert world.happened.count("capture") == 2
    assert world.verdicts == []


def test_a_frames_redis_that_dies_during_the_capture_is_answered(world: World) -> None:
    def dies() -> None:
        world.read_fails = Unavailable("frames", "refused")

    world.worker.step()
    world.opened[0].meanwhile = dies
    world.pass_part(1)
    assert world.causes == [Cause.FRAME_LOST]


@pytest.mark.parametrize("age_ms", [501, 5_000])
def test_a_stale_trigger_is_answered_and_not_captured(world: World, age_ms: float) -> None:
    world.pass_part(age_ms=age_ms)
    assert world.causes == [Cause.MISSED_CAPTURE]
    assert f"{age_ms} ms" in world.verdicts[0].detail
    assert "capture" not in world.happened
    assert world.frames == []


def test_a_trigger_within_its_age_is_captured(world: World) -> None:
    world.pass_part(age_ms=480)
    assert len(world.frames) == 1


def test_the_deadline_bounds_the_age_too(world: World) -> None:
    entry = world.trigger()
    short = Trigger.model_validate_json(entry.fields[b"trigger"]).model_copy(
        update={"deadline_ms": 100}
    )
    world.clock.advance_ms(101)
    world.queue.append(entry._replace(fields={b"trigger": short.model_dump_json().encode()}))
    world.worker.step()
    assert world.causes == [Cause.MISSED_CAPTURE]


def test_a_picture_taken_too_late_shows_another_part(world: World) -> None:
    world.worker.step()
    world.opened[0].takes_ms = 600
    world.pass_part()
    assert world.causes == [Cause.MISSED_CAPTURE]
    assert world.frames == []
    assert world.verdicts[0].source == "here#1"


def test_a_camera_failure_is_answered_and_the_line_goes_on(world: World) -> None:
    world.worker.step()
    world.opened[0].failure = "the lens is off"
    world.pass_part(1)
    world.opened[0].failure = ""
    world.pass_part(2)
    assert world.causes == [Cause.MISSED_CAPTURE]
    assert world.verdicts[0].detail == "the lens is off"
    assert world.verdicts[0].decision == Decision.NO_VERDICT
    assert [header.part.trigger_seq for header, _ in world.frames] == [2]


def test_no_release_is_answered(world: World) -> None:
    world.release = None
    world.pass_part()
    assert world.causes == [Cause.NO_RELEASE]
    assert world.camera.trouble() == "no release"


def test_a_backlog_is_answered_at_once(world: World) -> None:
    world.backlog = 3
    world.pass_part(1)
    world.backlog = 2
    world.pass_part(2)
    assert world.causes == [Cause.OVERLOAD]
    assert world.verdicts[0].detail == "3 frames are waiting for inspection"
    assert [header.part.trigger_seq for header, _ in world.frames] == [2]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ServerFull("frames", "maxmemory"), Cause.OVERLOAD),
        (Unavailable("frames", "refused"), Cause.FRAME_LOST),
    ],
)
def test_a_frame_that_redis_does_not_take_is_answered(
    world: World, error: Exception, cause: Cause
) -> None:
    world.put_fails = error
    world.pass_part(1)
    world.put_fails = None
    world.pass_part(2)
    assert world.causes == [cause]
    assert len(world.frames) == 1


def test_a_verdict_the_journal_did_not_take_is_owed(world: World) -> None:
    world.release = None
    world.record_fails = Unavailable("journal", "refused")
    with pytest.raises(Unavailable):
        world.pass_part(1)
    world.queue.append(world.trigger(2))
    with pytest.raises(Unavailable):
        world.worker.step()
    assert len(world.queue) == 1  # no further trigger is taken
    world.record_fails = None
    world.worker.step()
    assert [verdict.part.trigger_seq for verdict in world.verdicts] == [1, 2]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "is not JSON"),
        ({b"trigger": b"{}"}, "part: is missing"),
        ({b"trigger": b"\xff"}, "JSON"),
    ],
)
def test_what_is_no_trigger_goes_to_the_dead_letters(
    world: World, fields: dict[bytes, bytes], reason: str
) -> None:
    world.queue.append(Entry("triggers:tiles", "1-0", fields))
    world.worker.step()
    [(entry, why)] = world.dead
    assert (entry.id, reason in why) == ("1-0", True)
    assert world.happened == ["ack"]
    assert world.verdicts == []


def test_another_stations_trigger_goes_to_the_dead_letters(world: World) -> None:
    world.queue.append(world.trigger(station="plates"))
    world.worker.step()
    assert [why for _, why in world.dead] == ["a trigger of plates"]
    assert "capture" not in world.happened


def test_triggers_of_a_process_that_ended_are_answered_and_never_captured(world: World) -> None:
    world.orphans = [world.trigger(1), world.trigger(2)]
    world.clock.advance_ms(1001)
    world.worker.step()
    assert world.causes == [Cause.MISSED_CAPTURE] * 2
    assert world.happened == ["tidy", "ack", "ack"]
    assert world.orphans == []


def test_parts_of_a_hiccup_that_cannot_be_recorded_are_all_owed(world: World) -> None:
    world.come(1, 2, 3, every_ms=10)
    world.record_fails = Unavailable("journal", "refused")
    with pytest.raises(Unavailable):
        world.worker.step()
    world.record_fails = None
    world.worker.step()
    assert [verdict.part.trigger_seq for verdict in world.verdicts] == [1, 2]


def test_an_orphan_that_cannot_be_recorded_is_owed_and_the_others_stay(world: World) -> None:
    world.orphans = [world.trigger(1), world.trigger(2)]
    world.record_fails = Unavailable("journal", "refused")
    world.clock.advance_ms(1001)
    with pytest.raises(Unavailable):
        world.worker.step()
    assert len(world.orphans) == 1
    world.record_fails = None
    world.clock.advance_ms(1001)
    world.worker.step()
    assert [verdict.part.trigger_seq for verdict in world.verdicts] == [1, 2]


def test_frames_are_tidied_now_and_then(world: World) -> None:
    for _ in range(10):
        world.clock.advance_ms(300)
        world.worker.step()
    assert world.happened.count("tidy") == 2


def test_a_release_with_the_same_camera_keeps_it_open(world: World) -> None:
    world.pass_part(1)
    world.release = release_with(CameraConfig(kind="simulated"), words="a stain")
    world.pass_part(2)
    assert len(world.opened) == 1
    assert world.frames[1][0].release_id == world.release.release_id


def test_a_release_with_another_camera_opens_it_between_parts(world: World) -> None:
    world.pass_part(1)
    world.release = release_with(CameraConfig(kind="replay", folder="x"))
    world.pass_part(2)
    assert len(world.opened) == 2
    assert world.opened[0].closed
    assert len(world.frames) == 2


def test_a_release_that_goes_away_closes_the_camera(world: World) -> None:
    world.worker.step()
    assert world.camera.trouble() == ""
    world.release = None
    world.worker.step()
    assert world.opened[0].closed
    assert world.camera.trouble() == "no release"


def test_a_camera_that_does_not_open_is_tried_again_but_not_at_every_part(world: World) -> None:
    world.open_fails = "there is no folder x"
    for seq in range(5):
        world.pass_part(seq)
    assert world.tries == 1
    assert world.camera.trouble() == "there is no folder x"
    assert {verdict.detail for verdict in world.verdicts} == {"there is no folder x"}
    world.open_fails = ""
    world.clock.advance_ms(1000)
    world.pass_part(6)
    assert len(world.frames) == 1
