"""Timing diagrams of docs/plc.md, drawn from a run of the bridge and the simulated PLC."""
