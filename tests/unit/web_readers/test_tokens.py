"""The colours that pages are printed in, and the accents that newsletters may choose, by WCAG 2.2."""

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app import STATIC
from service.emails.colours import AA, Accent, contrast

#: WCAG 1.4.11: what is needed to see a control.
CONTROL = 3
GROUNDS = ("paper", "sheet", "wash")
SCHEMES = ("light", "dark")
both = pytest.mark.parametrize("scheme", SCHEMES)


@cache
def tokens(scheme: str) -> dict[str, str]:
    """Read the colours of a scheme."""
    sheet = Path(STATIC / "tokens.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", sheet)
    return {name: light if scheme == "light" else dark for name, light, dark in pairs}


@both
@pytest.mark.parametrize("ink", ["ink", "quiet", "accent", "alarm", "good"])
def test_text_can_be_read_on_every_ground(scheme: str, ink: str) -> None:
    colours = tokens(scheme)
    assert {ground: contrast(colours[ink], colours[ground]) >= AA for ground in GROUNDS} == dict.fromkeys(
        GROUNDS, True
    )


@both
def test_controls_can_be_seen_and_read(scheme: str) -> None:
    colours = tokens(scheme)
    assert min(contrast(colours["edge"], colours[ground]) for ground in GROUNDS) >= CONTROL
    assert contrast(colours["on-accent"], colours["accent"]) >= AA
    # Toasts are the other way round.
    assert contrast(colours["paper"], colours["ink"]) >= AA


@given(st.integers(0, 0xFFFFFF))
def test_whatever_accent_is_chosen_its_shades_can_be_read_where_they_stand(number: int) -> None:
    accent = Accent.of(f"#{number:06x}")
    for scheme, shade, on_it in (
        ("light", accent.light, accent.on_light),
        ("dark", accent.dark, accent.on_dark),
    ):
        colours = tokens(scheme)
        assert min(contrast(shade, colours[ground]) for ground in GROUNDS) >= AA
        assert contrast(on_it, shade) >= AA


def test_the_console_shares_the_paper_and_its_own_colours_can_be_read_on_it() -> None:
    sheet = (STATIC / "console.css").read_text(encoding="utf-8")
    own = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", sheet)
    for place, scheme in enumerate(SCHEMES):
        console = tokens(scheme) | {name: pair[place] for name, *pair in own}
        for ground in ("paper", "wash", "paper-3"):
            for ink in ("ink", "quiet", "accent", "warn", "bad", "good"):
                assert contrast(console[ink], console[ground]) >= AA, (scheme, ink, ground)
        for kind in ("warn", "bad", "good"):
            assert contrast(console["ink"], console[f"{kind}-paper"]) >= AA
            assert contrast(console[kind], console[f"{kind}-paper"]) >= AA
