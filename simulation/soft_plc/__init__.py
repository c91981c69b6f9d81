"""A simulated PLC: belt, shift register, gate, sensor. It knows the bridge by Modbus TCP only."""
