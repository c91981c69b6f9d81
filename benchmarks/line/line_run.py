"""The whole benchmark of the line: the network alone, then the line, scenario by scenario.

The bare network is measured before and after the line: a shared machine changes its speed within
minutes, and a ratio of two different moments would measure that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.line import plain
from benchmarks.line.bare import bare_network, through_triton
from benchmarks.line.memory import MemoryRun
from benchmarks.line.memory_watch import MemoryWatch
from benchmarks.line.pictures import write_pictures
from benchmarks.line.report import Measured
from benchmarks.line.scenario import MEMORY, MOST_STATIONS, Scenario, line_of, plan
from benchmarks.line.spread import Spread
from benchmarks.line.stretch import Stretch, measure
from inference.text_encoder import TextEncoder
from referee.line.claim import claimed
from referee.line.endpoints import choose
from referee.line.running_line import RunningLine, started_line
from referee.line.servers.served_network import ServedNetwork, served_network
from referee.line.servers.serving import serving_triton
from referee.line.start import Start
from referee.project import text_encoder_folder
from runtime.process.console import Console
from runtime.process.run_folder import RunFolder

PROMPTS = (1, 4, 16)
MEMORY_PX, MEMORY_STATIONS, MEMORY_LOAD = 256, 4, 0.5
MOST_A_SECOND = 12.0
"""Parts at a station whose PLC looks every 25 ms and acknowledges each result before the next."""
LOOKS = 150
LEAST_BETWEEN_S, MOST_BETWEEN_S = 0.5, 5.0


class Extent(NamedTuple):
    """How much to measure.

    Attributes:
        parts: of each scenario.
        sides_px: sides of the square pictures; ratios are taken at the first.
        stations, prompts: the largest numbers to try.
        memory_parts: parts during which memory is watched, after all scenarios; 0: none.
    """

    parts: int
    sides_px: tuple[int, ...]
    stations: int
    prompts: int
    quick: bool
    memory_parts: int = 0

    @property
    def times_alone(self) -> int:
        """Runs of the network without a line, each time."""
        return max(20, self.parts // 4)

    @property
    def all_sides_px(self) -> set[int]:
        """With that of the pictures whose memory is watched."""
        return {*self.sides_px, *([MEMORY_PX] if self.memory_parts else [])}


def measured_line(
    extent: Extent, folder: Path, console: Console, about: Mapping[str, Any]
) -> Measured:
    """Run everything.

    Raises:
        UserError: something that it needs is not installed.
        Unavailable, ModelUnavailable: a server or stage does not come up, or died meanwhile.
    """
    encoded = {side: write_pictures(folder / str(side), side) for side in extent.all_sides_px}
    encoder = TextEncoder(text_encoder_folder())
    served = served_network()
    alone = _alone(extent, served, encoded, encoder, console)
    compared, others = plan(extent.parts, extent.sides_px, extent.stations, extent.prompts)
    with _line_up(extent, folder, "compared", console) as up:
        stretches = _stretches(compared, folder, alone.network, up, console)
    pictures = encoded[extent.sides_px[0]]
    with console.status("the bare network again"):
        again = bare_network(served, pictures, encoder, 1, extent.times_alone)
    memory: MemoryRun | None = None
    with _line_up(extent, folder, "others", console) as up:
        stretches |= _stretches(others, folder, alone.network, up, console)
        if alone.small is not None:
            stretches[MEMORY], memory = _memory(extent, folder, alone.small, up, console)
    with console.status("what users would otherwise write"):
        loop, paper = _plain(extent, pictures, encoder, served.threads)
    shown = {
        **about,
        "network": served.digest,
        "threads": served.threads,
        "parts a scenario": extent.parts,
        "bare network before and after, p50 ms": (
            f"{Spread.of(alone.network[1]).p50:.1f}, {Spread.of(again).p50:.1f}"
        ),
    }
    network = {count: Spread.of(taken_ms) for count, taken_ms in alone.network.items()}
    network[1] = Spread.of([*alone.network[1], *again])
    return Measured(network, alone.triton, stretches, loop, paper, shown, memory)


class _Alone(NamedTuple):
    """Before there is a line: by number of prompts, and with the small pictures."""

    network: dict[int, list[float]]
    triton: dict[int, Spread]
    small: list[float] | None


def _alone(
    extent: Extent,
    served: ServedNetwork,
    encoded: Mapping[int, list[bytes]],
    encoder: TextEncoder,
    console: Console,
) -> _Alone:
    pictures, times = encoded[extent.sides_px[0]], extent.times_alone
    counts = [count for count in PROMPTS if count <= extent.prompts]
    with console.status("the bare network"):
        network = {n: bare_network(served, pictures, encoder, n, times) for n in counts}
        small = None
        if extent.memory_parts:
            small = bare_network(served, encoded[MEMORY_PX], encoder, 1, times)
    with console.status("through Triton"), serving_triton(served.repository) as url:
        triton = {n: Spread.of(through_triton(url, pictures, n, times)) for n in counts}
    return _Alone(network, triton, small)


@contextmanager
def _line_up(extent: Extent, folder: Path, run: str, console: Console) -> Iterator[RunningLine]:
    """``run`` names its folder."""
    whole = line_of(min(extent.stations, MOST_STATIONS), 1, folder / str(extent.sides_px[0]), 1.0)
    with (
        console.status("starting the line") as status,
        claimed(RunFolder(folder / run), whole.site, whole.line) as claim,
        started_line(
            Start.here(whole),
            choose(whole, outward=False),
            claim,
            on_wait=lambda why: status.update(why),
        ) as up,
    ):
        status.stop()
        yield up


def _stretches(
    scenarios: Sequence[Scenario],
    folder: Path,
    networks: Mapping[int, Sequence[float]],
    up: RunningLine,
    console: Console,
) -> dict[str, Stretch]:
    """``networks``: the bare network's milliseconds by number of prompts."""
    return {
        one.name: _stretch(one, folder, Spread.of(networks[one.prompts]).a_second, up, console)
        for one in scenarios
    }


def _stretch(
    scenario: Scenario, folder: Path, network_a_second: float, up: RunningLine, console: Console
) -> Stretch:
    console.print(f"{scenario.name}: {scenario.parts} parts")
    rate = scenario.load * network_a_second
    pictures = folder / str(scenario.side_px)
    line = line_of(scenario.stations, scenario.prompts, pictures, rate, scenario.cycle_ms)
    return measure(line, scenario, up, console)


def _memory(
    extent: Extent, folder: Path, small: Sequence[float], up: RunningLine, console: Console
) -> tuple[Stretch, MemoryRun]:
    """``small``: the bare network's milliseconds with pictures as small as these."""
    stations, a_second = min(MEMORY_STATIONS, extent.stations), Spread.of(small).a_second
    rate = min(MEMORY_LOAD * a_second, stations * MOST_A_SECOND)
    load = rate / a_second
    scenario = Scenario(MEMORY, load, extent.memory_parts, MEMORY_PX, stations)
    every_s = min(MOST_BETWEEN_S, max(LEAST_BETWEEN_S, scenario.parts / rate / LOOKS))
    with MemoryWatch(up, every_s) as watch:
        stretch = _stretch(scenario, folder, a_second, up, console)
    return stretch, watch.found()


def _plain(
    extent: Extent, pictures: list[bytes], encoder: TextEncoder, threads: int
) -> tuple[Spread | None, Spread | None]:
    times = 20 if extent.quick else 100
    try:
        loop = plain.torch_loop(pictures, encoder, threads, times)
        return loop, plain.paper_configuration(threads, 1 if extent.quick else 3)
    except ImportError:
        return None, None
