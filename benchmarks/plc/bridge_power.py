"""The bridge as a thing with a power switch, which is back in a moment.

A bridge that Python starts anew spends its time with imports. This one is forked from a process
that has imported everything: it is the same program, over the same journal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import NoReturn


class BridgePower:
    """Switches one bridge on and off."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = dict(environment)
        self._log = log
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["plc.__main__", "plc.modbus.server"])
        self._bridge = self._new_process()

    def on(self) -> None:
        """Start the bridge."""
        self._bridge = self._new_process()
        self._bridge.start()

    def off(self) -> None:
        """Kill the bridge, as a power cut does."""
        if self._bridge.pid is not None:
            self._bridge.kill()
            self._bridge.join()

    def _new_process(self):  # type: ignore[no-untyped-def]
        return self._context.Process(target=_run, args=(self._environment, str(self._log)))


def _run(environment: Mapping[str, str], log: str) -> NoReturn:
    from plc.__main__ import main

    os.environ.update(environment)
    with open(log, "ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    sys.exit(main())
