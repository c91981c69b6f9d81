"""Labelled pictures: read, varied, painted with synthetic defects, made into batches."""
