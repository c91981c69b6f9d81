"""The grammar of prompts: sentences for kinds of defects, and which of them a mask makes true."""
