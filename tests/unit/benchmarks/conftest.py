"""The model tests' tiny network, line and text encoder serve here too."""

from tests.unit.training.conftest import encoder_folder, one_thread, tiny_line

__all__ = ["encoder_folder", "one_thread", "tiny_line"]
