"""config.pbtxt of each model agrees with the code on both sides of it."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from inference import tensors
from inference.model_name import DEFAULT_MODEL
from inference.text_encoder import MAX_TOKENS, STATE_WIDTH
from inference.triton import WANTED
from referee.project import MODELS


def config_of(model: str) -> model_config_pb2.ModelConfig:
    return text_format.Parse(
        (MODELS / model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig()
    )


def shapes(puts: list) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {
        put.name: (model_config_pb2.DataType.Name(put.data_type), tuple(put.dims)) for put in puts
    }


@pytest.mark.parametrize("model", [DEFAULT_MODEL, tensors.PROMPT_ENCODER])
def test_every_model_of_the_repository_is_named_as_its_folder(model: str) -> None:
    config = config_of(model)
    assert (config.name, config.backend) == (model, "python")
    folders = {path.parent.name for path in MODELS.glob("*/config.pbtxt")}
    assert folders == {DEFAULT_MODEL, tensors.PROMPT_ENCODER}


def test_prompt_encoder() -> None:
    config = config_of(tensors.PROMPT_ENCODER)
    assert shapes(config.input) == {tensors.PROMPTS: ("TYPE_UINT8", (-1,))}
    assert shapes(config.output) == {
        tensors.STATES: ("TYPE_FP32", (-1, MAX_TOKENS, STATE_WIDTH)),
        tensors.TOKEN_MASK: ("TYPE_UINT8", (-1, MAX_TOKENS)),
        tensors.VERSION: ("TYPE_UINT8", (-1,)),
    }


def test_network() -> None:
    config = config_of(DEFAULT_MODEL)
    assert shapes(config.input) == {
        tensors.IMAGE: ("TYPE_UINT8", (-1,)),
        tensors.PROMPTS: ("TYPE_UINT8", (-1,)),
    }
    assert shapes(config.output) == {
        tensors.PRESENCE: ("TYPE_FP32", (-1,)),
        tensors.MARGIN: ("TYPE_FP32", (-1, -1, -1)),
        tensors.SENSOR_SIZE: ("TYPE_INT32", (2,)),
        tensors.NETWORK_SIZE: ("TYPE_INT32", (2,)),
        tensors.CONTENT_SIZE: ("TYPE_INT32", (2,)),
        tensors.MODEL_VERSION: ("TYPE_UINT8", (-1,)),
        tensors.TIMINGS: ("TYPE_FP32", (len(tensors.STEPS),)),
    }
    assert set(shapes(config.output)) == set(WANTED)


def test_stations_share_batches_and_a_lone_part_never_waits() -> None:
    config = config_of(DEFAULT_MODEL)
    assert config.max_batch_size > 1
    assert all(put.allow_ragged_batch for put in config.input)
    assert config.HasField("dynamic_batching")
    assert config.dynamic_batching.max_queue_delay_microseconds == 0


def test_parameters() -> None:
    given = {name: one.string_value for name, one in config_of(DEFAULT_MODEL).parameters.items()}
    assert given == {
        "threads": "2",
        "providers": "CUDAExecutionProvider,CPUExecutionProvider",
        "prompts_cached": "512",
    }
