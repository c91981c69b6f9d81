"""`referee part`: everything that is stored about one part, from trigger to gate."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from contracts.errors import UserError
from contracts.messages import Reason
from contracts.prompt import Prompt
from referee.account.stored import reading_stored
from referee.commands.command import add
from referee.commands.options import JsonOption, RunDirOption, newest_run_folder
from runtime.process.console import Console, Table, print_json
from runtime.process.run_folder import RunFolder
from storage.queries import PartStory, VerdictView, part_story


def register(app: typer.Typer) -> None:
    add(
        app,
        part,
        "referee part plate/1763829000000/17",
        "referee part 4711 --run-dir .run/plant.line",
    )


def part(
    identity: Annotated[
        str, typer.Argument(help="station/epoch/sequence, a verdict id, or the PLC part id.")
    ],
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything known about a part: picture, findings, deciding rule, gate, times."""
    folder = newest_run_folder(run_dir)
    with reading_stored(folder) as session:
        stories = part_story(session, identity)
    if not stories:
        raise UserError(f"part {identity} is not in the database of {folder.path}")
    if as_json:
        print_json({"parts": [_as_json(story, folder) for story in stories]})
        return
    console = Console()
    for story in stories:
        console.print(_table(story, folder))


def _as_json(story: PartStory, folder: RunFolder) -> dict[str, Any]:
    file = str(folder.archive / story.picture.path) if story.picture else None
    return TypeAdapter(PartStory).dump_python(story, mode="json") | {"picture_file": file}


def _table(story: PartStory, folder: RunFolder) -> Table:
    table = Table(title=f"part {story.part}", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column()
    rows = [*_trigger(story), *_picture(story, folder), *_verdict(story), *_bridge(story)]
    for name, value in rows:
        table.add_row(name, value)
    return table


Rows = list[tuple[str, str]]


def _trigger(story: PartStory) -> Rows:
    known = story.disposition or story.verdict
    rows = [("PLC's part id", str(story.part_id))]
    return rows + ([("triggered", _clock(known.started_at_utc_ns))] if known else [])


def _picture(story: PartStory, folder: RunFolder) -> Rows:
    if story.picture is None:
        return [("picture", "not archived")]
    where = str(folder.archive / story.picture.path)
    gone = " (deleted to make room)" if story.picture.evicted_at_utc_ns else ""
    return [("picture", where + gone), ("taken from", story.picture.source)]


def _verdict(story: PartStory) -> Rows:
    verdict = story.verdict
    if verdict is None:
        return [("verdict", "not stored")]
    because = f": {verdict.cause} {verdict.detail}".rstrip() if verdict.cause else ""
    rows = [
        ("verdict", f"{verdict.decision}{because}"),
        ("release, model", f"{verdict.release_id or 'none'}, {verdict.model_version or 'none'}"),
    ]
    prompts = _prompts(story)
    rows += [("decided by", _rule(reason, prompts, verdict)) for reason in verdict.reasons]
    rows += [
        (
            "finding",
            f"{f.prompt}: {f.area:g} {verdict.area_unit} at {f.box_xyxy_px} px, presence logit "
            f"{f.presence_logit:.2f}, margin {f.margin_mean:.2f} (peak {f.margin_peak:.2f})"
            + ("" if f.counted else ", does not count (a filter of its prompt)"),
        )
        for f in verdict.findings
    ]
    return rows + [
        (
            "score",
            f"{s.prompt}: presence logit {s.presence_logit:.2f}, margin peak {s.margin_peak:.2f}",
        )
        for s in verdict.scores
    ]


def _prompts(story: PartStory) -> dict[str, Prompt]:
    """Return the prompts that the part was inspected with, by name.

    Left out are those with a rule that is not installed here: its name is printed instead.
    """
    found = {}
    for written in (story.release_config or {}).get("prompts", ()):
        with suppress(ValidationError):
            prompt = Prompt.model_validate(written)
            found[prompt.name] = prompt
    return found


def _rule(reason: Reason, prompts: Mapping[str, Prompt], verdict: VerdictView) -> str:
    """Return the rule that was broken, in its own words, and what was measured."""
    prompt = prompts.get(reason.prompt)
    limit = prompt.limits.get(reason.rule) if prompt else None
    rule = limit.in_words(verdict.area_unit.removesuffix("2")) if limit else reason.rule
    measured = f"{reason.measured:g} {reason.unit} measured, {reason.limit:g} allowed"
    return f"{reason.prompt}: {rule} ({measured})"


def _bridge(story: PartStory) -> Rows:
    disposition = story.disposition
    if disposition is None:
        return [("presented", "no disposition is stored")]
    because = f" ({disposition.cause})" if disposition.cause else ""
    challenge = ", challenge part" if disposition.challenge else ""
    said = f"{disposition.decision}{because}, mode {disposition.mode}{challenge}"
    rows = [("disposition", said)]
    if disposition.late_verdict_id:
        unused = f"{disposition.late_decision}: too late, or made with an old release"
        rows.append(("verdict not used", unused))
    rows += [
        ("presented", _clock(disposition.presented_at_utc_ns)),
        ("acknowledged", _clock(disposition.acknowledged_at_utc_ns)),
        ("gate", str(disposition.gate)),
    ]
    return rows + _times(story)


def _times(story: PartStory) -> Rows:
    if story.times is None:
        return []
    named = {
        "trigger to capture": story.times.start_to_capture_ms,
        "capture to decision": story.times.capture_to_decision_ms,
        "capture to PLC": story.times.capture_to_plc_ms,
        "bridge: verdict received to PLC": story.times.verdict_to_plc_ms,
        "PLC to acknowledge": story.times.plc_to_acknowledge_ms,
        **{f"  {step}": ms for step, ms in story.times.timings_ms.items()},
    }
    return [(name, f"{ms:.1f} ms") for name, ms in named.items() if ms is not None]


def _clock(utc_ns: int | None) -> str:
    if utc_ns is None:
        return "never"
    return datetime.fromtimestamp(utc_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
