"""Verdict to SQL, pictures to archive."""
