"""The whole of a bench: alone first, then the line, one scenario after another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from inference.text_encoder import TextEncoder
from referee.bench import plain
from referee.bench.bare import bare_network, through_triton
from referee.bench.pictures import write_pictures
from referee.bench.report import Measured
from referee.bench.scenario import LINE, MOST_STATIONS, SITE, Scenario, line_of, plan
from referee.bench.served import served_network
from referee.bench.spread import Spread
from referee.bench.stretch import Stretch, measure
from referee.endpoints import choose
from referee.line import RunningLine, started_line
from referee.servers.serving import serving_triton
from referee.servers.triton import TEXT_ENCODER

PROMPTS = (1, 4, 16)


class Extent(NamedTuple):
    """How much is measured.

    Attributes:
        parts: of each scenario.
        sides_px: of the square pictures; ratios are at the first.
        stations, prompts: the most that are tried.
    """

    parts: int
    sides_px: tuple[int, ...]
    stations: int
    prompts: int
    quick: bool


def measured_line(
    extent: Extent, folder: Path, console: Console, about: Mapping[str, Any]
) -> Measured:
    """Run everything.

    Raises:
        BadSettings: something that it needs is not installed.
        LinkDown, ModelUnavailable: a server or stage does not come up, or died meanwhile.
    """
    encoded = {side: write_pictures(folder / str(side), side) for side in extent.sides_px}
    pictures = encoded[extent.sides_px[0]]
    encoder = TextEncoder(Path(os.environ.get("REFEREE_TEXT_ENCODER") or TEXT_ENCODER))
    served, times = served_network(), max(20, extent.parts // 4)
    counts = [count for count in PROMPTS if count <= extent.prompts]
    with console.status("the bare network"):
        network = {n: bare_network(served, pictures, encoder, n, times) for n in counts}
    with console.status("through Triton"), serving_triton(served.repository) as url:
        triton = {n: through_triton(url, pictures, n, times) for n in counts}
    stretches = _stretches(extent, folder, network[1], console)
    with console.status("what users would otherwise write"):
        loop, paper = _plain(extent, pictures, encoder, served.threads)
    shown = {
        **about,
        "network": served.digest,
        "threads": served.threads,
        "parts a scenario": extent.parts,
    }
    return Measured(network, triton, stretches, loop, paper, shown)


def _stretches(
    extent: Extent, folder: Path, network: Spread, console: Console
) -> dict[str, Stretch]:
    stations = min(extent.stations, MOST_STATIONS)
    first = folder / str(extent.sides_px[0])
    whole = line_of(stations, 1, first, 1.0)
    endpoints = choose(SITE, LINE, whole.sockets, dashboard=False)
    scenarios = plan(extent.parts, extent.sides_px, extent.stations, extent.prompts)
    found: dict[str, Stretch] = {}
    with (
        console.status("starting the line") as status,
        started_line(
            whole, endpoints, folder / "run", on_wait=lambda why: status.update(why)
        ) as up,
    ):
        status.stop()
        for scenario in scenarios:
            console.print(f"{scenario.name}: {scenario.parts} parts")
            found[scenario.name] = _stretch(scenario, folder, network, up, console)
    return found


def _stretch(
    scenario: Scenario, folder: Path, network: Spread, up: RunningLine, console: Console
) -> Stretch:
    rate = scenario.load * network.a_second
    pictures = folder / str(scenario.side_px)
    return measure(
        line_of(scenario.stations, scenario.prompts, pictures, rate), scenario, up, console
    )


def _plain(
    extent: Extent, pictures: list[bytes], encoder: TextEncoder, threads: int
) -> tuple[Spread | None, Spread | None]:
    times = 20 if extent.quick else 100
    try:
        loop = plain.torch_loop(pictures, encoder, threads, times)
        return loop, plain.paper_configuration(threads, 1 if extent.quick else 3)
    except ImportError:
        return None, None
