"""From a checkpoint to a line: export, fine-tuning on own parts, the model card."""
