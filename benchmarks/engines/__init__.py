"""Engines that could compute the exported network, side by side."""
