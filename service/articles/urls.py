"""Addresses of articles: made absolute and safe, and folded so that one story has one address."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

#: Longer ones break mail clients and are not written by people.
LONGEST = 2000

#: Added by newsletters, ad networks and share buttons; they never choose the page.
_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_", "piwik_", "matomo_", "at_", "ns_", "__twitter_")
# fmt: off
_TRACKING = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "ttclid", "yclid",
        "igshid", "igsh", "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "hsctatracking",
        "vero_id", "oly_enc_id", "oly_anon_id", "rb_clickid", "s_cid", "cmpid", "ncid", "ito", "xtor",
        "wt_mc", "wt.mc_id", "sr_share", "guccounter", "guce_referrer", "spm", "_openstat", "ref_src",
        "cmp",
    }
)
# fmt: on
_AMP_PARAMETERS = frozenset({"amp", "amp=1", "amp=true", "outputtype=amp"})
_AMP_ENDING = re.compile(r"/amp(\.html)?$")
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: A control character or space inside an address means that somebody tries something.
_NEVER_IN_URL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\]")


def resolve(address: str, *, base: str = "") -> str | None:
    """Make an address absolute and plain ASCII; None unless it is http(s), without credentials, and sane."""
    address = address.strip()
    if not address or _NEVER_IN_URL.search(address):
        return None
    try:
        parts = urlsplit(urljoin(base, address))
        host = _host(parts)
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or host is None or parts.username is not None:
        return None
    url = urlunsplit(
        (
            parts.scheme,
            host,
            _escaped(parts.path) or "/",
            _escaped(parts.query),
            _escaped(parts.fragment),
        )
    )
    return url if len(url) <= LONGEST else None


def first_of(links: Iterable[str], *, else_of: object, base: str) -> str | None:
    """Return the first usable link; else the GUID, if that is an absolute address by itself."""
    found = filter(None, (resolve(link, base=base) for link in links))
    return next(found, None) or resolve(str(else_of or ""))


def canonical(url: str) -> str:
    """Fold an absolute address to the key of its story: http and https, AMP, trackers, slashes are one."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    for scheme, port in _DEFAULT_PORTS.items():
        if parts.scheme == scheme:
            host = host.removesuffix(f":{port}")
    path = parts.path.rstrip("/")
    path = _AMP_ENDING.sub("", path).rstrip("/")
    if path.endswith(".amp.html"):
        path = path.removesuffix(".amp.html") + ".html"
    path = path.removesuffix(".amp") or "/"
    # Single-page applications keep the story behind `#!`; every other fragment is a place in the page.
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(("https", host, path, _without_trackers(parts.query), fragment))


def _without_trackers(query: str) -> str:
    kept = [pair for pair in query.split("&") if pair and not _is_tracker(pair.lower())]
    return "&".join(sorted(kept))


def _is_tracker(pair: str) -> bool:
    name = pair.partition("=")[0]
    return pair in _AMP_PARAMETERS or name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def _host(parts: SplitResult) -> str | None:
    """Return host and port in ASCII, lower case; None when there is no usable host."""
    name = (parts.hostname or "").rstrip(".")
    if not name:
        return None
    if not name.isascii():
        name = name.encode("idna").decode("ascii")
    if re.search(r"[^a-z0-9.:_-]", name):
        return None
    shown = f"[{name}]" if ":" in name else name
    is_default = parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme)
    return shown if is_default else f"{shown}:{parts.port}"


def _escaped(part: str) -> str:
    # Everything that may stand in an address stays as it is, including escapes that are there already.
    return quote(part, safe="%/?:@!$&'()*+,;=~-._#[]" if "#" not in part else "%/?:@!$&'()*+,;=~-._[]")
