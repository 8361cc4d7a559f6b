"""Time-based one-time passwords, as authenticator apps make them (RFC 6238 over RFC 4226). Pure."""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
#: RFC 4226 section 4 recommends 160 bits.
SECRET_BYTES = 20
#: A clock may be off by a step either way (RFC 6238 section 5.2).
_DRIFT = 1


def step_at(now: datetime) -> int:
    """Return the number of the time step that an instant is in."""
    return int(now.timestamp()) // STEP_SECONDS


def code_of(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Return the code of a time step (RFC 4226 section 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def matching_step(secret: bytes, code: str, *, now: datetime, after: int) -> int | None:
    """Return the step whose code this is, among the present one and its neighbours; only steps later than
    `after` count, so that no code works twice."""
    here = step_at(now)
    found = None
    for step in range(here - _DRIFT, here + _DRIFT + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found if found is not None and found > after else None


def shown(secret: bytes) -> str:
    """Return the secret as people type it into an app: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri(secret: bytes, *, account: str, issuer: str) -> str:
    """Return what the QR code says (the key URI format that every app reads)."""
    label = quote(f"{issuer}:{account}", safe="")
    query = urlencode({"secret": shown(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{label}?{query}"
