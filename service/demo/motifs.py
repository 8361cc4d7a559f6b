"""What recurs in the illustrations: sky, ridges, water, sails, towers, houses and tiles."""

import math
from random import Random

from service.demo.canvas import Canvas, Edge, mix
from service.demo.inks import Inks

_SKY_BANDS = 7
_SEA_BANDS = 6


def sky(canvas: Canvas, inks: Inks, *, below: float) -> None:
    """Lay the sky in a few flat bands, darkest at the top, as a poster printer would."""
    for band in range(_SKY_BANDS):
        tone = inks.tone(0.26 * (1 - band / (_SKY_BANDS - 1)))
        canvas.box(
            tone, left=0, top=round(below * band / _SKY_BANDS), right=canvas.width, bottom=canvas.height
        )


def ridge(random: Random, *, base: float, swing: float) -> Edge:
    """Return a rolling skyline around a height."""
    waves = [
        (random.uniform(0.6, 1) / (step + 1), random.uniform(90, 260) / (step + 1), random.uniform(0, 7))
        for step in range(3)
    ]

    def height(x: float) -> float:
        return base + swing * sum(share * math.sin(x / length + phase) for share, length, phase in waves)

    return height


def sea(canvas: Canvas, inks: Inks, random: Random, *, horizon: float, light: float) -> None:
    """Fill the lower part with bands of water; the light at one x glitters on it."""
    depth = canvas.height - horizon
    for band in range(_SEA_BANDS):
        y = horizon + depth * (band / _SEA_BANDS) ** 1.4
        canvas.fill(inks.tone(0.34 + 0.09 * band), top=_crest(y, band=band))
    for step in range(9):
        y = horizon + 8 + step * (depth - 20) / 9
        half = random.uniform(14, 34) + 7 * step
        middle = light + random.uniform(-18, 18)
        canvas.box(
            mix(inks.paper, inks.accent, 0.55),
            left=int(middle - half),
            top=y,
            right=int(middle + half),
            bottom=y + 2.2,
        )


def sail(canvas: Canvas, inks: Inks, *, x: float, y: float, size: float) -> None:
    """Draw a boat with two sails; `y` is where its hull meets the water."""
    deck, boom = y - size * 0.12, y - size * 0.2
    canvas.polygon(inks.paper, (x, y - size), (x + size * 0.42, boom), (x, boom))
    canvas.polygon(
        inks.tone(0.16), (x - size * 0.05, y - size * 0.86), (x - size * 0.05, boom), (x - size * 0.32, boom)
    )
    canvas.box(inks.ink, left=round(x) - 2, top=y - size, right=round(x), bottom=deck)
    canvas.polygon(
        inks.ink, (x - size * 0.4, deck), (x + size * 0.5, deck), (x + size * 0.34, y), (x - size * 0.28, y)
    )


def tower(canvas: Canvas, inks: Inks, *, x: float, lamp: float, foot: float) -> None:
    """Draw a striped lighthouse whose light burns at the height `lamp`."""
    stripes = 5
    for stripe in range(stripes):
        upper, lower = (lamp + 22 + (foot - lamp - 22) * (stripe + step) / stripes for step in (0, 1))
        wide, wider = (17 + 11 * (stripe + step) / stripes for step in (0, 1))
        colour = inks.accent if stripe % 2 else inks.paper
        canvas.polygon(colour, (x - wide, upper), (x + wide, upper), (x + wider, lower), (x - wider, lower))
    left, right = round(x), round(x)
    canvas.box(inks.ink, left=left - 24, top=lamp + 15, right=right + 24, bottom=lamp + 23)
    canvas.box(inks.ink, left=left - 14, top=lamp - 14, right=right + 14, bottom=lamp + 15)
    canvas.box(
        mix(inks.paper, inks.accent, 0.25), left=left - 10, top=lamp - 10, right=right + 10, bottom=lamp + 12
    )
    canvas.polygon(inks.ink, (x - 18, lamp - 13), (x, lamp - 34), (x + 18, lamp - 13))


