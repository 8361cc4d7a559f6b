"""What the illustrations show: each scene composes a few large shapes in one limited palette."""

import math
from collections.abc import Callable
from random import Random

from service.demo import motifs
from service.demo.canvas import Canvas
from service.demo.inks import Inks

Scene = Callable[[Canvas, Inks, Random], None]


def coast(canvas: Canvas, inks: Inks, random: Random) -> None:
    """Draw a low sun, a headland, bands of sea and two sails."""
    horizon = round(canvas.height * random.uniform(0.50, 0.57))
    motifs.sky(canvas, inks, below=horizon)
    side = random.choice((-1, 1))
    sun = canvas.width * (0.5 + side * random.uniform(0.08, 0.22))
    canvas.disc(inks.accent, x=sun, y=horizon - random.uniform(-4, 34), radius=random.uniform(58, 84))
    skyline = motifs.ridge(random, base=horizon - 8, swing=16)
    middle = canvas.width / 2
    canvas.fill(inks.tone(0.34), top=lambda x: skyline(x) + side * 0.16 * (x - middle) + 26)
    canvas.fill(inks.tone(0.62), top=lambda x: skyline(x) + side * 0.26 * (x - middle) + 62)
    motifs.sea(canvas, inks, random, horizon=horizon, light=sun)
    near = random.uniform(78, 108)
    motifs.sail(canvas, inks, x=middle + side * random.uniform(130, 220), y=horizon + 36, size=near * 0.5)
    motifs.sail(canvas, inks, x=middle - side * random.uniform(40, 180), y=horizon + 92, size=near)


def lighthouse(canvas: Canvas, inks: Inks, random: Random) -> None:
    """Draw a striped tower on a headland, with its beams over the sea."""
    horizon = round(canvas.height * 0.66)
    motifs.sky(canvas, inks, below=horizon)
    x = round(canvas.width * random.choice((0.3, 0.7)))
    lamp = canvas.height * random.uniform(0.25, 0.31)
    glow = inks.tone(0.0)
    for reach in (-canvas.width, canvas.width):
        canvas.polygon(glow, (x, lamp - 3), (x + reach, lamp - 74), (x + reach, lamp + 22), (x, lamp + 3))
    motifs.sea(canvas, inks, random, horizon=horizon, light=canvas.width - x)
    skyline = motifs.ridge(random, base=horizon + 6, swing=8)
    canvas.fill(inks.tone(0.95), top=lambda at: skyline(at) + abs(at - x) ** 1.5 / 34)
    motifs.tower(canvas, inks, x=x, lamp=lamp, foot=horizon + 16)


def hills(canvas: Canvas, inks: Inks, random: Random) -> None:
    """Draw five ridges that fade into haze below a sun."""
    motifs.sky(canvas, inks, below=canvas.height * 0.6)
    canvas.disc(
        inks.accent,
        x=canvas.width * random.uniform(0.2, 0.8),
        y=canvas.height * random.uniform(0.28, 0.4),
        radius=random.uniform(46, 72),
    )
    for number in range(5):
        share = number / 4
        base = canvas.height * (0.46 + 0.44 * share)
        canvas.fill(inks.tone(0.2 + 0.76 * share), top=motifs.ridge(random, base=base, swing=26))


def turbines(canvas: Canvas, inks: Inks, random: Random) -> None:
    """Draw wind turbines on rolling hills."""
    motifs.sky(canvas, inks, below=canvas.height * 0.6)
    canvas.disc(inks.accent, x=canvas.width * random.uniform(0.14, 0.26), y=128, radius=56)
    far = motifs.ridge(random, base=canvas.height * 0.62, swing=22)
    canvas.fill(inks.tone(0.26), top=far)
    for place, size in ((0.42, 112), (0.62, 172), (0.85, 138)):
        x = canvas.width * place
        motifs.turbine(canvas, inks, x=x, foot=far(x) + 24, size=size, turn=random.uniform(0, 2))
    for depth, base in ((0.52, 0.76), (0.85, 0.88)):
        canvas.fill(inks.tone(depth), top=motifs.ridge(random, base=canvas.height * base, swing=18))


def town(canvas: Canvas, inks: Inks, random: Random) -> None:
    """Draw three rows of gabled houses under a moon, with some windows lit."""
    canvas.box(inks.tone(0.1), left=0, top=0, right=canvas.width, bottom=canvas.height)
    motifs.sky(canvas, inks, below=canvas.height * 0.7)
    moon, size = canvas.width * random.uniform(0.2, 0.8), random.uniform(36, 50)
    canvas.disc(inks.accent, x=moon, y=84, radius=size)
    for depth, eaves, lit in ((0.3, 0.5, 0.0), (0.58, 0.63, 0.3), (0.94, 0.8, 0.55)):
        x = -random.randrange(50)
        while x < canvas.width:
            width = random.randrange(48, 96)
            motifs.house(
                canvas, inks, random, depth=depth, lit=lit, left=x, width=width, eaves=canvas.height * eaves
            )
            x += width


def shapes(canvas: Canvas, inks: Inks, random: Random) -> None:
    """Draw a grid of arcs, discs and bars."""
    size = 120
    for top in range(0, canvas.height, size):
        for left in range(-40, canvas.width, size):
            motifs.tile(canvas, inks, random, left=left, top=top, size=size)


def orbit(canvas: Canvas, inks: Inks, random: Random) -> None:
    """Draw rings around a bright disc, with planets on them."""
    canvas.box(inks.ink, left=0, top=0, right=canvas.width, bottom=canvas.height)
    for _ in range(70):
        x, y = random.uniform(0, canvas.width), random.uniform(0, canvas.height)
        canvas.disc(inks.tone(0.7), x=x, y=y, radius=random.choice((1, 1.5, 2)))
    x, y = canvas.width * random.uniform(0.28, 0.4), canvas.height * random.uniform(0.46, 0.6)
    for number, radius in enumerate((112, 176, 252, 344, 452)):
        canvas.ring(inks.tone(0.74), x=x, y=y, radius=radius, inner=radius - 2)
        turn, size = random.uniform(-0.62, 0.62), random.uniform(10, 27)
        at_x, at_y = x + (radius - 1) * math.cos(turn), y + (radius - 1) * math.sin(turn)
        canvas.disc(inks.tone(0.14 * (number % 3)), x=at_x, y=at_y, radius=size)
        canvas.disc(inks.tone(0.42), x=at_x + size * 0.2, y=at_y + size * 0.2, radius=size * 0.55)
    canvas.disc(inks.accent, x=x, y=y, radius=64)


SCENES: dict[str, Scene] = {
    "coast": coast,
    "lighthouse": lighthouse,
    "hills": hills,
    "turbines": turbines,
    "town": town,
    "shapes": shapes,
    "orbit": orbit,
}
