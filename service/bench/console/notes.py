"""What the web server that is measured wrote down, found by the number of the request."""

import json
import time
from pathlib import Path

from service.bench.console.browser import Page
from service.bench.console.watching import Said
from service.bench.plan import BenchmarkError

_LATE = 10.0


class Notes:
    """Reads a file that grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._place = 0
        self._said: dict[int, Said] = {}

    def of(self, page: Page) -> Said:
        """Return what a request cost; its line is written a moment after the answer.

        :raises BenchmarkError: nothing was written down.
        """
        end = time.monotonic() + _LATE
        while page.number not in self._said:
            self._read()
            if time.monotonic() > end:
                raise BenchmarkError("The web server did not write down what a page cost.")
        return self._said.pop(page.number)

    def _read(self) -> None:
        with self._file.open() as file:
            file.seek(self._place)
            while (line := file.readline()).endswith("\n"):
                number, said = json.loads(line)
                self._said[number] = Said(**said)
                self._place = file.tell()
