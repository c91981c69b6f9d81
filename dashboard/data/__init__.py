"""Cached queries of `storage.queries`: the only way from the database to a page."""
