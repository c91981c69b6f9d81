"""What a line needs on this machine, looked for before anything is started.

The supervisor would start a process whose package is missing again and again, and the reason would
only be in a log.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator

from contracts.errors import UserError
from contracts.fieldbus import OPC_UA
from referee.line.start import Start
from referee.project import IS_CHECKOUT

SERVERS = ("redis-server", "mosquitto")
"""Programs; Debian's packages have the same names."""
OF_FIELDBUS = {OPC_UA: ("asyncua", "opcua")}


def refuse_missing(start: Start) -> None:
    """Raise UserError if a package or a server of the line is not installed; names all of them."""
    missing = [f"{name} (install Debian's package)" for name in SERVERS if not shutil.which(name)]
    for module, extra in _packages(start):
        if importlib.util.find_spec(module) is None:
            missing.append(f"{module} ({how_to_install(extra)})")
    if missing:
        raise UserError(f"this line cannot be started; not installed: {', '.join(missing)}")


def how_to_install(extra: str) -> str:
    """Return how to install one of Referee's extras."""
    return "run `make setup`" if IS_CHECKOUT else f"run `pip install 'referee[{extra}]'`"


def _packages(start: Start) -> Iterator[tuple[str, str]]:
    """Yield modules and the extras that install them."""
    yield "onnxruntime", "triton"
    if start.dashboard:
        yield from ((module, "dashboard") for module in ("streamlit", "altair", "pandas"))
    if start.soft_plc:
        yield "pymodbus", "simulation"
    for protocol in start.line.fieldbus_ports:
        if protocol in OF_FIELDBUS:
            yield OF_FIELDBUS[protocol]
