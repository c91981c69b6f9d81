"""The stations of a line as its processes follow them, on the retained topic ``stations``."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field

from contracts.fieldbus import MODBUS
from contracts.identity import Message, Slug


class RosterStation(Message):
    """What the processes must know of a station and its release does not carry."""

    protocol: Annotated[str, Field(title="Fieldbus of its PLC")] = MODBUS
    peers: Annotated[
        tuple[str, ...], Field(title="The only addresses that may write; any if there is none")
    ] = ()


class Roster(Message):
    """All stations of a line. A station that is not in it is served by no process."""

    schema_version: Literal[1] = 1
    stations: Annotated[dict[Slug, RosterStation], Field(min_length=1)]

    @property
    def roster_id(self) -> str:
        """First 12 hex digits of the SHA-256 of its canonical JSON, without what is a default.

        So the same stations have the same name everywhere, and a later field changes no name.
        """
        canonical = json.dumps(self.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]
