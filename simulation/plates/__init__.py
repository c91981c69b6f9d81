"""Rendered metal plates, with and without defects, and the camera that shows them."""
