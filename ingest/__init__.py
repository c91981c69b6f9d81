"""Camera to frame to Redis stream."""
