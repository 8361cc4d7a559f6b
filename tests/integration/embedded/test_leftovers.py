"""What an unclean end leaves behind never stops the next start, and a live server is named."""

import subprocess
from pathlib import Path

import psycopg
import pytest
import redis
from kombu.utils.url import url_to_parts
from sqlalchemy import text

from service.db import make_engine
from service.embedded import leftovers
from service.embedded.postgres import EmbeddedPostgres
from service.embedded.valkey import EmbeddedValkey
from service.errors import StartupError
from service.settings import Settings

QUICK = {"fsync": "off"}


@pytest.fixture
def folder(server_folder: Path, request: pytest.FixtureRequest) -> Path:
    path = server_folder / request.node.name[-40:]
    path.mkdir()
    return path


def answers(server: EmbeddedPostgres) -> bool:
    with server.running() as url, psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_a_lock_file_whose_number_another_process_has_by_now_is_no_obstacle(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", settings=QUICK)
    server.prepare()
    # Same user as the server: PostgreSQL by itself would take this process for a live postmaster.
    stranger = subprocess.Popen(
        ["sleep", "60"],
        cwd="/",
        user=server.user.uid if server.user else None,
    )
    try:
        (server.cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{server.cluster}\n")
        server.prepare()
        assert answers(server)
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_still_runs_there_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE", 0.1)
    server = EmbeddedPostgres(folder / "postgres", settings=QUICK)
    with server.running():
        pid = (server.cluster / "postmaster.pid").read_text().split()[0]
        with pytest.raises(StartupError, match=rf"PostgreSQL already runs on .* \(process {pid}\)"):
            EmbeddedPostgres(folder / "postgres").prepare()
    with (
        EmbeddedValkey(folder / "valkey").running(),
        pytest.raises(StartupError, match="Valkey already runs on"),
    ):
        EmbeddedValkey(folder / "valkey").prepare()


def test_a_first_start_that_was_interrupted_begins_again(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", settings=QUICK)
    half = server.folder / "cluster.half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert answers(server)
    assert not half.exists()


def test_variables_for_other_databases_change_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGPORT": "6543",
        "PGDATA": "/nowhere",
        "PGHOST": "elsewhere",
        "TZ": "Asia/Tokyo",
    }.items():
        monkeypatch.setenv(name, value)
    server = EmbeddedPostgres(folder / "postgres", settings=QUICK)
    assert answers(server)


def test_an_odd_path_still_gives_addresses_that_every_client_reads(folder: Path) -> None:
    odd = folder / "mein Ordner: 100 % (ä)"
    with EmbeddedPostgres(odd / "postgres", settings=QUICK).running() as url:
        engine = make_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
        engine.dispose()
    with EmbeddedValkey(odd / "valkey").running() as url, redis.Redis.from_url(url) as client:
        assert client.ping()
        broker = Settings.model_construct(redis_url=url).broker_url
        assert url_to_parts(broker).path in {url.removeprefix("unix://"), url.removeprefix("unix:///")}


def test_a_queue_file_that_cannot_be_read_is_said_to_be_dispensable(folder: Path) -> None:
    server = EmbeddedValkey(folder / "valkey")
    with server.running() as url, redis.Redis.from_url(url) as client:
        client.set("key", "value")
    for file in (folder / "valkey" / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"this is not a log of commands\n" * 50)
    with pytest.raises(StartupError, match=r"Valkey did not start: Bad file format.*delete the folder"):
        server.running().__enter__()
