"""The least HTTP that a benchmark needs: a connection for each request, as new visitors have, and timed."""

import asyncio
import time
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 is a connection that broke."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


async def ask(port: int, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
    """GET, or POST where there is a body."""
    began = time.perf_counter()
    lines = [
        f"{'POST' if body else 'GET'} {path} HTTP/1.1",
        f"Host: localhost:{port}",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        raw = await reader.read()
        writer.close()
    except OSError:
        raw = b""
    seconds = time.perf_counter() - began
    head, _, rest = raw.partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
    return Answer(int(status.split()[1]) if status else 0, found, rest, seconds)
