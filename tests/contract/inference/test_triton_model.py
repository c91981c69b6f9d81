"""DQFormer behind the real Triton server: right answers, and errors that name the cause."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tritonclient.grpc import InferenceServerClient
from typer.testing import CliRunner

from contracts.errors import BadImage, ModelRejected, ModelUnavailable, RefereeError
from inference.imaging import decode_image, margin_to_sensor, to_network
from inference.model_name import ModelName
from inference.serving.server_watch import GRACE_S
from inference.text_encoder import TextEncoder
from inference.triton import TritonModel
from referee.cli import app
from referee.project import text_encoder_folder
from tests.contract.inference.conftest import MODEL_PROCESSES, TritonServer
from tests.contract.inference.pictures import dark, jpeg, png, with_spot
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.xdist_group("triton")

WORDS = ["any defect", "a scratch on the tile"]
TIMEOUT_S = PATIENCE_S
NETWORKS, LARGEST_BATCH = 2, 4
"""Of dqformer's config.pbtxt: so many requests are with the models, the others wait."""


def test_same_answer_as_the_network_itself(model: TritonModel, tiny_models: Path) -> None:
    encoded = jpeg(with_spot())
    perception = model.infer(encoded, WORDS, TIMEOUT_S)

    network_input = to_network(decode_image(encoded))
    tokens = TextEncoder(text_encoder_folder()).encode(WORDS)
    network = onnxruntime.InferenceSession(str(tiny_models / "dqformer" / "1" / "model.onnx"))
    feeds = {
        "image": network_input.pixels[None],
        "tokens": tokens.states,
        "token_mask": tokens.mask,
    }
    margin, presence = network.run(["margin", "presence"], feeds)
    # Token states may differ in the last bit: matrices are multiplied with other thread counts.
    np.testing.assert_allclose(perception.margin, margin[0], atol=1e-5)
    np.testing.assert_allclose(perception.presence, presence[0], atol=1e-5)
    assert perception.geometry == network_input.geometry
    assert perception.geometry.sensor_hw == (150, 203)
    np.testing.assert_array_equal(
        perception.sensor_margin(1), margin_to_sensor(perception.margin, network_input.geometry)[1]
    )


def test_a_picture_of_fifty_megapixels(model: TritonModel) -> None:
    perception = model.infer(jpeg(with_spot(5000, 9900)), WORDS, 60.0)
    assert perception.geometry.sensor_hw == (5000, 9900)
    with pytest.raises(BadImage, match="too large"):
        model.infer(jpeg(dark(5000, 10_100)), WORDS, 60.0)


def test_same_request_same_bits(model: TritonModel) -> None:
    first, second = (model.infer(png(with_spot()), WORDS, TIMEOUT_S) for _ in range(2))
    np.testing.assert_array_equal(first.margin, second.margin)
    assert first.model_version == second.model_version
    assert first.model_version.startswith("dqformer-")


def test_words_stay_with_their_answers(model: TritonModel) -> None:
    one_way = model.infer(png(with_spot()), WORDS, TIMEOUT_S)
    other_way = model.infer(png(with_spot()), WORDS[::-1], TIMEOUT_S)
    np.testing.assert_array_equal(one_way.presence, other_way.presence[::-1])
    assert one_way.presence[0] != one_way.presence[1]


def test_sixteen_bits_are_the_same_picture(model: TritonModel) -> None:
    picture = with_spot()
    eight = model.infer(png(picture), WORDS, TIMEOUT_S)
    sixteen = model.infer(png(picture.astype(np.uint16) * 257), WORDS, TIMEOUT_S)
    np.testing.assert_array_equal(eight.margin, sixteen.margin)


@pytest.mark.parametrize(
    ("encoded", "told"),
    [
        (jpeg(with_spot())[:-200], "truncated JPEG"),
        (png(with_spot())[:300], "truncated PNG"),
        (png(dark(1, 1)), "too small"),
        (b"a text file that is called .jpg", "neither PNG nor JPEG"),
        (b"", "empty"),
    ],
)
def test_bad_image_is_told_and_the_server_goes_on(
    model: TritonModel, encoded: bytes, told: str
) -> None:
    with pytest.raises(BadImage, match=told):
        model.infer(encoded, WORDS, TIMEOUT_S)
    assert model.infer(png(with_spot()), WORDS, TIMEOUT_S).presence[0] > 0


@pytest.mark.parametrize(
    ("words", "told"),
    [([], "0 prompts"), (["a scratch", "  "], "empty"), (["x"] * 65, "65 prompts")],
)
def test_words_that_are_none_are_rejected(model: TritonModel, words: list[str], told: str) -> None:
    with pytest.raises(ModelRejected, match=told):
        model.infer(png(dark()), words, TIMEOUT_S)


