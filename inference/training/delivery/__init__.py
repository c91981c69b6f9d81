"""From a checkpoint to a running line: export, fine-tuning on own parts, the model card."""
