"""The training loop: recipe, losses, optimiser, checkpoints, progress."""
