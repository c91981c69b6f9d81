"""Timing diagrams of docs/plc.md, drawn from what the bridge and the simulated PLC really do."""
