"""Postfix's test programs `smtp-sink` and `smtp-source`, where they are installed."""

import os
import resource
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from service.bench.plan import BenchmarkError
from service.errors import InvalidInput

#: Debian keeps them where only root looks.
_ALSO = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec/postfix", "/opt/homebrew/sbin")
_TIMEOUT = 900


@dataclass(frozen=True, slots=True)
class Spurt:
    """What `smtp-source` did."""

    per_second: float
    cpu_ms_per_message: float


@dataclass(frozen=True, slots=True)
class PostfixTools:
    """Where the programs are; each may be missing."""

    sink: Path | None
    source: Path | None

    def sink_command(self, port: int) -> list[str]:
        """Return what to run; root has to say whom it wants to be."""
        assert self.sink is not None
        become = ["-u", "root"] if os.geteuid() == 0 else []
        return [str(self.sink), *become, f"127.0.0.1:{port}", "1024"]

    @property
    def env(self) -> dict[str, str]:
        """Programs that were unpacked rather than installed have their libraries beside them."""
        found = self.sink or self.source
        libraries = found.resolve().parents[1] / "lib" / "postfix" if found else None
        if libraries is None or not libraries.is_dir():
            return {}
        before = os.environ.get("LD_LIBRARY_PATH")
        return {"LD_LIBRARY_PATH": f"{libraries}:{before}" if before else str(libraries)}

    def send(self, *, port: int, messages: int, size: int, connections: int) -> Spurt:
        """Send as many messages, over as many connections, and measure it.

        :raises BenchmarkError: it failed.
        """
        assert self.source is not None
        command = [
            str(self.source), "-d", "-s", str(connections), "-m", str(messages), "-l", str(size),
            "-f", "from@bench.example", "-t", "to@bench.example", f"127.0.0.1:{port}",
        ]  # fmt: skip
        began, used = time.monotonic(), _cpu_of_children()
        done = subprocess.run(
            command,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        seconds = time.monotonic() - began
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise BenchmarkError(f"smtp-source ended with status {done.returncode}; it said: {said}")
        return Spurt(messages / seconds, (_cpu_of_children() - used) * 1000 / messages)


def find(sink_path: Path | None) -> PostfixTools:
    """Look for both programs; with a path, take them from there.

    :raises InvalidInput: there is no program at the path.
    """
    if sink_path is not None:
        if not os.access(sink_path, os.X_OK) or sink_path.is_dir():
            raise InvalidInput(f"{sink_path} is not a program; --sink-path names Postfix's smtp-sink.")
        beside = sink_path.with_name("smtp-source")
        return PostfixTools(sink_path, beside if os.access(beside, os.X_OK) else _find("smtp-source"))
    return PostfixTools(_find("smtp-sink"), _find("smtp-source"))


def _find(name: str) -> Path | None:
    path = os.pathsep.join([os.environ.get("PATH", ""), *_ALSO])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
