"""Releases with who puts them in force, and why."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable

from contracts.causes import Mode
from contracts.errors import UserError
from contracts.release import Activation, Release
from referee.line.word_check import refuse, unconfirmed, warned_prompts


def signed(releases: Iterable[Release], who: str, why: str) -> list[Activation]:
    """Return the releases as they are published.

    Raises:
        UserError: a station is in mode bypass and no reason is given; or it is in mode guard, and
            a prompt that the network may not understand is not confirmed.
    """
    releases = list(releases)
    refuse([each for one in releases for each in unconfirmed(one, warned_prompts(one))])
    return [_signed(release, who, why) for release in releases]


def this_user() -> str:
    """Return the login name of the user; the user id if it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user that is in no passwd file
        return f"uid {os.getuid()}"


def _signed(release: Release, who: str, why: str) -> Activation:
    if release.config.mode is Mode.BYPASS and not (who.strip() and why.strip()):
        raise UserError(
            f"station {release.station}: mode bypass lets every part through: "
            "give the reason with --why TEXT"
        )
    return Activation.by(who, why, release)
