"""SQL to people."""
