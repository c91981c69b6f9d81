"""A simulated PLC: belt, shift register, gate, sensor. It speaks Modbus TCP."""
