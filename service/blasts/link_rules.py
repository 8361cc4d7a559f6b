"""Links and pictures of a blast: where they lead, and what stands on them.

Asks no server; `link_checks` does.
"""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from service.blasts.findings import Finding, error, warning
from service.emails.splice import Slot, placeholder

_ANCHOR = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_PICTURE = re.compile(r'<img\b(?=[^>]*?\bsrc="([^"]*)")(?=[^>]*?\balt="([^"]*)")[^>]*>')
#: The picture beside a story, which its headline says in words.
_UNSPOKEN = re.compile(r'<a\b[^>]*\baria-hidden="true"[^>]*>.*?</a>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_SAYS_NOTHING = frozenset({"here", "click here", "read more", "more", "link", "this", "this link"})
_SHORTENERS = frozenset(
    {"bit.ly", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"}
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|.*:.*")


@dataclass(frozen=True, slots=True)
class Link:
    """A link or picture of a blast, with the words it stands on."""

    url: str
    label: str
    is_picture: bool = False


def found(html: str) -> tuple[Link, ...]:
    """Return the links and pictures of a composed body, each once, in order."""
    html = _UNSPOKEN.sub("", html)
    anchors = [Link(unescape(url), _words(label)) for url, label in _ANCHOR.findall(html)]
    pictures = [Link(unescape(url), unescape(alt), is_picture=True) for url, alt in _PICTURE.findall(html)]
    own = placeholder(Slot.PREFERENCES_URL)
    return tuple(dict.fromkeys(each for each in (*anchors, *pictures) if each.url != own))


def of_link(link: Link) -> list[Finding]:
    place = f"Image {link.url}" if link.is_picture else f"Link “{link.label or link.url}”"
    parts = urlsplit(link.url)
    host = (parts.hostname or "").removeprefix("www.")
    found = []
    if link.is_picture and not link.label:
        found.append(
            error(place, "It has no alternative text.", "Say what it shows: many readers see no images.")
        )
    if parts.scheme != "mailto" and ("." not in host or " " in link.url):
        found.append(error(place, "Its address is not complete.", "Copy the whole address from the browser."))
    elif _ADDRESS.fullmatch(host) or (parts.scheme != "mailto" and parts.netloc.rpartition(":")[2].isdigit()):
        found.append(
            warning(
                place, "It leads to a bare address or port.", "Filters distrust it; link to a named site."
            )
        )
    elif parts.scheme == "http":
        found.append(warning(place, "It is not encrypted.", "Use https:// if the site offers it."))
    if host in _SHORTENERS:
        found.append(warning(place, "It is a shortened link.", "Filters distrust it; use the real address."))
    if not link.is_picture:
        found += _label(link, place, host)
    return found


def _label(link: Link, place: str, host: str) -> list[Finding]:
    if not link.label:
        return [error(place, "It has no words.", "Give it a text that says where it leads.")]
    if link.label.casefold().strip(" .…→") in _SAYS_NOTHING:
        advice = "Name what is behind it: screen readers read links without their sentence."
        return [warning(place, "Its words do not say where it leads.", advice)]
    shown = urlsplit(link.label if "://" in link.label else f"//{link.label}").hostname or ""
    if " " not in link.label and "." in shown and host and shown.removeprefix("www.") != host:
        sentence = f"It shows {shown} and leads to {host}."
        return [error(place, sentence, "Show where it leads, or use words: this is how phishing looks.")]
    return []


def _words(html: str) -> str:
    alts = _PICTURE.sub(lambda match: match[2], html)
    return " ".join(unescape(_TAG.sub("", alts)).split())
