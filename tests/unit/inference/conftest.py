"""The text encoder, and one thread for torch, as the tests of training have them."""

from tests.unit.training.conftest import encoder, encoder_folder, one_thread

__all__ = ["encoder", "encoder_folder", "one_thread"]