def test_stations_at_once_get_their_own_answers(triton: TritonServer) -> None:
    """Requests that Triton hands over together: equal ones, other sizes, other words, broken."""
    pictures = [png(with_spot()), png(dark()), png(with_spot(180, 300)), b"broken"] * 6
    words = [[WORDS[number // 4 % 2]] for number in range(len(pictures))]
    alone = TritonModel(triton.url)
    expected = [_answer(alone, *request) for request in zip(pictures, words, strict=True)]
    answers: dict[int, object] = {}

    def ask(number: int) -> None:
        model = TritonModel(triton.url)
        answers[number] = _answer(model, pictures[number], words[number])
        model.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(pictures))]
    with triton.frozen():
        for thread in threads:
            thread.start()
        until(lambda: triton.waiting_requests() >= len(pictures) - NETWORKS * LARGEST_BATCH)
    for thread in threads:
        thread.join()
    alone.close()
    assert [answers[number] for number in range(len(pictures))] == expected
    assert largest_batch(triton) > 1


def largest_batch(triton: TritonServer) -> int:
    """Requests that the server handed to the model at once, at most."""
    client = InferenceServerClient(triton.url)
    stats = client.get_inference_statistics("dqformer").model_stats[0]
    client.close()
    return max(batch.batch_size for batch in stats.batch_stats)


def _answer(model: TritonModel, encoded: bytes, words: list[str]) -> object:
    try:
        perception = model.infer(encoded, words, TIMEOUT_S)
    except RefereeError as error:
        return type(error)
    return perception.geometry.sensor_hw, np.round(perception.presence, 3).tolist()


def test_another_model_of_the_repository_inspects(
    new_triton: Callable[..., TritonServer],
    tiny_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = tmp_path / "models"
    shutil.copytree(tiny_models, models)
    (models / "dqformer").rename(models / "mine")
    (models / "mine" / "1").rename(models / "mine" / "7")
    config = models / "mine" / "config.pbtxt"
    config.write_text(config.read_text().replace('name: "dqformer"', 'name: "mine"'))
    server = new_triton(models)
    server.start()
    with TritonModel(server.url, ModelName("mine", "7")) as mine:
        assert mine.is_ready()
        assert mine.infer(png(with_spot()), WORDS, TIMEOUT_S).model_version.startswith("mine-")
    with TritonModel(server.url) as shipped:
        assert not shipped.is_ready()

    (tmp_path / "spot.png").write_bytes(png(with_spot()))
    arguments = ["inspect", str(tmp_path / "spot.png"), "--triton", server.url, "--json"]
    monkeypatch.setenv("REFEREE_MODEL", "mine")
    (answer,) = json.loads(CliRunner().invoke(app, arguments).stdout)["images"]
    assert answer["decision"] == "reject"
    assert answer["model_version"].startswith("mine-")
    server.stop()


def test_no_model_reports_to_anybody(triton: TritonServer) -> None:
    """ONNX Runtime keeps what it is going to report in a database in the user's home."""
    processes = triton.model_processes()
    assert len(processes) == MODEL_PROCESSES
    for pid in processes:
        files = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
        assert not [file for file in files if "onnxruntime.db" in file]


def test_no_model_outlives_its_server(new_triton: Callable[[], TritonServer]) -> None:
    """Killed with answers on their way, which the models would wait to deliver."""
    server = new_triton()
    server.start()
    stop = threading.Event()

    def ask() -> None:
        model = TritonModel(server.url)
        while not stop.is_set():
            _answer(model, png(with_spot()), WORDS)
        model.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()
    give_up = time.monotonic() + 2 * GRACE_S
    while server.model_processes():
        assert time.monotonic() < give_up, server.model_processes()
        time.sleep(0.1)


def test_no_answer_in_time_is_unavailable(model: TritonModel) -> None:
    with pytest.raises(ModelUnavailable, match="in time"):
        model.infer(png(dark(2000, 2000)), WORDS, 0.001)
    assert model.infer(png(dark()), WORDS, TIMEOUT_S).geometry.sensor_hw == (150, 203)


def test_a_server_that_dies_and_comes_back(new_triton: Callable[[], TritonServer]) -> None:
    server = new_triton()
    server.start()
    model = TritonModel(server.url)
    assert model.is_ready()
    server.kill()
    assert not model.is_ready()
    with pytest.raises(ModelUnavailable):
        model.infer(png(dark()), WORDS, 1.0)
    server.start()
    give_up = time.monotonic() + 5
    while not model.is_ready():
        assert time.monotonic() < give_up, "the client does not find the server again"
        time.sleep(0.05)
    assert model.infer(png(with_spot()), WORDS, TIMEOUT_S).presence[0] > 0
    server.kill_model_process()
    one_after_the_other = [_answer(model, png(dark()), WORDS) for _ in range(MODEL_PROCESSES)]
    assert ModelUnavailable in one_after_the_other  # they take turns
    assert not model.is_ready()
    model.revive()
    assert model.is_ready()
    assert model.infer(png(with_spot()), WORDS, TIMEOUT_S).presence[0] > 0
    server.kill()
    server.start()
    assert len(server.shared_memory()) == MODEL_PROCESSES  # of those that live
    model.close()
    server.stop()
