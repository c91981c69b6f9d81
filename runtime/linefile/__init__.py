"""Reads a line file and says where it is wrong."""
