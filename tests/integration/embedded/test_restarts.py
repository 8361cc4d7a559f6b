"""The supervisor under fire: crash loops, leftovers of a crash, hang-ups, impatient people, long logs."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from service.embedded import logfiles, ports
from service.embedded.data_folder import DataFolder
from service.embedded.logfiles import LogFile, reason
from service.embedded.process import Process
from service.embedded.supervisor import Supervisor
from service.errors import StartupError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class Notes:
    """Remembers what the supervisor reports, and when."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.times: list[float] = []

    def __call__(self, name: str, what: str, _seconds: float) -> None:
        self.lines.append((name, what))
        self.times.append(time.monotonic())


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_a_crash_loop_is_restarted_ever_more_slowly(tmp_path: Path) -> None:
    notes = Notes()
    with Supervisor(
        [Process("web", python("import time; time.sleep(0.2); raise SystemExit(1)"))],
        logs=tmp_path,
        report=notes,
    ) as supervisor:
        supervisor.start()
        end = time.monotonic() + 8
        supervisor.watch(
            until=lambda: notes.lines.count(("web", "restarting")) == 3 or time.monotonic() > end
        )
    first, second, third = (
        at for at, line in zip(notes.times, notes.lines, strict=True) if line == ("web", "restarting")
    )
    assert second - first > 0.5
    assert third - second > second - first


def test_a_migration_that_fails_is_not_tried_again(tmp_path: Path) -> None:
    migration = Process(
        "migrate", python("raise SystemExit('no room')"), once=True, advice="free some disk space"
    )
    notes = Notes()
    with (
        pytest.raises(
            StartupError,
            match=r"migrate did not start: no room \(see .*migrate.log\); free some disk space\.",
        ),
        Supervisor(
            [migration, Process("web", SLEEP, after=("migrate",))], logs=tmp_path, report=notes
        ) as running,
    ):
        running.start()
    assert notes.lines == [("migrate", "starting")]


