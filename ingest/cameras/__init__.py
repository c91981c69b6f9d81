"""Cameras: one module each, one Protocol between them and the worker."""
