"""Cached reads of `storage.queries`: the only way from the database to a page."""
