"""What runs inside Triton: the classes that the model repository's `model.py` files name."""
