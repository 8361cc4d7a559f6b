"""The queues that mail goes through."""

from enum import StrEnum


class Stream(StrEnum):
    """Which queue a mail goes through: confirmations never wait behind a blast."""

    TRANSACTIONAL = "transactional"
    DIGEST = "digest"
    BLAST = "blast"
