"""What a network knows of words, and warnings of prompts that it does not understand."""
