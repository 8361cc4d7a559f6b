"""How soon a page can be used in a real browser: Chromium, where there is one, over its debugging pipe.

A form is usable when its page and scripts are there, its field takes the cursor, and that was painted.
"""

import fcntl
import json
import os
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from select import select
from typing import Any

from service.bench.plan import BenchmarkError

#: As systems name it.
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SWITCHES = (
    *("--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--window-size=1280,900"),
)
#: The files of a browser that is spoken to over pipes.
_HEARS, _ANSWERS = 3, 4
#: Each with an empty cache, like a visitor's first.
LOADS = 5
_PATIENCE = 30.0

# Runs in the page before anything of its own. Two frames: what was asked for in one is on screen by the next.
_WATCH = """
document.addEventListener("DOMContentLoaded", () => {
  const look = () => {
    const field = document.querySelector(FIELD);
    field?.focus();
    if (!field || document.activeElement !== field) { requestAnimationFrame(look); return; }
    requestAnimationFrame(() => requestAnimationFrame(() => { window.usableAt = performance.now(); }));
  };
  look();
});
"""


@dataclass(frozen=True, slots=True)
class Usable:
    """Milliseconds from the navigation on."""

    loads: int
    median_ms: float
    slowest_ms: float


def find() -> str | None:
    """Return the path of a Chromium on this machine."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def usable(chromium: str, url: str, *, field: str, loads: int = LOADS) -> Usable:
    """Open a page so often, each time as a new visitor, and say how soon the field could be typed into.

    :raises BenchmarkError: the browser does not start, or the field never takes the cursor.
    """
    with _running(chromium) as browser:
        times = [browser.load(url, field=field) for _ in range(loads)]
    return Usable(loads, round(statistics.median(times), 1), round(max(times), 1))


@contextmanager
def _running(chromium: str) -> Iterator["_Browser"]:
    with tempfile.TemporaryDirectory(prefix="broadsheet-browser-", ignore_cleanup_errors=True) as folder:
        hears, tells = _pipe()
        listens, answers = _pipe()
        # Chromium's sandbox refuses to work for root.
        rootly = ("--no-sandbox",) if os.geteuid() == 0 else ()
        process = os.posix_spawn(
            chromium,
            [chromium, *_SWITCHES, *rootly, f"--user-data-dir={folder}", "about:blank"],
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, file, os.devnull, os.O_RDWR, 0) for file in (0, 1, 2)),
                (os.POSIX_SPAWN_DUP2, hears, _HEARS),
                (os.POSIX_SPAWN_DUP2, answers, _ANSWERS),
            ],
        )
        os.close(hears)
        os.close(answers)
        try:
            yield _Browser(tells, listens)
        finally:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(tells)
            os.close(listens)


def _pipe() -> tuple[int, int]:
    """Make a pipe whose ends lie above the two that the browser uses."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


class _Browser:
    """Commands of the DevTools protocol, and their answers: JSON with a zero byte after each."""

    def __init__(self, tells: int, listens: int) -> None:
        self._tells, self._listens = tells, listens
        self._heard = b""
        self._number = 0

    def load(self, url: str, *, field: str) -> float:
        visitor = self._call("Target.createBrowserContext")["browserContextId"]
        target = self._call("Target.createTarget", url="about:blank", browserContextId=visitor)["targetId"]
        page = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        watch = _WATCH.replace("FIELD", json.dumps(field))
        self._call("Page.enable", page=page)
        self._call("Page.addScriptToEvaluateOnNewDocument", page=page, source=watch)
        self._call("Page.navigate", page=page, url=url)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            found = self._call("Runtime.evaluate", page=page, expression="window.usableAt ?? null")
            if (value := found["result"].get("value")) is not None:
                self._call("Target.disposeBrowserContext", browserContextId=visitor)
                return float(value)
            time.sleep(0.02)
        raise BenchmarkError(f"In the browser the field {field} of {url} could not be used.")

    def _call(self, method: str, *, page: str | None = None, **values: Any) -> dict[str, Any]:
        self._number += 1
        order: dict[str, Any] = {"id": self._number, "method": method, "params": values}
        if page is not None:
            order["sessionId"] = page
        try:
            os.write(self._tells, json.dumps(order).encode() + b"\0")
        except BrokenPipeError:
            raise BenchmarkError("The browser did not start.") from None
        while True:
            answer = self._hear()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BenchmarkError(f"The browser refused {method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._heard:
            ready, _, _ = select([self._listens], [], [], _PATIENCE)
            chunk = os.read(self._listens, 1 << 16) if ready else b""
            if not chunk:
                raise BenchmarkError("The browser does not answer.")
            self._heard += chunk
        first, _, self._heard = self._heard.partition(b"\0")
        heard: dict[str, Any] = json.loads(first)
        return heard
