"""The oracle's process as the harness sees it: rules go in, events come out, accepted mail is read back."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import clients
from tests.faults.processes import ROOT


@dataclass(frozen=True)
class Taken:
    """One message that the oracle said 250 to."""

    at: float
    #: When MAIL was accepted and when the first line of the text came: a pipelined MAIL may be early.
    mail_at: float
    body_at: float
    recipient: str
    message_id: str
    hash: str


class Relay:
    """Starts, scripts, kills and reads the oracle; it keeps its port and its file over every life."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "accepted.jsonl"
        self._log = folder / "oracle.log"
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._events = queue.Queue()
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.oracle", str(self.port), str(self._file)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT,
            )  # fmt: skip
        threading.Thread(target=self._listen, args=(self._process, self._events), daemon=True).start()
        self.port = int(self.wait_for("listening")["port"])

    def fall_silent(self) -> int:
        """Freeze, and return how many conversations were open: each may have a dot without an answer."""
        os.kill(self.pid, signal.SIGSTOP)
        return clients.count(server_port=self.port)

    def speak_again(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()

    def script(self, *rules: dict[str, Any], delay: float = 0.0) -> None:
        """Replace all rules; their counts begin again."""
        self._order({"rules": rules, "delay": delay})
        self.wait_for("ready")
        while not self._events.empty():
            self._events.get_nowait()

    def go_on(self) -> None:
        """Let go of everybody whom a rule holds."""
        self._order({"go_on": True})

    def wait_for(self, kind: str, *, seconds: float = 30) -> dict[str, Any]:
        """Return the next event of a kind.

        :raises TimeoutError: there is none.
        """
        while True:
            try:
                event = self._events.get(timeout=seconds)
            except queue.Empty:
                raise TimeoutError(f"The oracle did not tell of “{kind}”.") from None
            if event["event"] == kind:
                return event

    def hits(self) -> list[dict[str, Any]]:
        """Return what has been told since the last look."""
        found = []
        while not self._events.empty():
            found.append(self._events.get_nowait())
        return [event for event in found if event["event"] == "hit"]

    def position(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0

    def taken(self, since: int) -> list[Taken]:
        """Return what was accepted after this position of the file."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(since)
            # The oracle writes on while this reads: its last line may not have its end yet.
            return [Taken(**json.loads(line)) for line in file if line.endswith(b"\n")]

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    @staticmethod
    def _listen(process: "subprocess.Popen[str]", events: "queue.Queue[dict[str, Any]]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            events.put(json.loads(line))
