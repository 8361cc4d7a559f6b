"""Which picture of an article is shown, how large, and what is read out in its place (pure)."""

import re
from dataclasses import dataclass

from service.emails import sizes
from service.emails.letters import DigestItem
from service.emails.splice import defuse

#: Alternative texts that say nothing: the name of a file, or that there is a picture.
_SAYS_NOTHING = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|avif)|(?:image|photo|picture|img|untitled|default|thumbnail)[\s\d]*",
    re.IGNORECASE,
)
#: What Outlook for Windows or Gmail do not show.
_UNSHOWN = re.compile(r"\.(?:svgz?|avif|tiff?|heic|bmp)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Frame:
    """The room that a place has for a picture, in CSS pixels."""

    width: int
    most_height: int
    #: A picture that is said to be smaller would be blown up, or is an icon.
    least_width: int


LEAD = Frame(width=536, most_height=420, least_width=320)
THUMB = Frame(width=120, most_height=160, least_width=60)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is shown; without a height the mail program keeps its proportions."""

    url: str
    alt: str
    width: int
    height: int | None
    #: Takes the whole width of its place.
    fills: bool = True


def picture_of(item: DigestItem, frame: Frame) -> Picture | None:
    """Fit an article's picture into a frame; None where there is none that may be shown."""
    url = (item.image_url or "").strip()
    if not url.lower().startswith(("https://", "http://")) or _UNSHOWN.search(url.partition("?")[0]):
        return None
    if sizes.encoded(url) > sizes.PICTURE_URL:
        return None
    if not item.image_width or not item.image_height:
        return Picture(url, alt_of(item), frame.width, None)
    if item.image_width < frame.least_width:
        return None
    height = round(frame.width * item.image_height / item.image_width)
    if height <= frame.most_height:
        return Picture(url, alt_of(item), frame.width, max(height, 1))
    # Whole, and narrower: no mail program crops for sure.
    width = round(frame.most_height * item.image_width / item.image_height)
    if width < frame.least_width // 2:
        return None
    return Picture(url, alt_of(item), width, frame.most_height, fills=False)


def alt_of(item: DigestItem) -> str:
    """Return what a picture shows; empty where that would only repeat the headline, or says nothing."""
    alt = defuse(sizes.within(" ".join(item.image_alt.split()), sizes.ALT))
    if alt.casefold().strip(" .") == " ".join(item.title.split()).casefold().strip(" ."):
        return ""
    return "" if _SAYS_NOTHING.fullmatch(alt) else alt
