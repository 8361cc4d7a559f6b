"""Garbage collection of a process that lives for long and has a hundred megabytes of code."""

import gc


def settle() -> None:
    """Let the garbage collector leave alone what was imported: it stays.

    Looking at it cost a tenth of a worker, and held each page that was being made for 0.1 seconds. Requests
    and windows make thousands of objects that live for a moment; collecting them a little later costs no
    memory that would be noticed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
