"""How well the warnings of words tell prompts that the network understands from others."""
