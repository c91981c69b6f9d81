"""Releases with who puts them in force, and why."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable

from contracts.causes import Mode
from contracts.errors import UserError
from contracts.release import Activation, Release
from referee.line.word_check import as_said, refuse, unconfirmed, warned_prompts


def signed(releases: Iterable[Release], who: str, why: str) -> list[Activation]:
    """Return the releases as they are published.

    Raises:
        UserError: a station is in mode bypass and no reason is given; or it is in mode guard, and
            a prompt that the network may not understand is not confirmed.
    """
    warned = [(release, warned_prompts(release)) for release in releases]
    refuse([each for release, found in warned for each in unconfirmed(release, found)])
    return [_signed(release, who, why, as_said(found)) for release, found in warned]


def this_user() -> str:
    """Return the login name of the user; the user id if it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user that is in no passwd file
        return f"uid {os.getuid()}"


def _signed(
    release: Release, who: str, why: str, word_warnings: dict[str, list[str]]
) -> Activation:
    if release.config.mode is Mode.BYPASS and not (who.strip() and why.strip()):
        raise UserError(
            f"station {release.station}: mode bypass lets every part through: "
            "give the reason with --why TEXT"
        )
    return Activation.by(who, why, release, word_warnings)
