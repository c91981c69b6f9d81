"""The bridge's rules: what happens to a part, without a clock, a disk or a wire."""
