"""Processes that are started by hand with the same REFEREE_RUN_DIR use the same files."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.contract.storage.conftest import Outbox, Process, eventually
from tests.unit.storage.part_messages import release

APP = Path(__file__).resolve().parents[3] / "dashboard" / "app.py"


def test_the_dashboard_shows_what_storage_stored(
    sink: Process, outbox: Outbox, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REFEREE_DATABASE_URL", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sink.start()
    outbox.wait_for_the_sink()
    message = release("tiles").model_dump_json().encode()
    outbox.link.publish(outbox.topics.config("tiles"), message, retain=True)

    eventually(lambda: ">tiles<" in first_page())


def first_page() -> str:
    page = AppTest.from_file(str(APP), default_timeout=30).run()
    assert not page.exception
    return "\n".join(piece.proto.body for piece in page.get("html"))
