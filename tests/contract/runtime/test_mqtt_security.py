"""The link over TLS with client certificates, and with a password, as in a plant."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from contracts.names import Topics
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from tests.servers import mosquitto_server

TOPICS = Topics("site", "secure")


def openssl(folder: Path, arguments: str) -> None:
    command = ["openssl", *arguments.split()]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def authority(folder: Path) -> None:
    """ca.pem and ca.key."""
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 1 -subj /CN=plant",
    )


def certificate(folder: Path, name: str) -> None:
    """``name``.pem and ``name``.key, signed by ca.pem, for 127.0.0.1."""
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
    openssl(
        folder,
        f"req -new -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}",
    )
    openssl(
        folder,
        f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1"
        f" -out {name}.pem -extfile san",
    )


def can_connect(broker: Broker) -> bool:
    link = MqttLink(broker, TOPICS, "bridge")
    link.start()
    try:
        return link.wait_connected(1.0)
    finally:
        link.stop()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")
def test_certificates_open_the_door_and_nothing_else_does(tmp_path: Path):
    authority(tmp_path)
    for name in ("server", "bridge"):
        certificate(tmp_path, name)
    ca, own, key = (tmp_path / name for name in ("ca.pem", "bridge.pem", "bridge.key"))
    lines = [f"cafile {ca}", f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key"]
    lines += ["require_certificate true", "use_identity_as_username true"]
    with mosquitto_server(*lines) as server:
        assert can_connect(Broker("127.0.0.1", server.port, None, None, ca, own, key))
        assert not can_connect(Broker("127.0.0.1", server.port, None, None, ca))
        assert not can_connect(Broker("127.0.0.1", server.port))


def test_a_password_opens_the_door_and_a_wrong_one_does_not(tmp_path: Path):
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "bridge", "right"], check=True)
    with mosquitto_server("allow_anonymous false", f"password_file {passwords}") as server:
        assert can_connect(Broker("127.0.0.1", server.port, "bridge", "right"))
        assert not can_connect(Broker("127.0.0.1", server.port, "bridge", "wrong"))
