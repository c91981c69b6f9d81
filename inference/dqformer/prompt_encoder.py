"""Prompts to token states in torch: the paper configuration's BERT, which may learn with the rest.

A prompt is encoded once, however many images it is asked of, so this stays outside ``DQFormer``:
its token states are that model's ``tokens``.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from contracts.errors import UserError
from inference.dqformer.config import TextConfig
from inference.dqformer.weights import REMEDY, pretrained_model, pretrained_settings

MAX_TOKENS = 32

log = logging.getLogger(__name__)


class PromptIds(NamedTuple):
    """Attributes:
    ids: (N, L) int64, numbers of the word pieces, L <= 32 being the longest prompt's.
    mask: (N, L) bool, True where there is one.
    """

    ids: Tensor
    mask: Tensor


class PromptTokenizer:
    """Texts to word pieces, by the vocabulary of a hub name or folder.

    Raises:
        UserError: no vocabulary there.
    """

    def __init__(self, name: str) -> None:
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError) as error:
            raise UserError(f"text encoder: no vocabulary in {name!r}; {REMEDY}") from error

    def __call__(self, texts: list[str]) -> PromptIds:
        """A text of more than 32 pieces is cut, with a warning; ValueError for a blank one."""
        if any(not text.strip() for text in texts):
            raise ValueError("a prompt is empty: write what a defect looks like")
        for text in texts:
            if len(self._tokenizer(text).input_ids) > MAX_TOKENS:
                log.warning("prompt cut to %d tokens: %r", MAX_TOKENS, text)
        taken = self._tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        return PromptIds(taken.input_ids, taken.attention_mask.bool())


class PromptEncoder(nn.Module):
    """Word pieces to token states."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.frozen = config.frozen
        self.body = _build(config)
        self.width: int = self.body.config.hidden_size
        self.requires_grad_(not config.frozen)
        self.train()

    def train(self, mode: bool = True) -> PromptEncoder:
        """A frozen encoder never drops anything out."""
        return super().train(mode and not self.frozen)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(..., L) ids and bool mask -> (..., L, width), zeros where padded."""
        states = self.body(
            input_ids=ids.flatten(0, -2), attention_mask=mask.flatten(0, -2).long()
        ).last_hidden_state
        shown = states * mask.flatten(0, -2).unsqueeze(-1)
        return torch.reshape(shown, (*ids.shape, self.width))


def _build(config: TextConfig) -> Any:  # transformers' models are not typed
    # The pooler is a head on the first token; token states do not pass it.
    if config.pretrained:
        what, name = "text encoder", config.pretrained
        settings = pretrained_settings(what, name, config.model_type, config.options)
        return pretrained_model(what, name, AutoModel, settings, add_pooling_layer=False)
    settings = AutoConfig.for_model(config.model_type, **config.options)
    return AutoModel.from_config(settings, add_pooling_layer=False)
