"""The front door: the `referee` command, which starts the whole line on one machine."""
