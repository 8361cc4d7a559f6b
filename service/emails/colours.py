"""Keeps an accent readable: WCAG contrast, and the nearest shade that reaches it (standards 62)."""

import colorsys
import re
from collections.abc import Callable
from dataclasses import dataclass

PAPER = "#fefefe"
INK = "#161513"
DARK_PAPER = "#1b1a18"
#: Used when a newsletter's accent is not a colour.
DEFAULT_ACCENT = "#8a1c1c"
AA = 4.5
#: What an accent is read on: the paper of mails, that of pages, the tint behind notes (static/tokens.css).
LIGHT_GROUNDS = (PAPER, "#fdfcf9", "#f5f2eb")
DARK_GROUNDS = (DARK_PAPER, "#232220", "#262421")
#: Steps from a colour to black or white.
_STEPS = 40

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Accent:
    """An accent in the shades a mail needs; each is readable where it is used."""

    #: On light paper: rules, links, button background. Readable too where a mail program inverts by force.
    light: str
    #: On dark paper.
    dark: str
    #: Text on a button of the light shade, and of the dark one.
    on_light: str
    on_dark: str

    @classmethod
    def of(cls, colour: str) -> "Accent":
        base = colour.lower() if _HEX.fullmatch(colour) else DEFAULT_ACCENT
        light = _shade(base, towards=0, good=_is_readable_on_paper)
        dark = _shade(base, towards=1, good=_is_readable_in_the_dark)
        return cls(light=light, dark=dark, on_light=PAPER, on_dark=_ink_on(dark))


def contrast(one: str, other: str) -> float:
    """The WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _shade(colour: str, *, towards: float, good: Callable[[str], bool]) -> str:
    """Return the nearest good shade on the way to a lightness, 0 or 1.

    Hue and saturation stay: mixed with white, a red would end as a dusty pink.
    """
    found = colour
    hue, lightness, saturation = _hls(colour)
    for step in range(1, _STEPS + 1):
        if good(found):
            break
        found = _hex(colorsys.hls_to_rgb(hue, lightness + (towards - lightness) * step / _STEPS, saturation))
    return found


def flipped(colour: str) -> str:
    """The same hue, light for dark: what mail programs make of a colour that invert mails by force."""
    hue, lightness, saturation = _hls(colour)
    return _hex(colorsys.hls_to_rgb(hue, 1 - lightness, saturation))


def _is_readable_on_paper(shade: str) -> bool:
    inverted = contrast(flipped(shade), flipped(PAPER))
    return min(inverted, *(contrast(shade, ground) for ground in LIGHT_GROUNDS)) >= AA


def _is_readable_in_the_dark(shade: str) -> bool:
    return min(contrast(shade, ground) for ground in DARK_GROUNDS) >= AA


def _ink_on(background: str) -> str:
    return max(PAPER, INK, key=lambda ink: contrast(ink, background))


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in _parts(colour))
    return colorsys.rgb_to_hls(red, green, blue)


def _hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
