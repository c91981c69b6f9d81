"""Settings come from the environment, and wrong ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import UserError
from contracts.names import Topics
from runtime.messaging.broker import Broker
from runtime.process.settings import ProcessSettings, load

GOOD = {
    "REFEREE_SITE": "plant",
    "REFEREE_LINE": "one",
    "REFEREE_STATIONS": "top, bottom",
    "REFEREE_FRAMES_REDIS_URL": "redis://127.0.0.1:6401/0",
    "REFEREE_JOURNAL_REDIS_URL": "redis://127.0.0.1:6402/0",
    "REFEREE_MQTT_PORT": "1883",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_is_read() -> None:
    settings = load(ProcessSettings)
    assert settings.stations == ("top", "bottom")
    assert settings.topics == Topics("plant", "one")
    assert settings.broker == Broker("127.0.0.1", 1883)
    assert (settings.run_dir, settings.metrics_port) == (Path(".run"), 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REFEREE_STATIONS", ""),
        ("REFEREE_STATIONS", "top,No Name"),
        ("REFEREE_MQTT_PORT", "x"),
        ("REFEREE_METRICS_PORT", "70000"),
        ("REFEREE_LOG_LEVEL", "LOUD"),
        ("REFEREE_SITE", None),
    ],
)
def test_a_wrong_variable_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    environment.setenv(name, value) if value is not None else environment.delenv(name)
    with pytest.raises(UserError, match=name):
        load(ProcessSettings)


def test_a_stage_adds_its_own() -> None:
    class StageSettings(ProcessSettings):
        batch: int = 4

    assert load(StageSettings).batch == 4


def test_the_password_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REFEREE_MQTT_PASSWORD", "secret-word")
    assert "secret-word" not in repr(load(ProcessSettings))


def test_certificates_that_are_not_there_are_bad_settings(tmp_path: Path) -> None:
    assert Broker("host", 1883).tls_context() is None
    with pytest.raises(UserError, match=r"ca\.pem"):
        Broker("host", 8883, ca_file=tmp_path / "ca.pem").tls_context()
