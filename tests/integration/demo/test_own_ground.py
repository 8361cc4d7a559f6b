"""The demo keeps to its own folder and database, and a real installation keeps out of the demo's."""

from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.bootstrap import Runtime, build
from service.commands.demo import demo
from service.commands.up import up
from service.db import Sessions, transaction
from service.demo import notes, seed
from service.embedded.data_folder import DataFolder
from service.errors import StartupError
from service.settings import Settings
from tests.factories import make_newsletter


def test_the_demo_touches_no_real_installation_not_even_to_begin_again(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "real") as folder:
        key = folder.secret_key()
    for arguments in ([], ["--fresh"]):
        done = CliRunner().invoke(demo, ["--data", str(tmp_path / "real"), *arguments])
        assert isinstance(done.exception, StartupError)
        assert "real installation" in str(done.exception)
    with DataFolder(tmp_path / "real") as folder:
        assert folder.secret_key() == key


def test_a_real_installation_is_not_started_on_the_demos_data(tmp_path: Path, now: datetime) -> None:
    with DataFolder(tmp_path / "demo") as folder:
        notes.recall(folder.path, now=now)
    done = CliRunner().invoke(up, ["--data", str(tmp_path / "demo")])
    assert isinstance(done.exception, StartupError)
    assert "holds the demo" in str(done.exception)


def test_the_demo_and_a_real_installation_start_side_by_side_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = {option.default for command in (demo, up) for option in command.params if option.name == "data"}
    assert len(folders) == 2
    for folder in sorted(folders):
        with DataFolder(folder) as made:
            assert made.path.parent == tmp_path


def test_notes_are_the_same_after_a_restart_and_damaged_ones_are_said(tmp_path: Path, now: datetime) -> None:
    first = notes.recall(tmp_path, now=now)
    assert notes.recall(tmp_path, now=now.replace(year=2027)) == first
    assert (tmp_path / notes.FILE).stat().st_mode & 0o077 == 0
    (tmp_path / notes.FILE).write_text('{"started_at"')
    with pytest.raises(StartupError, match="damaged"):
        notes.recall(tmp_path, now=now)


@pytest.fixture
def on_server(settings: Settings, database_url: str) -> Runtime:
    return build(settings.model_copy(update={"database_url": database_url}))


def test_a_database_given_by_url_is_the_demos_or_empty(on_server: Runtime, committing: Sessions) -> None:
    seed.check_ours(on_server)
    with transaction(committing) as session:
        make_newsletter(session)
    with pytest.raises(StartupError, match="real installation"):
        seed.check_ours(on_server)
    with transaction(committing) as session:
        make_newsletter(session, slug=seed.SLUG)
    seed.check_ours(on_server)
    on_server.engine.dispose()
