"""The real servers: they start, keep what was committed, and say clearly what is wrong."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest
import redis

from service.embedded.postgres import EmbeddedPostgres
from service.embedded.valkey import EmbeddedValkey
from service.errors import StartupError

#: Runs both servers until it is killed; prints the pids of everything below it once they are ready.
PARENT = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from service.embedded.postgres import EmbeddedPostgres
    from service.embedded.valkey import EmbeddedValkey
    folder = Path(sys.argv[1])
    postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
    with postgres.running() as database, valkey.running() as queue:
        print(database, queue, flush=True)
        time.sleep(60)
    """
)


def libpq(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def processes_in(folder: Path) -> list[str]:
    """Command lines that mention this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if (str(folder) in line and "valkey" + "-server" in line) or (
            f"{folder}/postgres" in line and "-D" in line
        ):
            found.append(line)
    return found


@pytest.fixture
def folder(server_folder: Path, request: pytest.FixtureRequest) -> Path:
    path = server_folder / request.node.name[-40:]
    path.mkdir()
    return path


def test_what_was_committed_survives_kill_9_and_no_server_stays_behind(folder: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        database, queue = parent.stdout.readline().split()
    with psycopg.connect(libpq(database), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    with redis.Redis.from_url(queue) as client:
        client.set("kept", "yes")
        client.execute_command("WAITAOF", 1, 0, 2000)
    assert processes_in(folder)

    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    while processes_in(folder) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_in(folder) == []

    with EmbeddedPostgres(folder / "postgres").running() as url, psycopg.connect(libpq(url)) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    with EmbeddedValkey(folder / "valkey").running() as url, redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"


def test_the_database_is_durable_and_listens_on_no_port(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres").running() as url, psycopg.connect(libpq(url)) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("fsync", "synchronous_commit", "listen_addresses", "server_encoding")
        }
    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }


def test_the_queue_never_evicts_and_is_written_to_disk(folder: Path) -> None:
    with (
        EmbeddedValkey(folder / "valkey").running() as url,
        redis.Redis.from_url(url, decode_responses=True) as client,
    ):
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}


def test_a_folder_of_another_version_is_refused_in_one_sentence(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    cluster = server.folder / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartupError, match="holds a database of PostgreSQL 15"):
        server.prepare()


def test_a_damaged_folder_is_refused_in_one_sentence(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    server.prepare()
    (server.folder / "cluster" / "global").rename(server.folder / "elsewhere")
    with pytest.raises(StartupError, match="is damaged: global/pg_control is missing"):
        server.prepare()


def test_a_very_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    deep = folder / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    with EmbeddedValkey(deep).running() as url, redis.Redis.from_url(url) as client:
        assert client.ping()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop privileges")
def test_root_moves_the_database_to_where_an_unprivileged_user_can_reach_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "data" / "postgres")
    try:
        assert server.moved
        with server.running() as url, psycopg.connect(libpq(url)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        server.wipe()


def test_a_second_server_on_the_same_folder_fails_with_its_reason(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres").running():
        second = EmbeddedPostgres(folder / "postgres")
        child = subprocess.run(
            second.command(),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=second.user.uid if second.user else None,
        )
        assert child.returncode != 0
        assert "postmaster.pid" in child.stderr


def test_a_client_that_stays_connected_does_not_hold_up_the_stop(folder: Path) -> None:
    lock = folder / "postgres" / "cluster" / "postmaster.pid"
    with EmbeddedPostgres(folder / "postgres").running() as url:
        client = psycopg.connect(libpq(url), autocommit=True)
        os.kill(int(lock.read_text().split()[0]), signal.SIGINT)
        end = time.monotonic() + 10
        while lock.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert not lock.exists()
        client.close()
