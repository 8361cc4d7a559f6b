"""A sender in a process of its own, to be killed: DATABASE_URL PORT FOLDER LEASE_SECONDS [poison]."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from service.db import make_engine, make_sessions
from service.delivery.models import Message, Stream
from service.delivery.ports import Ready, Skip
from tests.fakes.smtp_server import SmtpServer
from tests.integration.delivery.world import Composer, engine


def die(_messages: Sequence[Message]) -> list[Ready | Skip]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def main(url: str, port: str, folder: str, lease_seconds: str, poison: str = "") -> None:
    sender = engine(
        make_sessions(make_engine(url)),
        SmtpServer(port=int(port)),
        Path(folder),
        compose=die if poison else Composer(),
        lease_seconds=float(lease_seconds),
    )
    sender.deliver([Stream.TRANSACTIONAL, Stream.BLAST])


if __name__ == "__main__":
    main(*sys.argv[1:])
