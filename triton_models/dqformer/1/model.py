"""Triton's entry point of the network: the class that it looks for in this file."""

from inference.serving.network_model import NetworkModel as TritonPythonModel

__all__ = ["TritonPythonModel"]
