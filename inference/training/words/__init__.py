"""Captions and referring expressions, and the data sets made of them."""
