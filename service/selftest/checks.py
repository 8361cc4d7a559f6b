"""What a step says when something is not as it should be, and how it waits for what should come."""

import time
from collections.abc import Callable
from typing import TypeVar

from service.errors import BroadsheetError

T = TypeVar("T")

#: A sound machine needs a second or two; a busy one gets this long.
PATIENCE = 20.0
_PAUSE = 0.1


class CheckFailed(BroadsheetError):
    """Something is not as it should be; the message is the sentence that the self-test ends with."""


class Interrupted(CheckFailed):
    """Somebody pressed Ctrl-C: nothing is known to be wrong."""

    def __init__(self) -> None:
        super().__init__("The self-test was interrupted.")


def check(condition: object, sentence: str) -> None:
    """Go on if it holds.

    :raises CheckFailed: with this sentence.
    """
    if not condition:
        raise CheckFailed(sentence)


def eventually(
    find: Callable[[], T | None],
    sentence: str,
    *,
    seconds: float = PATIENCE,
    given_up: Callable[[], bool] = lambda: False,
) -> T:
    """Return the first answer that is not None, False or empty.

    :raises CheckFailed: with this sentence, when none came in time; at once when everything is given up.
    """
    end = time.monotonic() + seconds
    while True:
        if given_up():
            raise Interrupted
        found = find()
        if found:
            return found
        if time.monotonic() > end:
            raise CheckFailed(f"{sentence} (waited {seconds:.0f} s)")
        time.sleep(_PAUSE)
