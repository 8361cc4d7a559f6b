"""TCP ports on this machine: is one free, and which ones are."""

import socket
import time
from contextlib import ExitStack

from service.errors import StartupError

HOST = "127.0.0.1"
#: A server whose parent was killed holds its port for a moment longer.
PATIENCE = 5.0


def require_free(port: int, *, option: str, seconds: float = PATIENCE) -> None:
    """Make sure that a port can be used.

    :raises StartupError: it cannot; the sentence names the option that chooses another.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, port))
                return
        except PermissionError as error:
            raise StartupError(
                f"Port {port} is reserved for root; choose one above 1023 with {option}."
            ) from error
        except OverflowError as error:
            raise StartupError(f"There is no port {port}; choose one up to 65535 with {option}.") from error
        except OSError as error:
            if time.monotonic() > end:
                raise StartupError(
                    f"Port {port} is in use by another program; choose another with {option}."
                ) from error
        time.sleep(0.1)


def find_free(count: int) -> list[int]:
    """Return ports that are free right now, each another one."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def is_free(port: int) -> bool:
    """Whether nothing listens on a port."""
    return not accepts(port)
