"""Says in a sentence why a feed could not be fetched, and what that means for asking again."""

import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
from ssrfguard import BlockedAddressError, BlockedURLError

from service.errors import FetchError

_SENTENCES = {
    401: "The server answered 401: it wants a password for this address.",
    403: "The server answered 403: it does not let us read this address.",
    404: "The server answered 404: there is no feed at this address.",
    410: "The server answered 410: this feed is gone for good.",
    429: "The server answered 429: it wants to be asked less often.",
    503: "The server answered 503: it is busy or being worked on.",
}


def check_address(url: str) -> None:
    """Refuse what must not be asked at all.

    :raises FetchError: it is not http(s), has no host, or carries a user name and password.
    """
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        has_host = False
    if not has_host:
        raise FetchError("The address is not complete; it looks like https://example.org/feed.xml.")
    if parts.scheme not in {"http", "https"}:
        raise FetchError(f"The address begins with {parts.scheme}://; a feed has http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise FetchError("The address contains a user name or password, which is not accepted.")


def check_answer(status: int, headers: Mapping[str, str]) -> None:
    """Let 200 and 304 pass.

    :raises FetchError: for every other status.
    """
    if status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        return
    sentence = _SENTENCES.get(status) or f"The server answered {status}{_phrase(status)}."
    raise FetchError(
        sentence,
        retry_after=_seconds(headers.get("retry-after", ""), headers.get("date", "")),
        gone=status == HTTPStatus.GONE,
    )


def sentence_of(error: Exception) -> str:
    """Turn an exception of the network or its guard into a sentence."""
    match error:
        case BlockedAddressError() | BlockedURLError(__cause__=BlockedAddressError()):
            return "The address leads to a private network, which feeds may not do."
        case BlockedURLError() if "allowed_ports" in error.reason:
            return "The address has an unusual port; feeds are read from ports 80 and 443 only."
        case BlockedURLError():
            return "The address is not one that may be fetched."
        case httpx.ConnectTimeout():
            return "The server did not answer in time."
        case httpx.RemoteProtocolError() | httpx.ReadError():
            return "The server broke off its answer."
        case httpx.InvalidURL() | UnicodeError():
            return "The address cannot be read; it looks like https://example.org/feed.xml."
    return _about_connection(error)


def _about_connection(error: Exception) -> str:
    """Look for the reason that httpx wrapped twice."""
    reasons: list[BaseException] = [error]
    while (cause := reasons[-1].__cause__ or reasons[-1].__context__) and cause not in reasons:
        reasons.append(cause)
    said = " ".join(map(str, reasons))
    if any(isinstance(reason, socket.gaierror) for reason in reasons):
        return "There is no server of that name."
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return "The certificate of the server is not valid for this address."
    if "[SSL" in said:
        return "The server does not speak a TLS that can be trusted."
    return "The server could not be reached."


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


def _seconds(retry_after: str, date: str) -> int | None:
    """Read Retry-After: seconds, or a date that is compared with the server's own clock."""
    if re.fullmatch(r"\s*\d{1,9}\s*", retry_after):
        return int(retry_after)
    try:
        until, at = parsedate_to_datetime(retry_after), parsedate_to_datetime(date)
    except ValueError:
        return None
    return max(0, int((_aware(until) - _aware(at)).total_seconds()))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
