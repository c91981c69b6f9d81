"""Triton's entry point of the prompt encoder: the class that it looks for in this file."""

from inference.serving.prompt_encoder_model import PromptEncoderModel as TritonPythonModel

__all__ = ["TritonPythonModel"]
