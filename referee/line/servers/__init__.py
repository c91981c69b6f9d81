"""Command lines of the servers that a line needs: Redis twice, Mosquitto, Triton."""
