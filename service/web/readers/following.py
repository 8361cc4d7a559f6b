"""What every link that is counted asks: did anybody ask for this, and may one be led there?"""

from urllib.parse import urlsplit

from flask import request


def is_prefetch() -> bool:
    """Say whether a browser fetches this before anybody asked for it."""
    says = (request.headers.get(name, "").lower() for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any("prefetch" in value or "preview" in value for value in says)


def is_web_address(url: str) -> bool:
    """Say whether one may be led there."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable()
