"""Reads an answer's body within limits: nothing is unpacked before it was counted (standards 160)."""

import zlib
from collections.abc import AsyncIterator, Iterator

from service.errors import FetchError

LONGEST_BODY = 5 * 1024 * 1024
#: Text shrinks to a tenth, repetitive feeds to a fiftieth; beyond this it is meant to hurt.
_BIGGEST_RATIO = 150
#: Under this size a ratio says nothing.
_RATIO_COUNTS_FROM = 256 * 1024
_STEP = 64 * 1024

TOO_BIG = "The feed is larger than 5 MB; nothing of that size is read."


async def read(chunks: AsyncIterator[bytes], *, encoding: str) -> bytes:
    """Collect the body of an answer with this Content-Encoding.

    :raises FetchError: it is too big, packed twice, packed in a way that was not asked for, or torn.
    """
    body = bytearray()
    received = 0
    inflater = _inflater(encoding)
    async for chunk in chunks:
        received += len(chunk)
        for part in (chunk,) if inflater is None else _inflated(inflater, chunk):
            body += part
            _check(len(body), received)
    if inflater is not None and not inflater.eof:
        raise FetchError("The answer broke off in the middle.")
    return bytes(body)


def _inflater(encoding: str) -> "zlib._Decompress | None":
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            # 32: gzip or zlib, whichever the first bytes say.
            return zlib.decompressobj(zlib.MAX_WBITS | 32)
        case packed:
            raise FetchError(f"The server packed its answer in a way that is not accepted ({packed[:40]}).")


def _inflated(inflater: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """Unpack in steps of bounded size: 64 KB can hold 64 MB."""
    try:
        while chunk and not inflater.eof:
            yield inflater.decompress(chunk, _STEP)
            chunk = inflater.unconsumed_tail
    except zlib.error as error:
        raise FetchError("The answer says that it is packed, and it cannot be unpacked.") from error


def _check(unpacked: int, received: int) -> None:
    if unpacked > LONGEST_BODY:
        raise FetchError(TOO_BIG)
    if unpacked > _RATIO_COUNTS_FROM and unpacked > received * _BIGGEST_RATIO:
        raise FetchError("The answer is packed so tightly that it can only be meant to flood the reader.")
