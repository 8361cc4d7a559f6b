"""Small newspaper illustrations as PNG files, the same for the same seed on every machine."""

from functools import lru_cache
from random import Random

from service.demo.canvas import Canvas
from service.demo.inks import INKS
from service.demo.scenes import SCENES
from service.errors import NotFound

WIDTH, HEIGHT = 640, 360


@lru_cache(maxsize=128)
def draw_picture(seed: str) -> bytes:
    """Return the picture for a seed such as "coast-fish-soup", whose first word names the scene.

    :raises NotFound: if there is no such scene.
    """
    scene = SCENES.get(seed.partition("-")[0])
    if scene is None:
        raise NotFound(f"There is no scene for a picture called “{seed}”.")
    random = Random(seed)
    inks = random.choice(INKS)
    canvas = Canvas(width=WIDTH, height=HEIGHT, paper=inks.paper)
    scene(canvas, inks, random)
    return canvas.png()
