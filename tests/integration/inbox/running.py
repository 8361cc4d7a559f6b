"""A real inbox process on free ports."""

import smtplib
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PROGRAM = (
    "import sys; from pathlib import Path; from service.inbox.run import serve; "
    "serve(Path(sys.argv[1]), smtp_port=int(sys.argv[2]), web_port=int(sys.argv[3]))"
)


@dataclass
class RunningInbox:
    folder: Path
    smtp_port: int
    web_port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def connect(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="test.localhost", timeout=10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def start_inbox(folder: Path, *, smtp_port: int | None = None) -> RunningInbox:
    """Start an inbox and wait until both its ports answer."""
    ports = (smtp_port or free_port(), free_port())
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), *map(str, ports)])
    for port in ports:
        _wait_for(port, process)
    return RunningInbox(folder, *ports, process)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "the inbox ended while it was starting"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers on port {port}")
