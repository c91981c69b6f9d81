"""On a real PostgreSQL everything is as on SQLite."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import BaseModel
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision
from contracts.errors import Unavailable
from contracts.identity import PartKey
from contracts.messages import SequenceRange
from contracts.process_state import ProcessState, Role
from contracts.roster import Roster, RosterStation
from dashboard.data.reading import NoDatabase, reading
from runtime.process.clock import ManualClock
from storage import queries
from storage.archive.picture_index import Picture, PictureIndex, Retention
from storage.base import Base
from storage.database import open_engine, open_sessions, upgrade
from storage.models import DeadLetterRow, DispositionRow, PhaseRow, VerdictRow
from storage.part_rows import record_disposition
from storage.recorder import Recorder
from storage.roster_store import record_roster
from tests.servers import free_port
from tests.unit.storage import every_query
from tests.unit.storage.filled_database import PARTS, fill
from tests.unit.storage.part_messages import BEGIN_NS, disposition, part, release, verdict
from tests.unit.storage.wire import TOPICS, Message

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
OWNER = "postgres" if os.getuid() == 0 else None  # it refuses to run as root

pytestmark = pytest.mark.skipif(
    not PROGRAMS, reason="no PostgreSQL here: apt-get install postgresql"
)


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="no psycopg here: pip install 'referee[postgres]'")
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if OWNER:
        shutil.chown(folder, OWNER)
    programs, data, port = PROGRAMS[-1].parent, folder / "data", free_port()

    def run(*command: str | Path) -> None:
        subprocess.run(command, user=OWNER, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    run(programs / "initdb", "-D", data, "-U", "referee", "-A", "trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = (programs / "pg_ctl", "-D", data, "-w")
    run(*control, "-o", options, "-l", folder / "log", "start")
    try:
        yield f"postgresql://referee@127.0.0.1:{port}/postgres"
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def url(server_url: str) -> str:
    upgrade(server_url)
    return server_url


@pytest.fixture
def sessions(url: str) -> sessionmaker[Session]:
    """On empty tables."""
    sessions = open_sessions(url, writes=True)
    with sessions.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    return sessions


def commit(sessions: sessionmaker[Session], *messages: tuple[str, bytes]) -> list[PartKey]:
    """The parts that the outboxes may forget."""
    recorder = Recorder(sessions, TOPICS, ManualClock(), dead_letters_kept=10)
    return [item.part for item in recorder.commit([Message(*message) for message in messages])]


def on(what: str, message: BaseModel) -> tuple[str, bytes]:
    return TOPICS.of("tiles", what), message.model_dump_json().encode()


def test_processes_that_migrate_at_the_same_time_wait_for_each_other(server_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(upgrade, [server_url] * 2)
    with open_engine(server_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_queries_answer_as_on_sqlite(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    sqlite_url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    upgrade(sqlite_url)
    sqlite = open_sessions(sqlite_url, writes=True)
    answers = []
    for where in (sessions, sqlite):
        with where.begin() as session:
            fill(session)
            record_disposition(session, disposition(PARTS, challenge=True), BEGIN_NS)
            record_roster(session, Roster(stations={"tiles": RosterStation()}), BEGIN_NS)
            answers.append(every_query.answers(session, "tiles"))
    assert answers[0] == answers[1]
    assert all(answers[0].values())


def test_a_batch_with_what_postgresql_refuses(sessions: sessionmaker[Session]) -> None:
    state = ProcessState(
        process="bridge",
        role=Role.BRIDGE,
        online=True,
        ready=True,
        phases={"tiles": "ready"},
        sequences={"tiles": (SequenceRange(epoch=1, first_seq=1, last_seq=6),)},
        at_utc_ns=1,
    )
    stored = commit(
        sessions,
        on("verdict", verdict(1, Decision.REJECT)),
        on("verdict", verdict(1, Decision.REJECT)),
        on("verdict", verdict(2, detail="a NUL \0 in a text")),
        on("disposition", disposition(3, encoder=2**70)),
        on("disposition", disposition(4)),
        on("disposition", disposition(4, revision=2, late_verdict_id="late")),
        on("disposition", disposition(4, Decision.REJECT, revision=3)),
        (TOPICS.verdict("tiles"), b'{"detail": "\xff\x00"}'),
        on("config", release()),
        on("config", release()),
        (TOPICS.state("bridge"), state.model_dump_json().encode()),
        (TOPICS.state("bridge"), state.model_dump_json().encode()),
    )
    assert stored == [part(1), part(4), part(4), part(6)]  # the last one is the range's
    with sessions() as session:
        assert list(session.scalars(select(VerdictRow.trigger_seq))) == [1]
        [row] = session.scalars(select(DispositionRow))
        assert (row.decision, row.revision) == (Decision.PASS, 2)
        assert session.scalar(select(func.count()).select_from(DeadLetterRow)) == 4
        assert len(queries.releases(session)) == 1
        assert session.scalar(select(func.count()).select_from(PhaseRow)) == 1


def test_passes_are_evicted_before_rejects(sessions: sessionmaker[Session]) -> None:
    index = PictureIndex(sessions, sessions)
    for seq, called in enumerate([Decision.REJECT, Decision.PASS, Decision.PASS]):
        commit(sessions, on("verdict", verdict(seq, called)))
        index.add([Picture(part(seq), f"{seq}.png", 10, "0" * 64, "", "", BEGIN_NS + seq)])
    assert index.kept_bytes() == 30
    leaving = index.evictable(1.0, Retention.REJECT, limit=5)
    assert [picture.path for picture in leaving] == ["1.png", "2.png", "0.png"]
    index.mark_evicted([leaving[0].id], 1)
    assert sorted(index.kept()) == ["0.png", "2.png"]


@pytest.fixture
def page_of(server_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What a page of the dashboard does: read from a database of this server."""

    def read(name: str) -> None:
        url = f"{server_url.rpartition('/')[0]}/{name}"
        monkeypatch.setenv("REFEREE_DATABASE_URL", url)
        with reading() as session:
            queries.line_tiles(session, BEGIN_NS)

    return read


def database_of_its_own(server_url: str, name: str) -> str:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return f"{server_url.rpartition('/')[0]}/{name}"


def test_the_dashboard_waits_for_tables(server_url: str, page_of: Callable[[str], None]) -> None:
    database_of_its_own(server_url, "empty")
    with pytest.raises(NoDatabase):
        page_of("empty")


def test_the_dashboard_does_not_take_a_missing_column_for_a_missing_database(
    server_url: str, page_of: Callable[[str], None]
) -> None:
    url = database_of_its_own(server_url, "older")
    upgrade(url)
    with open_engine(url).begin() as connection:
        connection.execute(text("ALTER TABLE dispositions DROP COLUMN challenge"))
    with pytest.raises(Unavailable, match="does not exist") as caught:
        page_of("older")
    assert not isinstance(caught.value, NoDatabase)


def test_a_server_that_is_gone_is_unavailable() -> None:
    nobody = open_sessions(f"postgresql://referee@127.0.0.1:{free_port()}/postgres")
    with pytest.raises(Unavailable, match="the database"):
        commit(nobody, on("verdict", verdict(1)))
