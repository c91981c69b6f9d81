"""The registers over OPC UA."""
