"""`referee inspect`: inspect single pictures, without a line."""

from __future__ import annotations

import os
import stat
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from pydantic import ValidationError

from contracts.camera import CameraConfig
from contracts.errors import BadImage, ModelRejected, UserError
from contracts.parsing import first_problem
from contracts.prompt import UNIVERSAL_PROMPT
from contracts.release import Prompt, Release, StationConfig
from contracts.verdict import decision
from inference.findings import find
from inference.imaging import decode_image
from inference.model_name import ModelName
from inference.overlay import draw_findings
from inference.triton import TritonModel
from referee.commands.command import add
from referee.commands.options import host_and_port
from referee.commands.words import print_word_warnings
from referee.line.servers.serving import serving_triton
from referee.line.word_check import as_said, warned_prompts
from runtime.process.console import Console, print_json, progress, styled
from runtime.process.files import made_folder, read_bytes, reading, writing

TIMEOUT_S = 30.0


def register(app: typer.Typer) -> None:
    add(
        app,
        inspect,
        'referee inspect photo.png --prompt "a dark crack" --out found',
        "referee inspect a.png b.png --json",
    )


def inspect(
    images: Annotated[list[Path], typer.Argument(help="Picture files.", metavar="IMAGE")],
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
    images = _checked(images)
    address = host_and_port("--triton", triton)
    words = dict.fromkeys(prompt or [UNIVERSAL_PROMPT])
    station = _station(tuple(words), smallest_area)
    warned = _warned_words(station)
    if out is not None:
        made_folder(out)
    answers = _inspect_all(images, station, out, address)
    _print(answers, warned, as_json)
    raise typer.Exit(1 if any("error" in answer for answer in answers) else 0)


def _station(words: tuple[str, ...], smallest_area: float) -> StationConfig:
    try:
        prompts = tuple(Prompt(words=each, smallest_area=smallest_area) for each in words)
        return StationConfig(camera=CameraConfig(kind="replay"), prompts=prompts)
    except ValidationError as error:
        raise UserError(first_problem(error, "--prompt or --smallest-area")) from error


def _warned_words(station: StationConfig) -> dict[str, list[str]]:
    """Print what the network may not understand, before it is asked; return it by prompt."""
    warned = warned_prompts(Release.of("inspect", station))
    said = as_said(warned)
    lines = [f'"{words}": {text}.' for words, texts in said.items() for text in texts]
    print_word_warnings(lines, Console(stderr=True))
    return said


def _inspect_all(
    images: list[Path], station: StationConfig, out: Path | None, triton: str | None
) -> list[dict[str, Any]]:
    console = Console(stderr=True)
    with ExitStack() as stack:
        with console.status("starting Triton"):
            url = triton or stack.enter_context(serving_triton())
        model = stack.enter_context(TritonModel(url, ModelName.from_environment()))
        overlays = _overlay_names(images)
        answers = []
        with progress(len(images), "inspecting") as advance:
            for image in images:
                overlay = out / overlays[image] if out is not None else None
                answers.append(_answer(image, station, model, overlay))
                advance()
        return answers


def _answer(
    image: Path, station: StationConfig, model: TritonModel, overlay: Path | None
) -> dict[str, Any]:
    encoded = read_bytes(image)
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
    if overlay is not None:
        drawn = draw_findings(decode_image(encoded), found.findings)
        answer["overlay"] = str(_write(overlay.with_name(f"{overlay.name}-{decided}.png"), drawn))
    return answer


def _write(file: Path, picture: NDArray[np.uint8]) -> Path:
    made_folder(file.parent)
    _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    with writing(file):
        file.write_bytes(encoded.tobytes())
    return file


def _checked(images: list[Path]) -> list[Path]:
    """Return each picture once. Raises UserError for what is no file."""
    for image in images:
        with reading(image):
            mode = image.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UserError(f"{image} is a folder; name the pictures in it, such as {image}/*.png")
        if not stat.S_ISREG(mode):
            raise UserError(f"{image} is not a file")
    return list(dict.fromkeys(images))


def _overlay_names(images: list[Path]) -> dict[Path, Path]:
    """Return a different name for each picture's overlay.

    Pictures of several folders keep their folders, below the folder that holds them all. Pictures
    that differ only in their suffix keep it.
    """
    whole = {image: Path(os.path.abspath(image)) for image in images}
    above = os.path.commonpath([path.parent for path in whole.values()])
    stems = Counter(path.with_suffix("") for path in whole.values())

    def name(path: Path) -> Path:
        kept = path if stems[path.with_suffix("")] > 1 else path.with_suffix("")
        return kept.relative_to(above)

    return {image: name(path) for image, path in whole.items()}


def _print(answers: list[dict[str, Any]], warned: dict[str, list[str]], as_json: bool) -> None:
    if as_json:
        print_json({"images": answers, "word_warnings": warned})
        return
    console = Console()
    for answer in answers:
        told = answer.get("error") or ", ".join(
            f"{finding['prompt']} {finding['area_px2']:g} px2" for finding in answer["findings"]
        )
        console.print(
            styled(f"{answer['decision']:<10}", "bold"),
            f"{answer['image']}  {told}",
            soft_wrap=True,
        )
        if "overlay" in answer:
            console.print(f"{'':<10} {answer['overlay']}", soft_wrap=True)
