"""Thumbnails of archived pictures, cached: a part's picture never changes."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import streamlit as st

from contracts.errors import BadImage, RefereeError
from dashboard.data.reading import settings
from dashboard.thumbnails import Outline, thumbnail
from storage.queries import PartStory


class NoPicture(RefereeError):
    """There is no picture to show; the text says why."""


def picture_of(story: PartStory) -> str:
    """Return the part's thumbnail as a ``data:`` URL.

    Raises:
        NoPicture: it was never archived, was deleted or is not readable.
    """
    if story.picture is None:
        raise NoPicture("Picture not in the archive")
    if story.picture.evicted_at_utc_ns is not None:
        raise NoPicture("Picture deleted to free space")
    findings = story.verdict.findings if story.verdict else ()
    outlines = tuple(Outline(found.outline_px, found.counted) for found in findings)
    return _drawn(settings().run_folder.archive / story.picture.path, outlines)


@st.cache_data(max_entries=200, show_spinner=False)
def _drawn(path: Path, outlines: tuple[Outline, ...]) -> str:
    try:
        jpeg = thumbnail(path.read_bytes(), outlines)
    except FileNotFoundError as error:
        raise NoPicture("Picture file is missing") from error
    except OSError as error:
        raise NoPicture("Picture file cannot be read") from error
    except BadImage as error:
        raise NoPicture("Picture cannot be decoded") from error
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
