"""The web server as `broadsheet web` runs it, with the benchmark's clock around the application.

Run as a module by `broadsheet bench console`; no command of its own.
"""

import os
from pathlib import Path
from typing import Any

from service import logs, settings
from service.bench.console.watching import NOTES, Watched
from service.commands.web import WebServer


class WatchedServer(WebServer):
    """Writes down what each request cost."""

    def load(self) -> Any:
        return Watched(super().load(), Path(os.environ[NOTES]))


if __name__ == "__main__":
    configuration = settings.load()
    logs.configure(json_lines=False)
    WatchedServer(configuration, host="127.0.0.1", port=int(os.environ["BROADSHEET_PORT"])).run()
