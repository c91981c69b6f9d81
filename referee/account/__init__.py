"""How a run went: its parts held against the ledger, the gate and the labels."""
