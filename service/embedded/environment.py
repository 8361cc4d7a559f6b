"""A clean environment: a throw-away installation has its own servers, whatever this machine is set up for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.settings import Settings

#: Not a setting, and yet read by our processes.
_ALSO = ("BROADSHEET_DATA", "BROADSHEET_PORT", "BROADSHEET_CONFIG")


@contextmanager
def own_environment(folder: Path) -> Iterator[None]:
    """Hide every setting of the environment and of `broadsheet.toml`; put all back at the end."""
    before = dict(os.environ)
    for name in (*(name.upper() for name in Settings.model_fields), *_ALSO):
        os.environ.pop(name, None)
    # A file that is not there: nothing is read from it.
    os.environ["BROADSHEET_CONFIG"] = str(folder / "no-configuration.toml")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
