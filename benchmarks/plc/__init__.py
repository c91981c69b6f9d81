"""The real bridge between the simulated PLC and a scripted camera and inference, for long runs."""
