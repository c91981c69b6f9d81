"""Referring data sets: expressions for labelled pictures, and what is in such a set."""
