"""A line on one machine: its processes, where they listen, how they are started and watched."""
