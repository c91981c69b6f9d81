"""Frame in, findings and verdict out; and the model that makes them."""
