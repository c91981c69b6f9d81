"""Verdict to part tracking to reject signal."""
