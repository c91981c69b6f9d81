"""`python -m inference` on real servers: frames in, verdicts out, whatever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contracts import names
from contracts.causes import Cause, Decision
from contracts.release import Prompt
from runtime.messaging.broker import Broker
from tests.contract.inference.conftest import MakeLine, TritonServer
from tests.contract.inference.line import STATION, Line, until
from tests.contract.inference.pictures import dark, jpeg, png, with_spot
from tests.outside_rules import write_outside_rules
from tests.plugins import installed
from tests.servers import RedisServer, redis_server
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.xdist_group("triton")


def test_frames_in_verdicts_out(line: Line) -> None:
    release = line.apply(scale_mm_per_px=0.5)
    worker = line.start_worker()
    state = line.until_ready()
    assert state.releases == {STATION: release.release_id}
    assert state.model_version.startswith("dqformer-")

    pictures = [
        (png(with_spot()), Decision.REJECT, None),
        (png(dark()), Decision.PASS, None),
        (jpeg(with_spot())[:-300], Decision.NO_VERDICT, Cause.BAD_IMAGE),
        (b"a text file called .jpg", Decision.NO_VERDICT, Cause.BAD_IMAGE),
        (png(dark(1, 1)), Decision.NO_VERDICT, Cause.BAD_IMAGE),
        (jpeg(with_spot()), Decision.REJECT, None),
    ]
    parts = [line.put(seq, image) for seq, (image, _, _) in enumerate(pictures)]
    verdicts = [line.verdict_of(part) for part in parts]
    assert [(v.decision, v.cause) for v in verdicts] == [expected[1:] for expected in pictures]
    line.until_published(set(parts))
    until(lambda: line.pending() == 0, "all frames acknowledged")

    first = verdicts[0]
    (finding,) = first.findings
    assert finding.area_px2 == pytest.approx(1600, rel=0.2)  # the spot, at the grid's precision
    assert finding.area == pytest.approx(finding.area_px2 / 4)
    assert (first.area_unit, first.image_size_px) == ("mm2", (203, 150))
    assert (first.release_id, first.model_version) == (release.release_id, state.model_version)
    assert {"capture", "queue", "decode", "words", "network", "model", "findings", "total"} == set(
        first.timings_ms
    )

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE_S) == 0


def test_a_rule_of_another_package_decides(line: Line, tmp_path: Path) -> None:
    write_outside_rules(tmp_path)
    with installed(tmp_path):
        spot = Prompt(words="any defect", least_area_of_box=0.01, largest_mean_area=1000)
        line.apply(prompts=(spot,))
    line.start_worker(PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    line.until_ready()
    verdict = line.verdict_of(line.put(1, png(with_spot())))
    assert verdict.decision is Decision.REJECT
    assert [(reason.rule, reason.unit) for reason in verdict.reasons] == [
        ("largest_mean_area", "px2")
    ]
    assert line.verdict_of(line.put(2, png(dark()))).decision is Decision.PASS


def test_no_release_is_told_and_no_pass(line: Line) -> None:
    line.start_worker()
    trouble = until(lambda: line.until_ready(ready=False).troubles.get(STATION), "its trouble")
    assert trouble.code == "no_release"
    assert line.verdict_of(line.put(1, png(dark()))).cause is Cause.NO_RELEASE
    line.apply()
    line.until_ready()
    assert line.verdict_of(line.put(2, png(dark()))).decision is Decision.PASS


def test_the_same_frame_again_is_the_same_verdict(line: Line) -> None:
    line.apply()
    line.start_worker()
    line.until_ready()
    for _ in range(2):  # by both of its threads at once
        part = line.put(7, png(with_spot()))
    assert line.verdict_of(part).decision is Decision.REJECT
    for image in (png(dark()), png(with_spot())):
        line.put(7, image)
    line.put(8, png(dark()))
    until(lambda: len(line.verdicts()) == 2, "two verdicts")
    until(lambda: line.pending() == 0, "all frames acknowledged")
    assert {v.part_id: v.decision for v in line.verdicts()} == {
        7: Decision.REJECT,
        8: Decision.PASS,
    }


def test_a_frame_that_takes_long_stays_with_its_worker(line: Line, triton: TritonServer) -> None:
    line.apply()
    for instance in (1, 2):
        line.start_worker(instance)
        line.until_ready(f"inference-{instance}")
    os.kill(triton.pid, signal.SIGSTOP)
    try:
        slow = line.put(1, png(with_spot()))
        until(lambda: line.pending() == 1, "a worker to take the frame")
        time.sleep(1.3)  # more than twice the time after which a dead worker's is taken over
        [held] = line.held()
        assert held["times_delivered"] == 1
    finally:
        os.kill(triton.pid, signal.SIGCONT)
    assert line.verdict_of(slow).decision is Decision.REJECT


def test_a_killed_worker_is_taken_over(line: Line, triton: TritonServer) -> None:
    line.apply()
    first = line.start_worker(1)
    line.until_ready("inference-1")
    os.kill(triton.pid, signal.SIGSTOP)  # so that the worker holds its frames
    try:
        in_time, too_late = line.put(1, png(with_spot())), line.put(2, png(dark()), deadline_ms=600)
        until(lambda: line.pending() == 2, "the worker to take both frames")
        first.kill()
        first.wait(PATIENCE_S)
    finally:
        os.kill(triton.pid, signal.SIGCONT)
    line.start_worker(2)
    assert line.verdict_of(in_time).decision is Decision.REJECT
    late = line.verdict_of(too_late)
    assert late.decision is Decision.NO_VERDICT
    assert late.timings_ms["total"] > 600
    line.until_published({in_time, too_late})
    assert len(line.verdicts()) == 2


def test_a_frame_that_no_worker_survives_is_given_up(line: Line) -> None:
    line.apply()
    part = line.put(1, png(dark()))
    stream, group = names.frames(STATION), names.INFERENCE_GROUP
    line.frames.xgroup_create(stream, group, id="0")
    line.frames.xreadgroup(group, "dead-1", {stream: ">"})
    for consumer in ("dead-2", "dead-3"):
        line.frames.xautoclaim(stream, group, consumer, 0)
    line.start_worker()
    verdict = line.verdict_of(part)
    assert (verdict.cause, "3 times" in verdict.detail) == (Cause.MODEL_ERROR, True)
    until(lambda: line.pending() == 0, "the frame acknowledged")
    letters: Any = line.journal.xrange(names.dead_letters(stream))
    ((_, letter),) = letters
    assert b"3 times" in letter[b"reason"]


def test_what_is_no_frame_is_a_dead_letter(line: Line) -> None:
    line.apply()
    line.start_worker()
    line.until_ready()
    line.frames.xadd(names.frames(STATION), {"header": b"{}", "image": b""})
    assert line.verdict_of(line.put(1, png(dark()))).decision is Decision.PASS
    assert line.journal.xlen(names.dead_letters(names.frames(STATION))) == 1
    until(lambda: line.pending() == 0, "both acknowledged")


def test_each_redis_dies_and_comes_back(
    tmp_path: Path, broker: Broker, triton: TritonServer
) -> None:
    with redis_server("frames") as frames, redis_server("journal") as journal:
        urls = {
            "frames_redis_url": frames.url,
            "journal_redis_url": journal.url,
            "triton_url": triton.url,
        }
        with closing(Line(tmp_path, broker, frames.client(), journal.client(), urls)) as line:
            _kill_each_redis(line, frames, journal)


def _kill_each_redis(line: Line, frames: RedisServer, journal: RedisServer) -> None:
    line.apply()
    worker = line.start_worker()
    line.until_ready()
    journal.kill9()
    part = line.put(1, png(with_spot()))
    until(lambda: line.pending() == 1, "the worker to take the frame")
    until(lambda: "journal_away" in line.conditions(), "the journal to be missed")
    journal.start()
    assert line.verdict_of(part).decision is Decision.REJECT
    until(lambda: line.pending() == 0, "the frame acknowledged")
    frames.kill9()
    until(lambda: "frames_away" in line.conditions(), "the frames to be missed")
    frames.start()
    assert line.verdict_of(line.put(2, png(dark()))).decision is Decision.PASS
    line.until_published({part})
    assert worker.poll() is None


def test_triton_dies_and_comes_back(
    make_line: MakeLine, new_triton: Callable[[], TritonServer]
) -> None:
    triton = new_triton()
    triton.start()
    line = make_line(triton)
    line.apply()
    worker = line.start_worker()
    line.until_ready()
    triton.kill()
    assert "Triton" in line.until_ready(ready=False).reason
    assert line.conditions() == {"triton_away"}
    verdict = line.verdict_of(line.put(1, png(dark()), deadline_ms=400))
    assert verdict.cause is Cause.MODEL_ERROR
    assert verdict.timings_ms["total"] <= 450
    triton.start()
    line.until_ready()
    assert line.verdict_of(line.put(2, png(dark()))).decision is Decision.PASS
    triton.kill_model_process()  # the server lives on without it, and calls itself ready
    assert line.verdict_of(line.put(3, png(dark()))).decision is Decision.PASS
    line.until_ready()
    assert worker.poll() is None
    triton.stop()
