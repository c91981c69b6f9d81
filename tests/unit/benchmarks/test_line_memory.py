"""Slopes of memory over parts, from made-up looks."""

from __future__ import annotations

import json

import pytest

from benchmarks.line.memory import as_json, slopes, while_parts_came
from tests.unit.benchmarks.bench_run import looks, watched


def test_what_grows_is_told_from_what_does_not() -> None:
    found = slopes(looks(100, triton_mb_per_part=0.002))
    assert found["triton"].mb == pytest.approx(20, abs=1)
    assert found["triton"].low > 15
    assert found["bridge"].low < 0 < found["bridge"].high
    assert found["servers and stages"].mb == pytest.approx(20, abs=1)
    assert found["ingest"].mb == pytest.approx(200)
    assert found["redis-frames, used_memory"] == (0, 0, 0)


def test_redis_is_told_apart() -> None:
    keeping = [
        one._replace(pss_mb=dict(one.pss_mb) | {"redis-frames": 8 + one.parts / 100})
        for one in looks(100, triton_mb_per_part=0)
    ]
    found = slopes(keeping)
    assert found["servers and stages"].mb == pytest.approx(100, abs=1)
    assert found["all of these but Redis"].low < 0 < found["all of these but Redis"].high


def test_the_warm_up_is_no_slope() -> None:
    samples = looks(100, triton_mb_per_part=0)
    for index in range(15):  # caches fill
        samples[index] = samples[index]._replace(
            pss_mb=dict(samples[index].pss_mb) | {"triton": 300.0 + 20 * index}
        )
    assert abs(slopes(samples)["triton"].mb) < 1


def test_parts_count_from_the_first_look_to_the_last_part() -> None:
    seen = [one._replace(parts=one.parts + 7) for one in looks(4, 0.0)]
    seen += [seen[-1], seen[-1]]  # the ledger is closed, nothing comes any more
    assert [one.parts for one in while_parts_came(seen)] == [0, 50, 100, 150]


def test_a_few_looks_are_no_slope() -> None:
    assert slopes(looks(9, 0.01)) == {}
    assert slopes([]) == {}


def test_the_report_keeps_the_looks() -> None:
    told = json.loads(json.dumps(as_json(watched(looks(40, 0.001)))))
    assert told["parts"] == 39 * 50
    assert set(told["mb_per_10000_parts"]["triton"]) == {"mb", "low", "high"}
    assert told["redis"]["redis-frames"]["streams"] == {"frames:s1": 3}
    assert len(told["samples"]["parts"]) == len(told["samples"]["mb"]["triton"]) == 40