def test_what_a_crashed_process_had_started_ends_before_its_successor_starts(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = (
        "import os, subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}} {{child.pid}}\\n'); time.sleep(60)"
    )
    process = Process("web", python(script), ready=lambda: pids.exists() and pids.read_text().endswith("\n"))
    with Supervisor([process], logs=tmp_path, report=Notes()) as supervisor:
        supervisor.start()
        parent, child = map(int, pids.read_text().split())
        os.kill(parent, signal.SIGKILL)
        end = time.monotonic() + 10
        supervisor.watch(until=lambda: pids.read_text().count("\n") == 2 or time.monotonic() > end)
        assert pids.read_text().count("\n") == 2
        assert not is_running(child)
        second = int(pids.read_text().split()[3])
    # It was killed; on a busy machine the kernel takes a moment to bury it.
    end = time.monotonic() + 5
    while is_running(second) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(second)


def test_a_server_ends_only_after_everything_that_needs_it(tmp_path: Path) -> None:
    log = tmp_path / "ends"
    slow = (
        "import signal, sys, time; "
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up', flush=True)\n"
        "try:\n    time.sleep(60)\n"
        f"finally:\n    time.sleep(0.3); open({str(log)!r}, 'a').write(sys.argv[1] + ' ')"
    )

    def process(name: str, *after: str) -> Process:
        file = tmp_path / f"{name}.log"
        return Process(
            name, [*python(slow), name], after=after, ready=lambda: file.exists() and "up" in file.read_text()
        )

    migrate = Process("migrate", python("pass"), after=("postgres",), once=True)
    listed = [process("postgres"), migrate, process("web", "migrate"), process("worker", "migrate")]
    with Supervisor(listed, logs=tmp_path, report=Notes()) as supervisor:
        supervisor.start()
        begun = time.monotonic()
    assert log.read_text().split()[-1] == "postgres"
    assert set(log.read_text().split()) == {"web", "worker", "postgres"}
    # web and worker end side by side
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_a_stop_and_a_closed_terminal_end_everything(tmp_path: Path, number: signal.Signals) -> None:
    notes = Notes()
    # Under nohup the tests, too, are told to live on, and the supervisor heeds that.
    told = signal.signal(number, signal.SIG_DFL)
    try:
        with Supervisor([Process("web", SLEEP)], logs=tmp_path, report=notes) as supervisor:
            supervisor.start()
            threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
            supervisor.watch()
            assert supervisor.stopping
    finally:
        signal.signal(number, told)
    assert notes.lines[-1] == ("web", "stopped")


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    stubborn = python(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('up', flush=True); time.sleep(60)"
    )
    log = tmp_path / "worker.log"
    process = Process("worker", stubborn, ready=lambda: log.exists() and "up" in log.read_text())
    with Supervisor([process], logs=tmp_path, report=Notes()) as supervisor:
        supervisor.start()
        begun = time.monotonic()
        for seconds in (0.1, 0.3):
            threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
        supervisor.watch()
    assert time.monotonic() - begun < 3


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    gone = Process("web", ["/nowhere/server"], ready=lambda: False, once=True)
    with (
        pytest.raises(StartupError, match="/nowhere/server cannot be run: No such file"),
        Supervisor([gone], logs=tmp_path, report=Notes()) as supervisor,
    ):
        supervisor.start()


def test_a_child_does_not_inherit_what_its_parent_ignores(tmp_path: Path) -> None:
    log = tmp_path / "shell.log"
    process = Process("shell", ["/bin/sh", "-c", "grep SigIgn /proc/self/status; sleep 60"])
    # As a script does that starts us with "&".
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        with Supervisor([process], logs=tmp_path, report=Notes()) as supervisor:
            supervisor.start()
            end = time.monotonic() + 5
            supervisor.watch(until=lambda: "SigIgn" in log.read_text() or time.monotonic() > end)
    finally:
        signal.signal(signal.SIGQUIT, before)
    ignored = int(log.read_text().split()[1], 16)
    assert [number for number in (signal.SIGPIPE, signal.SIGQUIT) if ignored >> (number - 1) & 1] == []


def test_a_log_never_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfiles, "LOG_BYTES", 1000)
    with LogFile(tmp_path / "web.log") as log:
        for number in range(1000):
            log.write(f"line {number}\n".encode())
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2100
    assert (tmp_path / "web.log").read_text().endswith("line 999\n")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "it said nothing"),
        (["Traceback (most recent call last):", "ValueError: no", ""], "ValueError: no"),
        (
            ["2026-11-24 09:00:00.123 UTC [42] FATAL:  could not open file", "2026 LOG:  shut down"],
            "FATAL:  could not open file",
        ),
        (["7:M 24 Nov 2026 09:00:00.123 # Bad file format"], "Bad file format"),
        (["Port 8000 is in use."], "Port 8000 is in use."),
    ],
)
def test_the_reason_is_the_last_line_about_an_error(lines: list[str], said: str) -> None:
    assert reason(lines) == said


def test_a_port_that_is_let_go_of_in_time_is_free() -> None:
    port = ports.find_free(1)[0]
    holder = ports.socket.create_server(("127.0.0.1", port))
    threading.Timer(0.2, holder.close).start()
    ports.require_free(port, option="--port")


def test_ports_that_are_free_together_differ() -> None:
    assert len(set(ports.find_free(20))) == 20


def test_a_port_beyond_the_last_is_refused() -> None:
    with pytest.raises(StartupError, match="There is no port 70000"):
        ports.require_free(70000, option="--port")


def test_a_lost_secret_key_is_not_silently_replaced(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as folder:
        folder.secret_key()
        folder.postgres.mkdir()
        (folder.path / "secret-key").unlink()
        with pytest.raises(StartupError, match=r"secret-key is missing.*set SECRET_KEY"):
            folder.secret_key()


def test_a_folder_of_somebody_elses_making_keeps_its_mode(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir(mode=0o750)
    with DataFolder(made):
        assert made.stat().st_mode & 0o777 == 0o750


def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with (
        pytest.raises(StartupError, match=r"cannot be used \(File exists\); name another one"),
        DataFolder(tmp_path / "data"),
    ):
        pass
