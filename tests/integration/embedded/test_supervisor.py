"""The supervisor with real processes: order, restarts, clean and unclean ends."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from service.embedded import ports
from service.embedded.data_folder import DataFolder
from service.embedded.process import Process
from service.embedded.supervisor import Supervisor
from service.errors import StartupError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class Notes:
    """Remembers what the supervisor reports."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, what: str, _seconds: float) -> None:
        self.lines.append((name, what))


def test_processes_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    notes = Notes()
    processes = [
        Process("first", SLEEP),
        Process("once", [sys.executable, "-c", "pass"], after=("first",), once=True),
        Process("last", SLEEP, after=("once",)),
    ]
    with Supervisor(processes, logs=tmp_path, report=notes) as supervisor:
        supervisor.start()
    assert [name for name, what in notes.lines if what == "ready"] == ["first", "once", "last"]
    assert [name for name, what in notes.lines if what == "stopped"] == ["last", "first"]


def test_a_crashed_process_is_started_again(tmp_path: Path) -> None:
    marker = tmp_path / "starts"
    script = (
        f"open({str(marker)!r}, 'a').write('x'); starts = len(open({str(marker)!r}).read()); "
        "import time; time.sleep(0.2 if starts == 1 else 60)"
    )
    notes = Notes()
    with Supervisor(
        [Process("web", [sys.executable, "-c", script])], logs=tmp_path, report=notes
    ) as supervisor:
        supervisor.start()
        end = time.monotonic() + 10
        supervisor.watch(
            until=lambda: (
                (("web", "restarting") in notes.lines and notes.lines[-1] == ("web", "ready"))
                or time.monotonic() > end
            )
        )
    assert marker.read_text() == "xx"


def test_a_process_that_never_comes_up_ends_in_one_sentence_with_its_last_words(tmp_path: Path) -> None:
    broken = Process(
        "web", [sys.executable, "-c", "raise SystemExit('no such setting')"], ready=lambda: False
    )
    with (
        pytest.raises(StartupError, match="web did not start: no such setting"),
        Supervisor([broken], logs=tmp_path, report=Notes()) as supervisor,
    ):
        supervisor.start()


def test_a_process_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('up', flush=True); time.sleep(60)"
    )
    process = Process(
        "stubborn",
        [sys.executable, "-c", stubborn],
        ready=lambda: (
            (tmp_path / "stubborn.log").exists() and "up" in (tmp_path / "stubborn.log").read_text()
        ),
        stop_seconds=0.3,
    )
    with Supervisor([process], logs=tmp_path, report=Notes()) as supervisor:
        supervisor.start()
        begun = time.monotonic()
    assert time.monotonic() - begun < 5


def test_kill_9_of_the_supervisor_leaves_no_child_behind(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from service.embedded.process import Process
        from service.embedded.supervisor import Supervisor
        child = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
        logs = Path({str(tmp_path)!r})
        with Supervisor([Process("child", child)], logs=logs, report=lambda *_: None) as supervisor:
            supervisor.start()
            supervisor.watch()
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    log = tmp_path / "child.log"
    end = time.monotonic() + 15
    while not (log.exists() and log.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.05)
    pid = int(log.read_text())
    parent.kill()
    parent.wait()
    end = time.monotonic() + 5
    while _runs(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_port_in_use_is_named_with_the_option_that_changes_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            StartupError, match=f"Port {port} is in use by another program; choose another with --port"
        ):
            ports.require_free(port, option="--port", seconds=0.1)


def test_a_second_instance_on_the_same_folder_is_told_so(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path / "data"),
        pytest.raises(StartupError, match="is already running on"),
        DataFolder(tmp_path / "data"),
    ):
        pass


def test_a_folder_that_is_not_ours_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StartupError, match="is not a Broadsheet data folder"), DataFolder(tmp_path):
        pass
    with pytest.raises(StartupError, match="is not a Broadsheet data folder"):
        DataFolder(tmp_path).wipe()
    assert (tmp_path / "thesis.txt").exists()


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as folder:
        key = folder.secret_key()
        assert len(key) == 64
        assert folder.secret_key() == key
        assert (folder.path / "secret-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"short", bytes(range(128, 192))], ids=["empty", "cut", "binary"])
def test_a_spoilt_secret_key_is_a_damaged_folder(content: bytes, tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as folder:
        (folder.path / "secret-key").write_bytes(content)
        with pytest.raises(StartupError, match="is damaged"):
            folder.secret_key()


def test_the_interrupt_handler_is_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with Supervisor([], logs=tmp_path, report=Notes()):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
