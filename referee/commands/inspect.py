"""`referee inspect`: inspect single pictures, without a line."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer
from rich.console import Console
from rich.progress import track

from contracts.camera import CameraConfig
from contracts.errors import BadImage, ModelRejected, UserError
from contracts.prompt import UNIVERSAL_PROMPT
from contracts.release import Prompt, StationConfig
from contracts.verdict import decision
from inference.findings import find
from inference.imaging import decode_image
from inference.model_name import ModelName
from inference.overlay import draw_findings
from inference.triton import TritonModel
from referee.line.servers.serving import serving_triton

TIMEOUT_S = 30.0


def register(app: typer.Typer) -> None:
    app.command("inspect")(inspect)


def inspect(
    images: Annotated[list[Path], typer.Argument(help="Picture files.", metavar="IMAGE...")],
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt",
            help=f'What to look for, in words; may be repeated. Default: "{UNIVERSAL_PROMPT}".',
        ),
    ] = None,
    smallest_area: Annotated[
        float, typer.Option(min=0, help="Ignore findings smaller than this area (px2).")
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for pictures with the findings drawn in.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
    triton: Annotated[
        str | None, typer.Option(help="host:port of a running Triton (gRPC). Default: start one.")
    ] = None,
) -> None:
    """Inspect pictures for what the words describe. Exits with 1 if a picture is not readable."""
    missing = [str(image) for image in images if not image.is_file()]
    if missing:
        raise UserError(f"no such file: {', '.join(missing)}")
    words = dict.fromkeys(prompt or [UNIVERSAL_PROMPT])
    station = StationConfig(
        camera=CameraConfig(kind="replay"),
        prompts=tuple(Prompt(words=each, smallest_area=smallest_area) for each in words),
    )
    answers = _inspect_all(images, station, out, triton)
    _print(answers, as_json)
    raise typer.Exit(1 if any("error" in answer for answer in answers) else 0)


def _inspect_all(
    images: list[Path], station: StationConfig, out: Path | None, triton: str | None
) -> list[dict[str, Any]]:
    console = Console(stderr=True)
    with ExitStack() as stack:
        with console.status("starting Triton"):
            url = triton or stack.enter_context(serving_triton())
        model = stack.enter_context(TritonModel(url, ModelName.from_environment()))
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        quiet = len(images) < 5
        each = track(images, "inspecting", console=console, disable=quiet, transient=True)
        return [_answer(image, station, model, out) for image in each]


def _answer(
    image: Path, station: StationConfig, model: TritonModel, out: Path | None
) -> dict[str, Any]:
    encoded = image.read_bytes()
    try:
        seen = model.infer(encoded, [prompt.words for prompt in station.prompts], TIMEOUT_S)
        found = find(seen, station)
    except (BadImage, ModelRejected) as error:
        return {"image": str(image), "decision": "no_verdict", "error": str(error)}
    decided = decision(found.reasons)
    answer = {
        "image": str(image),
        "decision": str(decided),
        "reasons": [reason.model_dump(mode="json") for reason in found.reasons],
        "findings": [finding.model_dump(mode="json") for finding in found.findings],
        "scores": [score.model_dump(mode="json") for score in found.scores],
        "model_version": seen.model_version,
    }
    if out is not None:
        drawn = draw_findings(decode_image(encoded), found.findings)
        overlay = out / f"{image.stem}-{decided}.png"
        cv2.imwrite(str(overlay), cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
        answer["overlay"] = str(overlay)
    return answer


def _print(answers: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"images": answers}))
        return
    console = Console()
    for answer in answers:
        told = answer.get("error") or ", ".join(
            f"{finding['prompt']} {finding['area_px2']:g} px2" for finding in answer["findings"]
        )
        console.print(
            f"[bold]{answer['decision']:<10}[/] {answer['image']}  {told}", soft_wrap=True
        )
        if "overlay" in answer:
            console.print(f"{'':<10} {answer['overlay']}", soft_wrap=True)
