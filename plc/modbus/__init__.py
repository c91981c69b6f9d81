"""The registers over Modbus TCP."""
