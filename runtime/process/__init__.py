"""What every process is made of: settings, log, metrics, clock, the loop of its workers."""
