"""What only pretends: a simulated PLC with a belt and a gate. No stage imports it."""
