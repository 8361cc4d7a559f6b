"""A worker whose composing dies of one sort of message: `python -m tests.faults.poisonous_worker --pool ...`.

It is `broadsheet worker` in every other way. The message kills the process that makes it, as a fault in a C
library or the kernel's out-of-memory killer would: nothing in Python can catch that.
"""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from celery.__main__ import main as celery

from service.commands.worker import worker
from service.prepare.port import Preparer

#: The `kind` of a message that nobody survives.
POISON = "poison"


def main() -> None:
    """Become a worker in this process, with the poison in place."""
    _poison()
    os.execv = _run_here  # type: ignore[assignment]  # the worker command ends in it
    worker.main(sys.argv[1:])


def _run_here(_program: str, argv: Sequence[str]) -> None:
    """Go on as Celery without a new program, which would forget the poison."""
    sys.argv = ["celery", *argv[argv.index("celery") + 1 :]]
    celery()


def _poison() -> None:
    prepare = Preparer.__call__

    def prepare_or_die(self: Preparer, messages: Sequence[Any]) -> Any:
        if any(message.kind == POISON for message in messages):
            os.kill(os.getpid(), signal.SIGKILL)
        return prepare(self, messages)

    Preparer.__call__ = prepare_or_die  # type: ignore[method-assign]  # that is the point


if __name__ == "__main__":
    main()
