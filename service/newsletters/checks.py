"""What a newsletter, topic or sender may be called and point to: pure checks, each ends in a sentence."""

import re
import unicodedata
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError

from service.emails.colours import AA, LIGHT_GROUNDS, Accent, contrast
from service.emails.sanitising import typed_line
from service.errors import InvalidInput
from service.newsletters.models import Rhythm

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_SLUG = 40
_NOT_IN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f-\x9f<>\"\\]")
_ACCENT = re.compile(r"#[0-9a-f]{6}")


def line(value: str, *, field: str, longest: int, required: str = "") -> str:
    """Return one clean line; `required` is the sentence for an empty one, without it empty is fine.

    :raises InvalidInput: control characters, an encoded-word (standards 20), or too long.
    """
    clean = typed_line(value)
    if any(sign in value.strip() for sign in "\r\n\0") or "=?" in value:
        raise InvalidInput("Use one line of plain text here.", field=field)
    if not clean and required:
        raise InvalidInput(required, field=field)
    if len(clean) > longest:
        raise InvalidInput(f"Use at most {longest} characters; these are {len(clean)}.", field=field)
    return clean


def slug(value: str, *, field: str = "slug") -> str:
    """Return the part of the sign-up address that names a newsletter."""
    typed = value.strip().lower()
    if not _SLUG.fullmatch(typed) or len(typed) > _LONGEST_SLUG:
        raise InvalidInput(
            f"Use small letters a to z, digits and single hyphens, at most {_LONGEST_SLUG}: harbour-courier.",
            field=field,
        )
    return typed


def slug_from(name: str, *, fallback: str) -> str:
    """Make a slug of a name; scripts without a plain reading in a to z get the fallback."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("&", " and "))
    words = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower())
    return "-".join(words)[:_LONGEST_SLUG].strip("-") or fallback


def accent(value: str, *, field: str = "accent") -> str:
    """Return a colour that is readable on paper (WCAG 2 AA), or propose the nearest one that is."""
    colour = value.strip().lower()
    colour = colour if colour.startswith("#") else f"#{colour}"
    if not _ACCENT.fullmatch(colour):
        raise InvalidInput("Write the colour as # and six digits, like #8a1c1c.", field=field)
    reached = min(contrast(colour, paper) for paper in LIGHT_GROUNDS)
    if reached < AA:
        raise InvalidInput(
            f"This colour is too light to read on paper: its contrast is {reached:.1f}, text needs {AA}. "
            f"The nearest darker one is {Accent.of(colour).light}.",
            field=field,
        )
    return colour


def time_zone(value: str, *, field: str = "time_zone") -> str:
    zone = value.strip()
    if zone not in available_timezones():
        raise InvalidInput("Choose a time zone by its city, like Europe/Vienna, or UTC.", field=field)
    return zone


def locale(value: str, *, field: str = "locale") -> str:
    """Return a language tag (BCP 47) that dates can be written in."""
    tag = value.strip().replace("_", "-")
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise InvalidInput("Write the language as a short code: en, de, fr-CA.", field=field) from None
    return tag


def web_address(value: str, *, field: str, required: str = "") -> str:
    """Return an http or https address; one typed without its beginning gets https://."""
    typed = value.strip()
    if not typed:
        if required:
            raise InvalidInput(required, field=field)
        return ""
    address = typed if "://" in typed else f"https://{typed}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        usable = parts.scheme in {"http", "https"} and (parts.port or 1) > 0
    except ValueError:
        host, usable = "", False
    if not usable or not host.strip(".") or parts.username or _NOT_IN_ADDRESS.search(address):
        raise InvalidInput("This is not a web address; one looks like https://example.org.", field=field)
    if len(address) > 500:
        raise InvalidInput("This address is too long; use at most 500 characters.", field=field)
    return address


def postal_address(value: str, *, field: str = "postal_address") -> str:
    """Return a postal address of at most six lines; empty is allowed, but nothing is sent then."""
    lines = [typed_line(part) for part in value.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = [part for part in lines if part]
    if len(lines) > 6 or sum(map(len, lines)) > 300:
        raise InvalidInput("Use at most six lines and 300 characters.", field=field)
    if lines and not any(sign.isalpha() for sign in "".join(lines)):
        raise InvalidInput("Write a street or box and a town, where a letter would reach you.", field=field)
    return "\n".join(lines)


def rhythm(value: Rhythm, *, field: str = "default_rhythm") -> Rhythm:
    """Refuse the one rhythm that nobody chooses."""
    if value is Rhythm.FIRST:
        raise InvalidInput("Choose a rhythm from the list.", field=field)
    return value


def number(value: int | None, *, field: str, least: int, most: int) -> int:
    if value is None or not least <= value <= most:
        raise InvalidInput(f"Choose a number from {least} to {most}.", field=field)
    return value


def change(old: dict[str, object], new: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Return what differs, before and after, for the audit log."""
    names = [name for name in new if old.get(name) != new[name]]
    return {name: _plain(old.get(name)) for name in names}, {name: _plain(new[name]) for name in names}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
