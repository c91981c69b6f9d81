"""Durable settings, migrations that agree with the models, and errors in our words."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, text
from sqlalchemy.orm import Session

from contracts.errors import Unavailable, UserError
from storage.base import Base
from storage.database import open_engine, translate_errors, upgrade
from storage.insert import insert_or_nothing
from storage.models import ActivationRow, VerdictRow


def test_migrations_make_what_the_models_say(database_url: str) -> None:
    with open_engine(database_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert VerdictRow.metadata is Base.metadata


def test_an_upgrade_is_done_once_however_many_do_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'made' / 'on_the_way' / 'new.db'}"
    with ThreadPoolExecutor(1) as pool:  # alembic keeps its context in the process: one at a time
        for done in [pool.submit(upgrade, url) for _ in range(3)]:
            done.result()
    with open_engine(url).connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0009"


def test_sqlite_survives_a_power_cut_and_checks_its_keys(database_url: str) -> None:
    with open_engine(database_url).connect() as connection:
        pragmas = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    full = 2
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 1000,
    }


def test_a_locked_database_is_unavailable(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.SQLITE_BUSY_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"), translate_errors():
        open_engine(database_url, writes=True).connect().execute(text("SELECT 1"))
    with open_engine(database_url).connect() as reader:
        assert reader.scalar(text("SELECT count(*) FROM verdicts")) == 0
    holder.close()


def test_a_full_disk_is_unavailable(database_url: str) -> None:
    rows = [{"station": "tiles", "release_id": "r" * 1000, "at_utc_ns": 0}] * 1000
    with open_engine(database_url, writes=True).connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(Unavailable, match="full"), translate_errors():
            connection.execute(insert(ActivationRow), rows)


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x", "postgresql+nosuch://x/y"])
def test_a_url_that_is_not_valid_is_named(url: str) -> None:
    with pytest.raises(UserError, match="REFEREE_DATABASE_URL is not valid"):
        open_engine(url)


def test_another_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="SQLite or PostgreSQL, not mysql"):
        open_engine("mysql://plant/referee")


def test_a_row_is_not_inserted_in_the_words_of_another_database() -> None:
    engine = create_engine("sqlite://")
    engine.dialect.name = "another"
    with pytest.raises(UserError, match="not another"):
        insert_or_nothing(Session(engine), ActivationRow, {})
