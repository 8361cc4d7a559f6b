"""Text can be read in the light, in the dark, and where a program inverts a mail by force."""

import re
from itertools import product

import pytest

from service.emails.colours import AA, DARK_PAPER, PAPER, Accent, contrast, flipped
from service.emails.letters import EmailContent
from service.emails.rendering import render
from tests.emails.darkness import fully_inverted, partly_inverted
from tests.emails.markup import Element, Mail
from tests.emails.variants import EVERY

RENDERED = {name: render(letter) for name, letter in EVERY.items()}
every_mail = pytest.mark.parametrize("content", RENDERED.values(), ids=RENDERED.keys())

_STEPS = range(0, 256, 51)
COLOURS = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in product(_STEPS, _STEPS, _STEPS)]


def pairs(html: str) -> list[tuple[str, str]]:
    """Each colour of text with the ground below it, as the style attributes say it."""
    grounds: list[tuple[tuple[str, ...], str]] = []
    found = []
    for element in Mail(html).elements:
        depth = len(element.path)
        grounds = [(path, ground) for path, ground in grounds if len(path) < depth]
        if ground := element.style.get("background-color") or element.attributes.get("bgcolor"):
            grounds.append((element.path, ground))
        if colour := element.style.get("color"):
            found.append((colour, grounds[-1][1]))
    return found


@every_mail
@pytest.mark.parametrize("seen", [str, partly_inverted, fully_inverted], ids=["light", "partly", "fully"])
def test_every_text_is_readable_on_its_ground(content: EmailContent, seen) -> None:
    found = pairs(seen(content.html))
    assert len(found) > 5
    assert [pair for pair in found if contrast(*pair) < AA] == []


def test_any_accent_is_given_shades_that_can_be_read_everywhere() -> None:
    for colour in COLOURS:
        accent = Accent.of(colour)
        seen = [
            (accent.light, PAPER),
            (accent.dark, DARK_PAPER),
            (accent.on_light, accent.light),
            (accent.on_dark, accent.dark),
            (flipped(accent.light), flipped(PAPER)),
            (flipped(accent.on_light), flipped(accent.light)),
        ]
        assert min(contrast(text, ground) for text, ground in seen) >= AA, colour


@every_mail
def test_the_dark_sheet_colours_everything_that_has_a_colour(content: EmailContent) -> None:
    dark = _dark_rules(content.html)
    for element in Mail(content.html).elements:
        if "color" in element.style and element.tag != "img":
            shade = next(
                (rules["color"] for name, rules in dark if _fits(name, element) and "color" in rules), None
            )
            assert shade is not None, element.attributes
            assert contrast(shade, DARK_PAPER) >= AA or "press" in element.attributes["class"]
        if "background-color" in element.style and "plate" not in element.attributes["class"]:
            assert any(_fits(name, element) and "background-color" in rules for name, rules in dark)


def _dark_rules(html: str) -> list[tuple[str, dict[str, str]]]:
    sheet = html[html.index("(prefers-color-scheme: dark)") : html.index("</style>", html.index("(prefers-"))]
    return [
        (selector.strip().removeprefix("{").strip(), dict(_declared(body)))
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet.partition("{")[2])
        for selector in selectors.split(",")
    ]


def _declared(body: str) -> list[tuple[str, str]]:
    rules = (rule.partition(":") for rule in body.replace("!important", "").split(";") if ":" in rule)
    return [(name.strip(), value.strip()) for name, _, value in rules]


def _fits(selector: str, element: Element) -> bool:
    """Say whether the last part of a selector is about an element."""
    tag, _, name = selector.split()[-1].partition(".")
    return (not tag or tag == element.tag) and (
        not name or name in element.attributes.get("class", "").split()
    )
