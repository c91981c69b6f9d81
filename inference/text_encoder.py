"""all-MiniLM-L6-v2 in numpy: prompts to token states, for training and serving alike.

A prompt is encoded once and cached, so plain numpy is quick enough, and serving needs no torch.
The equations are those of BERT (Devlin et al. 2018, arXiv 1810.04805): word, position and type
embeddings, then layers of self-attention and a GELU feed-forward, each with a post layer norm.
The encoder is frozen; words never seen in training still land near ones that were.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

MAX_TOKENS = 32
STATE_WIDTH = 384
UNKNOWN = "[UNK]"
"""BERT's token for signs that its vocabulary does not have."""
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

log = logging.getLogger(__name__)


class PromptTokens(NamedTuple):
    """Token states of N prompts.

    Attributes:
        states: (N, 32, 384) float32, zeros where padded.
        mask: (N, 32) bool, True where there is a token.
    """

    states: np.ndarray
    mask: np.ndarray


class Piece(NamedTuple):
    """A piece of a text that the encoder has one state for: a word, or a part of a rare one.

    Attributes:
        word: number of the word in the text that it is part of, from 0.
        start, end: the letters ``text[start:end]`` that it stands for.
        known: False if the encoder has no state for these signs, as for most emoji.
    """

    word: int
    start: int
    end: int
    known: bool


class ReadText(NamedTuple):
    """A text as the encoder reads it.

    Attributes:
        text: as it was given.
        pieces: every piece of the text, also those behind the last that is read.
        states: (n, 384) float32, states of the pieces that are read: the first 30 at most.
        meaning: (384,) float32, the mean of all states, of length 1.
    """

    text: str
    pieces: tuple[Piece, ...]
    states: np.ndarray
    meaning: np.ndarray


class TextEncoder:
    """The frozen text encoder, read from a folder with ``model.safetensors``, ``config.json`` and
    ``tokenizer.json``.

    Raises:
        FileNotFoundError: one of the three files is missing; says which.
    """

    def __init__(self, folder: Path) -> None:
        folder = Path(folder)
        for name in ("model.safetensors", "config.json", "tokenizer.json"):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"text encoder: {folder / name} is missing")
        self.weights_path = folder / "model.safetensors"
        config = json.loads((folder / "config.json").read_text())
        self._layers = config["num_hidden_layers"]
        self._heads = config["num_attention_heads"]
        self._eps = config["layer_norm_eps"]
        self._weights = load_file(self.weights_path)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def sha256(self) -> str:
        """Checksum of the weights file, hexadecimal."""
        return hashlib.sha256(self.weights_path.read_bytes()).hexdigest()

    def encode(self, texts: list[str]) -> PromptTokens:
        """Token states of each text; one that is longer than 32 tokens is cut, with a warning.

        Each text is encoded by itself, so its states do not depend on its neighbours.

        Raises:
            ValueError: a text is empty or blank.
        """
        states = np.zeros((len(texts), MAX_TOKENS, STATE_WIDTH), np.float32)
        mask = np.zeros((len(texts), MAX_TOKENS), bool)
        for index, text in enumerate(texts):
            ids = self._token_ids(text)
            if lost := len(self._tokenizer.encode(text).ids) - len(ids):
                log.warning("prompt cut to %d tokens, %d are lost: %r", MAX_TOKENS, lost, text)
            states[index, : len(ids)] = self._forward(ids)
            mask[index, : len(ids)] = True
        return PromptTokens(states, mask)

    def read(self, text: str) -> ReadText:
        """Return the text's pieces and what they mean; its end is cut as by ``encode``.

        Raises:
            ValueError: the text is empty or blank.
        """
        states = self._forward(self._token_ids(text))
        mean = states.mean(axis=0)
        return ReadText(text, self._pieces(text), states[1:-1], mean / np.linalg.norm(mean))

    def _pieces(self, text: str) -> tuple[Piece, ...]:
        encoding = self._tokenizer.encode(text)
        within = zip(encoding.word_ids, encoding.offsets, encoding.tokens, strict=True)
        return tuple(
            Piece(word, *offsets, token != UNKNOWN)
            for word, offsets, token in within
            if word is not None  # not [CLS] and [SEP], which stand around the text
        )

    def _token_ids(self, text: str) -> np.ndarray:
        if not text.strip():
            raise ValueError("a prompt is empty: write what a defect looks like")
        ids = self._tokenizer.encode(text).ids
        if len(ids) > MAX_TOKENS:
            ids = ids[: MAX_TOKENS - 1] + ids[-1:]  # keep the closing [SEP]
        return np.asarray(ids)

    def _forward(self, ids: np.ndarray) -> np.ndarray:
        """(L,) token ids -> (L, 384)."""
        weights = self._weights
        x = weights["embeddings.word_embeddings.weight"][ids]
        x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
        x = x + weights["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        for number in range(self._layers):
            x = self._layer(x, f"encoder.layer.{number}")
        return x

    def _layer(self, x: np.ndarray, name: str) -> np.ndarray:
        mixed = self._linear(self._attention(x, name), f"{name}.attention.output.dense")
        x = self._norm(x + mixed, f"{name}.attention.output.LayerNorm")
        hidden = gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(
            x + self._linear(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _attention(self, x: np.ndarray, name: str) -> np.ndarray:
        length, width = x.shape
        query, key, value = (
            self._linear(x, f"{name}.attention.self.{part}")
            .reshape(length, self._heads, -1)
            .transpose(1, 0, 2)  # (heads, L, width / heads)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(width // self._heads))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = scores / scores.sum(axis=-1, keepdims=True)
        return (shares @ value).transpose(1, 0, 2).reshape(length, width)

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self._eps))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    """x * Phi(x), Phi being the normal distribution function; float32 in, float32 out."""
    return x * np.float32(0.5) * (1 + _erf(x / np.sqrt(np.float32(2))))


def _erf(x: np.ndarray) -> np.ndarray:
    """Error function to 1.5e-7: Abramowitz and Stegun, formula 7.1.26."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = t * (series + np.float32(factor))
    return np.sign(x) * (1 - series * np.exp(-x * x))