def turbine(canvas: Canvas, inks: Inks, *, x: float, foot: float, size: float, turn: float) -> None:
    """Draw a wind turbine; `turn` is the angle of its first blade."""
    hub = foot - size
    canvas.polygon(inks.ink, (x - 1.6, hub), (x + 1.6, hub), (x + 4, foot), (x - 4, foot))
    for blade in range(3):
        angle = turn + blade * math.tau / 3
        along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        points = [(0.02, 0.012), (0.14, 0.034), (0.62, 0.004), (0.62, -0.004), (0.06, -0.014)]
        canvas.polygon(
            inks.ink,
            *(
                (
                    x + size * (far * along[0] + wide * across[0]),
                    hub + size * (far * along[1] + wide * across[1]),
                )
                for far, wide in points
            ),
        )
    canvas.disc(inks.accent, x=x, y=hub, radius=size * 0.035)


def house(
    canvas: Canvas,
    inks: Inks,
    random: Random,
    *,
    depth: float,
    lit: float,
    left: int,
    width: int,
    eaves: float,
) -> None:
    """Draw one gabled house that reaches the lower edge; `lit` is the share of lit windows."""
    eaves += random.uniform(-34, 26)
    wall, roof = inks.tone(depth + random.uniform(-0.05, 0.05)), inks.tone(min(depth + 0.1, 1))
    peak = eaves - width * random.uniform(0.35, 0.7)
    if random.random() < 0.5:
        canvas.box(roof, left=left + width // 5, top=peak + 2, right=left + width // 5 + 9, bottom=eaves)
    canvas.box(wall, left=left, top=eaves, right=left + width, bottom=canvas.height)
    canvas.polygon(roof, (left - 3, eaves), (left + width / 2, peak), (left + width + 3, eaves))
    if lit == 0:
        return
    columns = max(width // 24, 1)
    pitch = width / columns
    for row in range(5):
        for column in range(columns):
            x, y = round(left + pitch * (column + 0.5) - 5), eaves + 14 + row * 30
            colour = mix(inks.accent, inks.paper, 0.35) if random.random() < lit else inks.tone(depth - 0.14)
            canvas.box(colour, left=x, top=round(y), right=x + 10, bottom=round(y) + 15)


def tile(canvas: Canvas, inks: Inks, random: Random, *, left: int, top: int, size: int) -> None:
    """Draw one square of a geometric pattern."""
    tones = [inks.tone(0.95), inks.tone(0.62), inks.tone(0.3), inks.accent, inks.paper]
    back, front, detail = random.sample(tones, 3)
    right, bottom = left + size, top + size
    canvas.box(back, left=left, top=top, right=right, bottom=bottom)
    kind = random.choice(("quarter", "quarter", "half", "disc", "bars"))
    if kind == "disc":
        canvas.disc(front, x=left + size / 2, y=top + size / 2, radius=size * 0.4)
        canvas.disc(detail, x=left + size / 2, y=top + size / 2, radius=size * 0.17)
    elif kind == "bars":
        for step in range(4):
            x = left + step * size // 4
            canvas.box(front, left=x, top=top, right=x + size // 8, bottom=bottom)
    elif kind == "half":
        for y in (top, top + size / 2):
            canvas.arch(front, x=left + size / 2, y=y + size / 2, radius=size / 2)
    else:
        x, y = random.choice((left, right)), random.choice((top, bottom))
        for colour, share in ((front, 1.0), (detail, 0.62), (back, 0.28)):
            canvas.quarter(colour, x=x, y=y, radius=size * share, east=x == left, south=y == top)


def _crest(y: float, *, band: int) -> Edge:
    if band == 0:
        return lambda x: y
    return lambda x: y + band * 0.9 * math.sin(x / (14 + 9 * band) + band * 2)
