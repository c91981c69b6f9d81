"""The training loop: losses, optimiser, checkpoints, progress, and files of networks."""
