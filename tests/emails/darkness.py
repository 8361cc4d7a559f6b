"""What mail programs that do not ask the mail make of its colours in the dark, about."""

import re

from service.emails.colours import flipped

_COLOUR = re.compile(r"(background-color:|(?<![-\w])color:|bgcolor=\")(#[0-9a-f]{6})")


def lightness(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return (max(parts) + min(parts)) / 2


def fully_inverted(html: str) -> str:
    """Every colour of text and ground is flipped."""
    return _COLOUR.sub(lambda match: match[1] + flipped(match[2]), _without_media(html))


def partly_inverted(html: str) -> str:
    """Light grounds and dark text are flipped, nothing else: as Gmail on Android and Outlook.com do it."""

    def changed(match: re.Match[str]) -> str:
        is_light = lightness(match[2]) > 0.5
        is_ground = match[1] != "color:"
        return match[1] + (flipped(match[2]) if is_light is is_ground else match[2])

    return _COLOUR.sub(changed, _without_media(html))


def _without_media(html: str) -> str:
    return re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
